"""Known holes in what we are built from: `python -m tests.audit`, never a part of CI.

Installs pip-audit (Apache-2.0) in a folder of its own and asks about every version in the lock.
Ends with 0 if there is nothing known, 1 if there is, and 2, saying "not checked", if any package
was not looked up, as where the advisory service cannot be reached.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

LOCK = Path(__file__).parent.parent / ".ci" / "requirements.lock"
CLEAN, FOUND, NOT_CHECKED = 0, 1, 2


def locked(text: str) -> dict[str, str]:
    """Name -> version of all that is installed on a machine like this one."""
    lines = [line.rstrip("\\ ") for line in text.splitlines() if line[:1] not in ("#", " ", "")]
    wanted = [Requirement(line) for line in lines]
    here = [item for item in wanted if item.marker is None or item.marker.evaluate()]
    return {item.name: str(item.specifier).removeprefix("==") for item in here}


def verdict(report: Mapping[str, Any], wanted: Mapping[str, str]) -> tuple[int, list[str]]:
    """How to end, and the lines to print, from pip-audit's JSON report."""
    checked = {
        (item["name"], item["version"]): item["vulns"]
        for item in report["dependencies"]
        if "skip_reason" not in item
    }
    lines = [
        f"{name} {version}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'nothing'}"
        for (name, version), holes in checked.items()
        for hole in holes
    ]
    unknown = [
        f"{name} {version}" for name, version in wanted.items() if (name, version) not in checked
    ]
    counted = f"not checked ({len(unknown)} of {len(wanted)}): "
    missing = [counted + ", ".join(unknown)] if unknown else []
    if lines:
        return FOUND, [*lines, *missing]
    if missing:
        return NOT_CHECKED, missing
    return CLEAN, [f"nothing known about {len(wanted)} packages"]


def ask(folder: Path) -> Mapping[str, Any] | None:
    """pip-audit's report on the lock; None, its words printed, if it came to none."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    report = folder / "report.json"
    options = ["--disable-pip", "--require-hashes", "-f", "json", "-o", str(report)]
    commands: Sequence[Sequence[str]] = (
        ("pip", "install", "--quiet", "--disable-pip-version-check", "pip-audit>=2.9,<3"),
        ("pip_audit", *options, "--progress-spinner", "off", "-r", str(LOCK)),
    )
    for command in commands:
        done = subprocess.run([python, "-m", *command], capture_output=True, text=True)
    if not report.exists():
        print("\n".join(done.stderr.strip().splitlines()[-3:]), file=sys.stderr)
        return None
    return dict(json.loads(report.read_text("utf-8")))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = ask(Path(folder))
    if report is None:
        print("not checked: the advisory service gave no answer")
        return NOT_CHECKED
    code, lines = verdict(report, locked(LOCK.read_text("utf-8")))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())

"""The lock that CI installs: exact, with hashes, and what the requirements ask for."""

import re
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.audit import locked, verdict

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
LOCK = (ROOT / ".ci" / "requirements.lock").read_text("utf-8")
ENTRY = re.compile(r"([\w.-]+)==([\w.+!-]+)(?: ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def asked(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    words = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(word) for word in words if word]


def test_every_package_has_one_version_and_hashes() -> None:
    """Nothing but comments and entries: no address of an index, no other option of pip."""
    rest = ENTRY.sub("", LOCK)
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []
    assert "://" not in LOCK


def test_the_lock_is_what_the_requirements_ask_for() -> None:
    """A requirement that was added or moved without making the lock anew fails here."""
    locked: dict[str, list[str]] = defaultdict(list)
    for name, version, _ in ENTRY.findall(LOCK):
        locked[canonicalize_name(name)].append(version)
    wrong = [
        f"{file}: {requirement}"
        for file in REQUIREMENTS
        for requirement in asked(file)
        if not (found := locked[canonicalize_name(requirement.name)])
        or not all(requirement.specifier.contains(version) for version in found)
    ]
    assert wrong == []


def test_the_audit_calls_only_that_clean_which_was_looked_up() -> None:
    wanted = {"a": "1", "b": "2"}
    hole = {"id": "CVE-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
    a, b = ({"name": n, "version": v, "vulns": []} for n, v in wanted.items())
    skipped = {"name": "b", "skip_reason": "no answer"}
    assert verdict({"dependencies": [a, b]}, wanted) == (0, ["nothing known about 2 packages"])
    assert verdict({"dependencies": [a, skipped]}, wanted) == (2, ["not checked (1 of 2): b 2"])
    assert verdict({"dependencies": []}, {"a": "1"}) == (2, ["not checked (1 of 1): a 1"])
    found = verdict({"dependencies": [{**a, "vulns": [hole]}, b]}, wanted)
    assert found == (1, ["a 1: CVE-1, mended in 1.1"])


def test_the_audit_asks_about_every_package_of_this_machine() -> None:
    gradio = "gradio==" + locked(LOCK)["gradio"]
    assert gradio in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    marked = [name for name, _, _ in ENTRY.findall(LOCK) if name not in locked(LOCK)]
    assert len(marked) < 8 < len(locked(LOCK))  # those of other systems

"""SECURITY.md is true: each threat names a test that exists, and a few that stand nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from comfy.errors import InputError, OutputMissing
from comfy.jobs.labels import public_number
from comfy.media import bounded
from comfy.media.files import Limits
from comfy.media.results import PNG_SIGNATURE
from tests.sources import parsed

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| [A-E] \| (.+?) \| (.+?) \| `(test_\w+)` \|$", re.M)


def rows() -> list[tuple[str, str, str]]:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    table = text.split("<!-- threats -->")[1].split("<!-- /threats -->")[0]
    found = ROW.findall(table)
    assert len(found) == table.count("\n|") - 2, "a row that is not read"
    return [(threat, stopped, test) for threat, stopped, test in found]


def test_each_threat_names_a_test_that_exists() -> None:
    tests = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(rows()) >= 60
    assert [test for _, _, test in rows() if test not in tests] == []
    threats = [threat for threat, _, _ in rows()]
    assert len(set(threats)) == len(threats)


def test_the_page_and_the_api_always_ask() -> None:
    """No call of `submit` from the page or the API leaves out what the person said."""
    wrong = []
    for path in (ROOT / "comfy" / "ui").rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            names = {word.arg for word in node.keywords}
            place = ast.unparse(node.func)
            begins = re.fullmatch(r"(self\.)?_?studio\.(submit|speak)\w*", place)
            if begins and "consent" not in names:
                wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


OPENERS = {"pictures", "sounds", "video", "hints", "thumbnails", "results", "paste_back"}
OURS = {"parts.py"}  # joins results that were opened in the bounded process before
NAMES = {"kind_of", "Hint"}  # open nothing


def test_files_of_strangers_are_opened_in_the_bounded_process_alone() -> None:
    wrong = []
    for folder in ("jobs", "ui"):
        for path in (ROOT / "comfy" / folder).rglob("*.py"):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                    "comfy.media."
                ):
                    names = {alias.name for alias in node.names} - NAMES
                    if names and (node.module or "").rpartition(".")[2] in OPENERS:
                        wrong.append(path.name)
    assert set(wrong) <= OURS


def test_a_published_number_opens_nothing() -> None:
    number = public_number("0f9c1c2e-8a4c-4c55-9d0e-d3a0f8a7b111")
    assert re.fullmatch("[0-9a-f]{32}", number)
    assert number == public_number("0f9c1c2e-8a4c-4c55-9d0e-d3a0f8a7b111")
    assert "0f9c1c2e" not in number


def test_no_log_of_a_container_grows_without_end() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    bounded_log = {"driver": "local", "options": {"max-size": "10m", "max-file": "5"}}
    assert {service["logging"] == bounded_log for service in compose["services"].values()} == {True}


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.mp4", "a.mp3", "a.webp"])
def test_a_bomb_from_a_server_is_not_shown(name: str, tmp_path: Path) -> None:
    """A picture of 3.6 gigapixels in a hundred bytes, under any name."""
    path = tmp_path / name
    header = b"\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0"
    path.write_bytes(PNG_SIGNATURE + header + bytes(200))
    kind = "image" if name[2:] in ("png", "jpg", "webp") else "video"
    with pytest.raises(OutputMissing):
        bounded.make_presentable(path, kind)
    with pytest.raises(InputError):
        bounded.accept_picture(path, tmp_path / "kept", Limits())

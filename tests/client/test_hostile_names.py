"""Names that a server gives its files: data to ask for them with, never a path of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import Response

from comfy.client.http import ComfyClient
from comfy.errors import OutputMissing, StudioError
from comfy.jobs.fetch import fetch, results
from comfy.protocol import FileRef
from tests.app_process import ROOT
from tests.client.scripted import Scripted

PICTURE = (ROOT / "assets" / "icon-192.png").read_bytes()
NAMES = [
    "../../../evil.png",
    "/etc/cron.d/evil.png",
    "..\\..\\evil.png",
    "C:\\evil.png",
    "evil.png\0.png",
    "a" * 5000 + ".png",
    "CON.png",
    "%2e%2e%2fevil.png",
    "evil [output].png",
    "\u202egnp.evil.png",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("subfolder", ["", "../..", "/etc"])
def test_a_name_from_a_server_leads_nowhere(
    server: Scripted, client: ComfyClient, tmp_path: Path, name: str, subfolder: str
) -> None:
    server.answers["view"] = lambda request: Response(PICTURE)
    inside = tmp_path / "outputs" / "job"
    refs = results([FileRef(name, subfolder, "../secret")], "image")
    (output,) = fetch(client, refs, kind="image", folder=inside, name="result")
    assert output.path == inside / "result.png"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [output.path]


@pytest.mark.parametrize(
    "name", ["a.svg", "a.html", "a.png.exe", "a", "", ".png", "a.png/../b", "a.php"]
)
def test_a_file_of_another_kind_is_no_result(name: str) -> None:
    with pytest.raises(OutputMissing):
        results([FileRef(name)], "image")


@pytest.mark.parametrize(
    "body",
    [b"<svg onload=alert(1)>", b"<html>", b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n" + bytes(99)],
)
def test_a_body_of_another_kind_is_not_kept(
    server: Scripted, client: ComfyClient, tmp_path: Path, body: bytes
) -> None:
    server.answers["view"] = lambda request: Response(body, media_type="image/png")
    with pytest.raises(StudioError):
        fetch(client, [FileRef("a.png")], kind="image", folder=tmp_path / "job", name="result")
    assert list(tmp_path.rglob("*")) == []

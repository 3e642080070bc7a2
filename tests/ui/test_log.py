"""Nothing of what a person says, sends or proves who they are with is in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.app_process import ROOT, AppProcess
from tests.ui.people import answer, raw

CANARY = "kanarienvogel"  # in all that is said and sent
KEYFRAME = ROOT / "assets" / "keyframe.jpg"
VOICE = ROOT / "assets" / "voice-en.mp3"


def named(folder: Path, name: str, content: bytes) -> Any:
    """A file to send, with the canary in its name."""
    path = folder / f"{CANARY}-{name}"
    path.write_bytes(content)
    return handle_file(path)


def test_no_word_and_no_file_name_of_a_person_is_in_the_log(
    app: AppProcess, client: Client, tmp_path: Path
) -> None:
    Image.radial_gradient("L").resize((320, 240)).save(tmp_path / "plain.png")
    plain = named(tmp_path, "no-face.png", (tmp_path / "plain.png").read_bytes())
    voice = named(tmp_path, "voice.mp3", VOICE.read_bytes())
    words = {
        "text": f"Say {CANARY} please.",
        "instruction": f"Remove the watermark {CANARY}",
        "prompt": CANARY,
    }
    files = {"image": plain, "reference_audio": voice}
    said = client.predict(**files, **words, consent=True, api_name="/pipeline")[-1]
    steps = [step["status"] for step in said["steps"]]
    assert steps == ["completed", "completed", "failed"]  # there is nobody to speak
    broken = named(tmp_path, "broken.png", CANARY.encode() * 9)
    for arguments in ({"image": broken}, {"image": plain, "instruction": CANARY * 999}):
        with pytest.raises(AppError):
            client.predict(**arguments, api_name="/image_cleanup")
    for value in (
        *(CANARY, [CANARY], {CANARY: 1}, {"path": f"/etc/{CANARY}"}, {"path": {"a": CANARY}}),
        *({"path": f"http://{CANARY}.invalid/a.png"}, {"path": f"http://127.0.0.1:9/{CANARY}"}),
    ):
        assert "error" in answer(app, "image_cleanup", image=value, instruction=CANARY)
    assert "error" in answer(app, "job", job_id=CANARY)
    url = f"{app.url}gradio_api/call/"
    for endpoint in (CANARY, "job"):  # there is none; and a wrong number of values
        begun = requests.post(url + endpoint, json={"data": [CANARY] * 2}, timeout=30)
        if begun.ok:
            requests.get(f"{url}{endpoint}/{begun.json()['event_id']}", timeout=30)
    requests.get(f"{app.url}gradio_api/file={CANARY}?{CANARY}", timeout=10)
    requests.post(f"{app.url}gradio_api/queue/join", data=CANARY, timeout=10)
    requests.post(f"{app.url}gradio_api/queue/join", json={"data": CANARY}, timeout=10)
    log = app.log()
    assert "failed: prompt_failed" in log  # it was written down, with its reason
    assert [line for line in log.splitlines() if CANARY in line.lower()] == []


def test_no_key_to_anything_is_in_the_log(tmp_path: Path) -> None:
    """Two servers that are away, with a token and a password; two accounts, and guest links."""
    app = AppProcess(tmp_path)
    servers = f"http://127.0.0.1:9,http://user:{CANARY}-1@127.0.0.1:9/sub"
    app.start(
        *("--servers", servers, "--tokens", f"{CANARY}-2", "--secret", f"{CANARY}-3"),
        *("--auth", f"ann:{CANARY}-4,bob:{CANARY}-5", "--guests"),
    )
    try:
        for word in (f"{CANARY}-4", f"{CANARY}-guess"):
            form = {"username": "ann", "password": word}
            requests.post(app.url + "login", data=form, timeout=30)
            requests.get(app.url + "config", auth=("bob", word), timeout=30)
        forged = {"studio-pass": f"{CANARY}.x.y"}
        requests.get(f"{app.url}guest/{CANARY}", cookies=forged, timeout=10)
        raw(app).post(app.url + "operator", data={"act": CANARY}, timeout=10)
    finally:
        assert app.stop() == 0
    log = app.log()
    assert "a login failed" in log and "cannot be used now" in log
    assert [line for line in log.splitlines() if CANARY in line] == []

"""The examples in the README do what they say: they are run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from tests.app_process import ROOT, AppProcess

README = (ROOT / "README.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:7860"


def example(language: str, number: int, app: AppProcess) -> str:
    """A code block of the README, for the app of the tests."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)[number].replace(
        ADDRESS, app.url.rstrip("/")
    )


def test_every_endpoint_has_an_example(app: AppProcess) -> None:
    client = Client(app.url, verbose=False)
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    client.close()
    shown = set(re.findall(r'api_name="(/\w+)"', README))
    assert set(named) == shown


def test_the_python_examples_run(app: AppProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(example("python", 0, app), names)
    video, picture, speech, job = names["answer"]
    assert [Path(path).suffix for path in (video, picture, speech)] == [".mp4", ".png", ".mp3"]
    assert job["status"] == "completed"
    exec(example("python", 1, app), names)
    assert Path(names["video"]).suffix == ".mp4"
    assert names["job"]["status"] == "completed"
    names["client"].close()


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_the_curl_example_runs(app: AppProcess) -> None:
    done = subprocess.run(
        ["bash", "-eu", "-c", example("bash", 0, app)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "event: complete" in done.stdout, done.stdout + done.stderr
    assert '"status": "completed"' in done.stdout


@pytest.mark.skipif(
    not find_spec("mcp"), reason="needs gradio[mcp], which brings an older pydantic"
)
def test_the_mcp_example_runs(tmp_path: Path) -> None:
    app = AppProcess(tmp_path)
    app.start("--mcp")
    try:
        told = subprocess.run(
            [sys.executable, "-c", example("python", 2, app) + "print(told)"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        app.stop()
    assert told.returncode == 0, told.stderr
    assert ".png" in told.stdout
    assert "completed" in told.stdout

"""The whole application in its own process, with its embedded engine: `python app.py`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
READY = "Comfy Presenter: "
OURS = ("COMFY_", "STUDIO_", "GRADIO_", "DATABASE_")  # settings of whoever runs the tests
START_SECONDS = 120  # ten or less on a machine that does nothing else


class AppProcess:
    """An app on a free port of this machine, with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []
        self._readers: list[threading.Thread] = []

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """Start it and wait until it says its address."""
        port = ("--port", str(free_port()))
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        self._process = subprocess.Popen(
            [sys.executable, "app.py", *port, "--data", str(self.folder), *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listen(self._process.stderr)
        watchdog = threading.Timer(START_SECONDS, self._process.kill)
        watchdog.start()
        assert self._process.stdout is not None
        # with --mcp Gradio has something to say before us
        line = next((line for line in self._process.stdout if line.startswith(READY)), "")
        watchdog.cancel()
        self._listen(self._process.stdout)
        if not line:
            self.kill()
        assert line, "the app ended, or took too long"
        self.url = line.removeprefix(READY).strip()

    def stop(self) -> int:
        """Stop it as a service manager does. Returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(30)
        self._heard()
        return code

    def log(self) -> str:
        """All that it wrote after its address, and its engine: also what still comes, if it ended.

        What it says is passed on to the standard error of the tests as well.
        """
        engine = self.folder / "engine" / "engine.log"
        return "".join(self._said) + (engine.read_text("utf-8") if engine.exists() else "")

    def _listen(self, stream: IO[str] | None) -> None:
        def read() -> None:
            with stream or nullcontext(()) as lines:
                for line in lines:
                    self._said.append(line)
                    os.write(2, line.encode())

        self._readers.append(threading.Thread(target=read, daemon=True))
        self._readers[-1].start()

    def _heard(self) -> None:
        for reader in self._readers:
            reader.join(10)

    def kill(self) -> None:
        """Stop it by SIGKILL, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)
        self._heard()


def careful_head(folder: Path, seconds: int = 3) -> Path:
    """An operator's folder in which the preview engine takes so much of a speech at once."""
    target = folder / "talking_head"
    target.mkdir()
    for name in ("cpu-preview.json", "cpu-preview.toml"):
        text = (ROOT / "workflows" / "talking_head" / name).read_text("utf-8")
        changed = text.replace("safe_seconds = 0", f"safe_seconds = {seconds}")
        (target / name).write_text(changed, "utf-8")
    return folder


def still_head(folder: Path) -> Path:
    """In that folder also a poor variant, "still": its video has one frame and all of the sound."""
    video = {"images": ["1", 0], "fps": 25.0, "audio": ["2", 0]}
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": ""}},
        "2": {"class_type": "LoadAudio", "inputs": {"audio": ""}},
        "3": {"class_type": "CreateVideo", "inputs": video},
        "4": {
            "class_type": "SaveVideo",
            "inputs": {"video": ["3", 0], "filename_prefix": "", "format": "mp4", "codec": "h264"},
        },
    }
    bindings = """order = 95
quality = "preview"
safe_seconds = 0
bind.image = { node = { class_type = "LoadImage" }, input = "image" }
bind.audio = { node = { class_type = "LoadAudio" }, input = "audio" }
output = { class_type = "SaveVideo" }
"""
    target = folder / "talking_head"
    target.mkdir(exist_ok=True)
    (target / "still.json").write_text(json.dumps(graph), "utf-8")
    (target / "still.toml").write_text(bindings, "utf-8")
    return folder


def model_cleanup(folder: Path, class_type: str = "CPURemoveText") -> Path:
    """In that folder also the cleanup by a node of the engine that is said to be a model."""
    target = folder / "image_cleanup"
    target.mkdir(parents=True, exist_ok=True)
    source = ROOT / "workflows" / "image_cleanup"
    manifest = (source / "cpu-preview.toml").read_text("utf-8")
    graph = (source / "cpu-preview.json").read_text("utf-8")
    manifest = manifest.replace('quality = "preview"', 'quality = "full"')
    if class_type != "CPURemoveText":
        manifest = manifest.partition("[bind.instruction]")[0]
        graph = graph.replace("CPURemoveText", class_type).replace('"去除字幕、水印、文字"', '""')
        graph = graph.replace('["78", 0],\n      "instruction": ""', '["78", 0]')
    (target / "cpu-preview.toml").write_text(manifest, "utf-8")
    (target / "cpu-preview.json").write_text(graph, "utf-8")
    return folder


def second_voice(folder: Path) -> Path:
    """An operator's folder with another variant of the preview engine's voice: "second-voice"."""
    target = folder / "voice_clone"
    target.mkdir()
    for name in ("cpu-preview.json", "cpu-preview.toml"):
        text = (ROOT / "workflows" / "voice_clone" / name).read_text("utf-8")
        changed = text.replace("order = 90", "order = 95")
        (target / name.replace("cpu-preview", "second-voice")).write_text(changed, "utf-8")
    return folder


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

"""The embedded preview engine: a process of its own, found again after a crash of the studio."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from comfy import __version__
from comfy.errors import ServerError

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 30.0
HUNG_SECONDS = 60.0  # it computes in the same process, and may be slow to answer
IDLE_SECONDS = 60  # without a request the engine ends by itself: a killed studio leaves nothing


class EmbeddedEngine:
    """Starts `python -m comfy.engine`, or adopts the one that is still there.

    A prompt that runs while the studio is killed goes on; the next studio finds the engine by
    the file that it wrote into its folder, and the prompt by its id.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._state = folder / "engine.json"
        self._seen = 0.0  # time.monotonic() of its last answer to us

    def ensure(self) -> str:
        """The URL of a living engine. Raises ServerError if none can be started."""
        if found := self._alive():
            self._seen = time.monotonic()
            return found
        if self._is_only_slow():
            raise ServerError("server_unreachable")
        log.info("starting the preview engine")
        self._folder.mkdir(parents=True, exist_ok=True)
        port = self._last_port()  # so that those who wait for it need not look for it
        found = self._start(port) or (self._start(0) if port else "")
        if not found:
            raise ServerError("server_unreachable")
        self._seen = time.monotonic()
        return found

    def stop(self) -> None:
        """End the engine, started or adopted."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
        elif self._alive():
            os.kill(int(self._read_state()["pid"]), signal.SIGTERM)

    def _start(self, port: int) -> str:
        """Start the process and wait for its first answer; "" if it does not come."""
        self._state.unlink(missing_ok=True)
        self._launch(port)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := self._alive():
                return found
            if self._process and self._process.poll() is not None:
                break
            time.sleep(0.05)
        return ""

    def _launch(self, port: int) -> None:
        arguments = ["--folder", str(self._folder.resolve()), "--idle-exit", str(IDLE_SECONDS)]
        with (self._folder / "engine.log").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "comfy.engine", "--port", str(port), *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in a terminal is for the studio, which stops us
            )

    def _is_only_slow(self) -> bool:
        """Whether our own process lives and may answer again; one that hangs is ended."""
        if self._process is None or self._process.poll() is not None:
            return False
        if time.monotonic() - self._seen < HUNG_SECONDS:
            return True
        log.warning("the preview engine hangs and is ended")
        self._process.kill()
        self._process.wait(timeout=10)
        return False

    def _last_port(self) -> int:
        """The port of the engine before, 0 if there was none."""
        try:
            return urlsplit(str(self._read_state()["url"])).port or 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _read_state(self) -> dict[str, Any]:
        state = json.loads(self._state.read_text(encoding="utf-8"))
        return state if isinstance(state, dict) else {}

    def _alive(self) -> str:
        """The URL in the engine's file if an engine of our version answers there, else ""."""
        try:
            url = str(self._read_state()["url"])
            with urllib.request.urlopen(f"{url}/system_stats", timeout=5) as answer:
                stats = json.load(answer)
            version = stats["system"]["comfyui_version"]
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        return url if version == f"preview-engine {__version__}" else ""

"""Being found again, and not staying for ever: how a studio and its engine outlive each other.

A studio that is killed leaves its engine running, so that the prompt in work is not lost. The next
studio finds it by `engine.json`; without a next studio the engine ends by itself.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

LOOK = 1.0  # seconds between two looks


class Presence:
    """Wraps the application and notes when somebody last asked for something."""

    def __init__(self, app: ASGIApp, is_busy: Callable[[], bool]) -> None:
        self._app = app
        self._is_busy = is_busy
        self._open = 0  # requests and sockets now
        self._last = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1
            self._last = time.monotonic()

    def end_when_idle(self, seconds: float) -> None:
        """End this process when nobody asked and nothing ran for so long."""

        def watch() -> None:
            while self._open or self._is_busy() or time.monotonic() - self._last < seconds:
                time.sleep(LOOK)
            signal.raise_signal(signal.SIGTERM)

        threading.Thread(target=watch, name="idle-watch", daemon=True).start()


def announce(folder: Path, url: str) -> None:
    """Write down where this engine listens: `engine.json` with its pid and url."""
    part = folder / ".engine.json"
    part.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="utf-8")
    os.replace(part, folder / "engine.json")

"""A few warm child processes that open files; each does one thing at a time, and may die."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from comfy import errors
from comfy.media.plain import from_plain, to_plain

ROOT = Path(__file__).parent.parent.parent
MOST = max(2, min(4, os.cpu_count() or 2))
CALLS = 500  # of one child; then a fresh one takes its place
PATIENT = 600  # seconds: of calls that may take longer one less runs than there are children,
# so that nobody's picture waits until somebody's long video is written
SLACK = 4  # times the allowed processor time on the clock: the machine may be busy
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}  # each takes address space, of which there is a limit
LONGEST = 64_000_000  # characters of an answer
MINE = {"InputError": errors.InputError, "OutputMissing": errors.OutputMissing}


class Broken(Exception):
    """The file was too much for a child, or is no file that it could read."""


class Workers:
    """At most MOST children; they start when they are needed, and end with this process."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(MOST)
        self._patient = threading.Semaphore(MOST - 1)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        atexit.register(self.close)

    def call(self, name: str, *args: Any, seconds: int = 30, **named: Any) -> Any:
        """The function's value. Raises what it raised, or Broken.

        `seconds` of processor time are allowed, and SLACK times that on the clock.
        """
        whole = [Path(os.path.abspath(a)) if isinstance(a, Path) else a for a in args]
        request = {"call": name, "args": to_plain(whole), "named": named, "seconds": seconds}
        with self._patient if seconds > PATIENT else nullcontext(), self._free:
            child = self._take()
            answer = child.ask(json.dumps(request), seconds * SLACK)
            self._put_back(child)
        return _value(answer)

    def warm(self) -> None:
        """Have one child ready for the first file."""
        self._put_back(self._take())

    def close(self) -> None:
        """End all children that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _take(self) -> _Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Child()

    def _put_back(self, child: _Child) -> None:
        if child.usable:
            with self._lock:
                self._idle.append(child)
        else:
            child.end()


class _Child:
    def __init__(self) -> None:
        self._left = CALLS
        self._alive = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", "comfy.media.child"],
            cwd=ROOT,
            env={name: os.environ[name] for name in KEPT if name in os.environ} | FEW_ARENAS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the app, which ends its children
        )

    @property
    def usable(self) -> bool:
        return self._alive and self._left > 0

    def ask(self, request: str, seconds: float) -> Any:
        """The answer as plain data; None if the child died over it."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        self._left -= 1
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            line = process.stdout.readline(LONGEST)
            answer = json.loads(line) if line.endswith("\n") else None
        except (OSError, ValueError):
            answer = None
        finally:
            watchdog.cancel()
        self._alive = answer is not None
        return answer

    def end(self) -> None:
        process = self._process
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # something was left in it
                continue


def _value(answer: Any) -> Any:
    if not isinstance(answer, dict):
        raise Broken
    if "value" in answer:
        return from_plain(answer["value"])
    if isinstance(about := answer.get("error"), dict):
        found = from_plain(about)
        kind = MINE.get(str(found.get("class")), errors.StudioError)
        raise kind(str(found.get("code")), **dict(found.get("details") or {}))
    if answer.get("system"):
        raise OSError(int(answer["system"]), os.strerror(int(answer["system"])))
    raise Broken

"""Fixtures that every test may use: real engine processes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import requests
from hypothesis import settings

from tests.app_process import AppProcess, second_voice

# CI judges the change, not the dice; time limits are for machines that do nothing else.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).parent.parent
LISTENING = "engine listening on "


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test begin first, or one process ends alone with them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


class EngineProcess:
    """A preview engine in its own process and folder.

    With `faults` it can be broken from outside and has nodes for tests: comfy/engine/faults.py.
    """

    def __init__(
        self, folder: Path, port: int = 0, *, faults: bool = True, log: Path | None = None
    ) -> None:
        """What it says is added to the file `log`, or is seen where the tests are seen."""
        self.folder = folder
        self._log = log
        self._faults = "1" if faults else ""
        self.port = port
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """Start it, on the port it had before if there was one, and wait until it listens."""
        arguments = ["--port", str(self.port), "--folder", str(self.folder), *options]
        if "--parent-pid" not in options:  # no engine outlives its test run, not even a killed one
            arguments += ["--parent-pid", str(os.getpid())]
        with self._log.open("a") if self._log else nullcontext() as log:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "comfy.engine", *arguments],
                cwd=ROOT,
                env={**os.environ, "COMFY_ENGINE_FAULTS": self._faults},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(LISTENING), f"the engine said {line!r}"
        self.url = line.removeprefix(LISTENING).strip()
        self.port = int(self.url.rsplit(":", 1)[1])

    def terminate(self) -> None:
        """Stop it by SIGTERM, as a service manager does."""
        if self._process is not None:
            self._process.terminate()
        self.wait()

    def kill(self) -> None:
        """Stop it by SIGKILL, as the out-of-memory killer does."""
        if self._process is not None:
            self._process.kill()
        self.wait()

    def wait(self, seconds: float = 10) -> None:
        """Wait until the process is gone."""
        if self._process is not None:
            self._process.wait(seconds)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def fault(self, **switches: object) -> None:
        """Switch faults on or off, e.g. fault(drop_socket=True)."""
        requests.post(f"{self.url}/_faults", json=switches, timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path_factory.mktemp("engine"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def engine(shared_engine: EngineProcess) -> EngineProcess:
    """An engine that all tests share, with an empty queue and no faults."""
    shared_engine.fault(clear=True, forget=True)
    return shared_engine


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Callable[..., EngineProcess]]:
    """Start engines of this test's own: `start_engine(*options)`; they end with the test."""
    started: list[EngineProcess] = []

    def start(*options: str, port: int = 0, faults: bool = True) -> EngineProcess:
        process = EngineProcess(tmp_path / f"engine{len(started)}", port, faults=faults)
        started.append(process)
        process.start(*options)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """One app for all tests that need a page or its API."""
    process = AppProcess(tmp_path_factory.mktemp("app"))
    own = str(second_voice(tmp_path_factory.mktemp("own")))
    process.start("--workflows", own, "--warn-minutes", "1")
    yield process
    assert process.stop() == 0

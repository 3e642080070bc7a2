"""A studio of a test's own, on an engine of its own that it reaches through a fault proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comfy.jobs.patience import Patience
from tests.conftest import EngineProcess
from tests.faults.proxy import FaultProxy
from tests.faults.rig import QUICK, Rig, threads, wait_for

# Like QUICK, but a server that goes is noticed, and one that comes back is used.
WATCHFUL = Patience(answer=(0.5, 0.7), away=3.0, stall=2.0, look=0.2, retry=0.1, sweep=0.5)


@pytest.fixture
def proxy(engine: EngineProcess) -> Iterator[FaultProxy]:
    started = FaultProxy(engine.url)
    yield started
    started.close()


@pytest.fixture
def open_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Open a studio: `open_rig(*urls)`; it is closed at the end, and no socket may be left."""
    opened: list[Rig] = []

    def open_one(*urls: str, patience: Patience = QUICK) -> Rig:
        opened.append(Rig(tmp_path, *urls, patience=patience))
        return opened[-1]

    yield open_one
    for rig in opened:
        rig.close()
    wait_for(lambda: not threads(), 15)


@pytest.fixture
def rig(proxy: FaultProxy, open_rig: Callable[..., Rig]) -> Rig:
    opened = open_rig(proxy.url)
    opened.ready()
    return opened

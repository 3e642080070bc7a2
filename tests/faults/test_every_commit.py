"""A sample of all durable writes; the whole: `python -m tests.faults.every_commit`."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EngineProcess
from tests.faults.crash_process import StudioProcesses
from tests.faults.every_commit import commits_of_a_chain, crash_and_restart

SAMPLE = 6


@pytest.fixture(scope="module")
def processes() -> Iterator[StudioProcesses]:
    started = StudioProcesses()
    yield started
    started.close()


def test_a_studio_that_dies_at_a_durable_write_loses_nothing_and_repeats_nothing(
    processes: StudioProcesses, engine: EngineProcess, tmp_path: Path
) -> None:
    count = commits_of_a_chain(processes, engine, tmp_path / "whole")
    chosen = sorted(random.Random(3).sample(range(1, count + 1), SAMPLE))
    assert {
        crash_at: wrong
        for crash_at in chosen
        if (wrong := crash_and_restart(processes, engine, tmp_path / str(crash_at), crash_at))
    } == {}

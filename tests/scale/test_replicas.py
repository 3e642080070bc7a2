"""Several replicas on one database: what one leaves behind, another one finishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comfy.jobs.job import COMPLETED, IN_PROGRESS, Job
from tests.faults.rig import runs
from tests.postgres import needs_postgres
from tests.scale.fleet import Fleet, wait_for


@pytest.fixture
def open_fleet(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    opened: list[Fleet] = []

    def open_one(**how: object) -> Fleet:
        opened.append(Fleet(tmp_path, **how))
        return opened[-1]

    yield open_one
    for fleet in opened:
        fleet.close()


@needs_postgres
def test_the_jobs_of_a_dead_replica_and_a_closing_one_move(
    open_fleet: Callable[..., Fleet],
) -> None:
    fleet = open_fleet(servers=2, replicas=["a", "b"], postgres=True)
    a, b = fleet.replicas.values()

    def job(n: int, part: int) -> Job:
        found = fleet.store.get([*a.ids, *b.ids][n][part])
        assert found
        return found

    a.order(chains=1, nap=2.5, most=1)
    wait_for(lambda: a.ids and job(0, 0).status == job(0, 1).status == IN_PROGRESS)
    assert {job(0, 0).server, job(0, 1).server} == {"1", "2"}  # the branches overlap
    a.kill()
    died = time.monotonic()
    owner = job(0, 0).replica
    wait_for(lambda: all(job(0, n).replica != owner for n in range(3)), 60)
    assert time.monotonic() - died < 40  # about ten where the machine has nothing else to do
    wait_for(lambda: job(0, 2).finished, 30)
    a.start()
    assert a.ready.wait(30)
    b.order(chains=1, nap=2.5, most=1)
    wait_for(lambda: len(b.ids) == 1 and job(1, 0).status == IN_PROGRESS)
    assert b.stop() == 0  # SIGTERM: handed over at once
    wait_for(lambda: job(1, 2).finished, 30)
    for job_id in fleet.promised():
        ended = fleet.store.get(job_id)
        assert (ended.status, ended.error, ended.again) == (COMPLETED, {}, 0)
        assert sum(runs(engine.folder, ended) for engine in fleet.engines) == 1
    last = fleet.store.files.local(job(0, 2).outputs[0].path)
    shared = Path(fleet.options["storage"]) / last.relative_to(fleet.store.folder)
    with Image.open(shared) as result, Image.open(fleet.picture) as source:
        inverted = 255 - np.asarray(source)
        assert np.array_equal(np.asarray(result), np.concatenate([inverted] * 2, axis=1))

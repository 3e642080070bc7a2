"""Where the jobs of a chain run, and what is carried between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from comfy.jobs.job import COMPLETED
from tests.bench.scale import uploaded
from tests.conftest import EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig, wait_for
from tests.scale.replica import chain, prepare


def ended(rig: Rig, ids: list[str]) -> list[str]:
    """The servers of these jobs, when all are done."""
    wait_for(lambda: all(rig.studio.job(job_id).finished for job_id in ids))
    jobs = [rig.studio.job(job_id) for job_id in ids]
    assert {job.status for job in jobs} == {COMPLETED}
    return [job.server for job in jobs]


def span(engine: EngineProcess, prompt_id: str) -> tuple[int, int]:
    """When a server began and ended a prompt, by its own account: milliseconds since the epoch."""
    history = requests.get(f"{engine.url}/history/{prompt_id}", timeout=10).json()
    times = [said["timestamp"] for _, said in history[prompt_id]["status"]["messages"]]
    return min(times), max(times)


def test_the_branches_of_a_chain_run_side_by_side(
    tmp_path: Path, start_engine: Callable[[], EngineProcess]
) -> None:
    engines = [start_engine(), start_engine()]
    picture = prepare(tmp_path)
    rig = Rig(tmp_path, *(engine.url for engine in engines), patience=WATCHFUL)
    try:
        rig.ready()
        ids = chain(rig.studio, picture, 2.0)
        servers = ended(rig, ids)
        assert set(servers[:2]) == {"1", "2"}
        spans = [span(engines[int(s) - 1], i) for s, i in zip(servers, ids, strict=True)]
        (one, _), (other, _), (last, _) = spans
        ends = [end for _, end in spans[:2]]
        assert max(one, other) < min(ends)  # they overlap, and what they are for comes after both
        assert last > max(ends)
    finally:
        rig.close()


def test_a_chain_on_one_server_carries_no_media_between_its_steps(
    tmp_path: Path, engine: EngineProcess
) -> None:
    picture = prepare(tmp_path)
    proxy = FaultProxy(engine.url)
    rig = Rig(tmp_path, proxy.url, patience=WATCHFUL)
    try:
        rig.ready()
        ids = chain(rig.studio, picture, 0.1)
        assert ended(rig, ids) == ["1"] * 3
        given, carried = uploaded(proxy, ids[:2])
        assert given > 1000  # the picture
        assert carried == 0
    finally:
        rig.close()
        proxy.close()

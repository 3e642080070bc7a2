"""How soon deaths are noticed, with the settings of real life: `python -m tests.scale.limits`

Seconds until the jobs of a dead replica are another one's (the goal: 15), until the job of a dead
server begins on another one (20; killed, and frozen so that it accepts and never answers), and
until a job begins elsewhere whose server accepts prompts and starts none (60).
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import requests

from comfy.jobs.job import CANCELLED, IN_PROGRESS, Job
from tests.conftest import EngineProcess
from tests.faults.rig import everything
from tests.postgres import INSTALLED
from tests.scale.fleet import Fleet, wait_for

LONG = 300.0  # seconds of work: no job ends by itself
GOALS = {"replica": 15, "killed": 20, "frozen": 20, "stalled": 60}


def replica(fleet: Fleet) -> list[float]:
    """A replica dies that has three jobs."""
    owner = _ordered(fleet, 3)[0].replica
    dead = next(r for r in fleet.replicas.values() if r.id == owner)
    dead.kill()
    died = time.monotonic()
    wait_for(lambda: all(job.replica != owner for job in fleet.store.unfinished()))
    took = time.monotonic() - died
    dead.start()
    assert dead.ready.wait(60)
    return [took]


def killed(fleet: Fleet) -> list[float]:
    """A server dies: one prompt runs there, and another one waits in the server's own queue."""
    jobs, engine = _on_the_busiest(fleet)
    engine.kill()
    took = _moved(fleet, jobs)
    engine.start()
    return took


def frozen(fleet: Fleet) -> list[float]:
    jobs, engine = _on_the_busiest(fleet)
    os.kill(engine.pid, signal.SIGSTOP)
    took = _moved(fleet, jobs)
    engine.kill()  # it would go on with what is another server's now
    engine.start()
    return took


def _on_the_busiest(fleet: Fleet) -> tuple[list[Job], EngineProcess]:
    """Two jobs on one server, and one on each other."""
    jobs = _ordered(fleet, 4)
    (server, _), *_ = Counter(job.server for job in jobs).most_common()
    return [job for job in jobs if job.server == server], fleet.engines[int(server) - 1]


def stalled(fleet: Fleet) -> list[float]:
    """Measured from when the prompt was sent."""
    fleet.engines[0].fault(dead_worker=True)
    jobs = _ordered(fleet, 3, begun=2)
    took = _moved(fleet, [job for job in jobs if job.server == "1"], 120)
    fleet.engines[0].kill()
    time.sleep(5)  # until it was missed: who comes back is well
    fleet.engines[0].start()
    return took


def _ordered(fleet: Fleet, count: int, begun: int = 3) -> list[Job]:
    """So many jobs, sent to their servers; all of them the first replica's."""
    known = {job.id for job in everything(fleet.store)}
    fleet.replicas["one"].order(naps=count, nap=LONG)

    def mine() -> list[Job]:
        return [job for job in everything(fleet.store) if job.id not in known]

    wait_for(lambda: sum(job.phase in ("queue", "run") for job in mine()) == count)
    wait_for(lambda: sum(job.status == IN_PROGRESS for job in mine()) >= begun)
    return mine()


def _is_idle(url: str) -> bool:
    return not any(requests.get(f"{url}/queue", timeout=10).json().values())


def _moved(fleet: Fleet, jobs: list[Job], limit: float = 90) -> list[float]:
    """For each job the seconds from now until another server has it."""
    began = time.monotonic()
    took: dict[str, float] = {}

    def all_moved() -> bool:
        for job in jobs:
            now = fleet.store.get(job.id)
            if now and now.server != job.server:
                took.setdefault(job.id, time.monotonic() - began)
        return len(took) == len(jobs)

    wait_for(all_moved, limit)
    return list(took.values())


def measure(what: Callable[[Fleet], list[float]], *, times: int, postgres: bool) -> list[float]:
    found: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(
            Path(folder), servers=3, replicas=["one", "two"], postgres=postgres, patient=True
        )
        try:
            for _ in range(times):
                found += what(fleet)
                for job in fleet.store.unfinished():
                    fleet.store.update(job.id, status=CANCELLED)
                wait_for(lambda: all(_is_idle(engine.url) for engine in fleet.engines))
                time.sleep(5)  # until a server that was away is known to be back
        finally:
            fleet.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=list(GOALS))
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--sqlite", action="store_true")
    given = parser.parse_args()
    for name in given.what:
        found = measure(
            {f.__name__: f for f in (replica, killed, frozen, stalled)}[name],
            times=given.times,
            postgres=INSTALLED and not given.sqlite,
        )
        each = ", ".join(f"{seconds:.1f}" for seconds in sorted(found))
        print(f"{name}: {each} s (goal {GOALS[name]})", flush=True)


if __name__ == "__main__":
    main()

"""How jobs scale: `python -m tests.bench.scale`

Throughput with 1, 2 and 4 servers whose work is waiting, as a part of linear; the seconds that the
whole path adds to a job, from submit to result, on SQLite and PostgreSQL; the bytes of media that
a chain moves through us when both steps run on one server.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

import sqlalchemy as sa

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.tables import JOBS
from tests.conftest import EngineProcess
from tests.faults.proxy import FaultProxy
from tests.faults.rig import STEADY, Rig, everything
from tests.postgres import INSTALLED
from tests.scale.fleet import Fleet, wait_for
from tests.scale.replica import chain, prepare

NAP = 1.0  # seconds of work of a job in the measurement of throughput
SHORT = 0.2  # in that of added time


def jobs_done(folder: Path, *, servers: int, jobs: int, nap: float, postgres: bool) -> list[Job]:
    """Naps given at once to one replica, when all have ended; one before them warms it up."""
    fleet = Fleet(folder, servers=servers, replicas=["one"], postgres=postgres, patient=True)
    try:
        replica = fleet.replicas["one"]
        replica.order(naps=1, nap=nap)
        wait_for(lambda: _ended(fleet, 1))
        replica.order(naps=jobs, nap=nap)
        wait_for(lambda: _ended(fleet, jobs + 1), 600)
        return sorted(everything(fleet.store), key=lambda job: job.created)[1:]
    finally:
        fleet.close()


def _ended(fleet: Fleet, jobs: int) -> bool:
    """Looked at without a lock and in one query, so as not to be what is measured."""
    done = sa.select(sa.func.count()).where(JOBS.c.status == COMPLETED)
    return bool(fleet.store.database.read(lambda c: c.execute(done).scalar_one()) == jobs)


def wall(jobs: Sequence[Job]) -> float:
    """Seconds from the first submit to the last result."""
    return max(job.ended for job in jobs) - min(job.created for job in jobs)


def throughput(postgres: bool) -> None:
    base = 0.0
    print("servers | jobs | jobs/s | of linear")
    for servers in (1, 2, 4):
        with tempfile.TemporaryDirectory() as folder:
            count = 24 * servers
            done = jobs_done(Path(folder), servers=servers, jobs=count, nap=NAP, postgres=postgres)
        rate = count / wall(done)
        base = base or rate
        print(f"{servers} | {count} | {rate:.2f} | {rate / base / servers:.3f}", flush=True)


def added(postgres: bool) -> None:
    """Over the time that four servers need for the work alone."""
    for count in (1, 10, 100):
        with tempfile.TemporaryDirectory() as folder:
            done = jobs_done(Path(folder), servers=4, jobs=count, nap=SHORT, postgres=postgres)
        rounds = -(-count // 4)
        extra = (wall(done) - rounds * SHORT) / rounds
        name = "PostgreSQL" if postgres else "SQLite"
        print(f"{name} | {count} | {1000 * extra:.0f} ms", flush=True)


def bytes_moved() -> int:
    """Media bytes through us between the steps of a chain on one server."""
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess(Path(folder) / "engine")
        engine.start()
        proxy = FaultProxy(engine.url)
        picture = prepare(Path(folder) / "rig")
        rig = Rig(Path(folder) / "rig", proxy.url, patience=STEADY)
        try:
            rig.ready()
            *branches, last = chain(rig.studio, picture, 0.1)
            wait_for(lambda: rig.studio.job(last).finished)
            given, carried = uploaded(proxy, branches)
            fetched = sum(e.path == "/view" for e in proxy.exchanges)
            print(f"given: {given} bytes; results fetched for the page: {fetched}")
            print(f"carried between the steps: {carried} bytes", flush=True)
        finally:
            rig.close()
            proxy.close()
            engine.kill()
    return carried


def uploaded(proxy: FaultProxy, branches: Collection[str]) -> tuple[int, int]:
    """Bytes of the uploads to a server until it had the prompts of these jobs, and after that."""
    begun = max(n for n, e in enumerate(proxy.exchanges) if e.prompt_id in branches)
    sizes = [e.carried if e.path.startswith("/upload/") else 0 for e in proxy.exchanges]
    return sum(sizes[:begun]), sum(sizes[begun:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["throughput", "added", "bytes"])
    given = parser.parse_args()
    if "throughput" in given.what:
        throughput(postgres=INSTALLED)
    if "added" in given.what:
        print("database | jobs at once | added per job and server")
        for postgres in (False, True) if INSTALLED else (False,):
            added(postgres)
    if "bytes" in given.what:
        bytes_moved()


if __name__ == "__main__":
    main()

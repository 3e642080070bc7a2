"""How jobs scale: `python -m tests.bench.scale`

Throughput with 1, 2 and 4 servers whose work is waiting, as a part of linear; the seconds that the
whole path adds to a job, from submit to result, on SQLite and PostgreSQL; the bytes of media that
a chain moves through us when both steps run on one server.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.tables import JOBS
from tests.faults.proxy import FaultProxy
from tests.faults.rig import STEADY, Rig, everything
from tests.postgres import INSTALLED
from tests.scale.fleet import Fleet, wait_for

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
    """Media bytes through us between the two steps of a chain on one server."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder), servers=1, replicas=[], postgres=False)
        proxy = FaultProxy(fleet.engines[0].url)
        moved: list[str] = []
        proxy.before(lambda method, path: moved.append(f"{method} {path.split('?')[0]}"))
        rig = Rig(Path(folder) / "rig", proxy.url, patience=STEADY)
        try:
            rig.ready()
            first, second = rig.chain()
            rig.finished(second)
            uploads = moved.count("POST /upload/image")
            assert rig.now(first).server == rig.now(second).server
            print(
                f"uploads: {uploads} (the given picture), results fetched for the page: "
                f"{moved.count('GET /view')}; carried between the steps: {uploads - 1}"
            )
        finally:
            rig.close()
            proxy.close()
            fleet.close()
    return uploads - 1


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

"""How jobs scale: `python -m tests.bench.scale`

Throughput with 1, 2 and 4 servers whose work is waiting, as a part of linear; the seconds that the
whole path adds to a job, from submit to result, on SQLite and PostgreSQL; the bytes of media that
a chain moves through us when both steps run on one server; what the choice of a server costs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.jobs.estimate import MOST_RUNS
from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.leases import Able, Leases
from comfy.jobs.line import look
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES, SERVERS, to_row
from comfy.workflow.pace import Pace
from tests.conftest import EngineProcess
from tests.faults.proxy import FaultProxy
from tests.faults.rig import STEADY, Rig, everything
from tests.postgres import INSTALLED
from tests.scale.fleet import Fleet, wait_for
from tests.scale.replica import chain, prepare

NAP = 1.0  # seconds of work of a job in the measurement of throughput
SHORT = 0.2  # in that of added time
KIND = "talking_head/model"


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


def choices(servers: int) -> tuple[float, float]:
    """Milliseconds of one core for a look at the line, and for a choice among so many servers of
    which half are full, with everything measured, and a quarter as many jobs in line."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/studio.sqlite", Path(folder))
        leases, names = Leases(store), [str(number) for number in range(servers)]
        me = a_job(created=1.0, phase="line", owner="me")
        store.add(me)
        store.database.write(lambda c: _fill(c, names, store.folder))
        able = [Able(n, KIND, size=2.0, guess=Pace("windows", 70.0, 35.0)) for n in names]
        looked = _milliseconds(lambda: store.database.read(look), 10)  # those who wait share it
        chosen = [_milliseconds(lambda: leases.take(me, able, lambda *_: names), 1)]
        for _ in range(3):  # the first one fitted the paces, which are remembered
            leases.release(me.id)
            chosen.append(_milliseconds(lambda: leases.take(me, able, lambda *_: names), 1))
        store.close()
    return looked, min(chosen)


def _fill(connection: sa.Connection, names: Sequence[str], folder: Path) -> None:
    runs = {kind: [[1.0, 40.0 + n, 0] for n in range(MOST_RUNS)] for kind in (KIND, "a/b", "c/d")}
    known = [{"name": n, "drained": False, "warm": KIND, "seconds": runs} for n in names]
    connection.execute(sa.insert(SERVERS), known)
    holders = [names[number // 2] for number in range(len(names))]  # two on each of the first half
    for server in (*holders, *[""] * (len(names) // 4)):
        job = a_job(created=2.0, phase="" if server else "line", owner=uuid.uuid4().hex)
        connection.execute(sa.insert(JOBS).values(to_row(job, folder)))
        if server:
            connection.execute(sa.insert(LEASES).values(job=job.id, server=server, granted=1.0))


def a_job(**fields: Any) -> Job:
    return Job(id=str(uuid.uuid4()), task="talking_head", values={}, **fields)


def _milliseconds(what: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        what()
    return 1000 * (time.process_time() - began) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["throughput", "added", "bytes", "choice"])
    given = parser.parse_args()
    if "throughput" in given.what:
        throughput(postgres=INSTALLED)
    if "added" in given.what:
        print("database | jobs at once | added per job and server")
        for postgres in (False, True) if INSTALLED else (False,):
            added(postgres)
    if "bytes" in given.what:
        bytes_moved()
    if "choice" in given.what:
        print("servers | ms of one core for a look | for a choice")
        for servers in (20, 200, 2000):
            looked, chosen = choices(servers)
            print(f"{servers} | {looked:.1f} | {chosen:.1f}", flush=True)


if __name__ == "__main__":
    main()

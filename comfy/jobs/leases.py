"""Leases: which job may use which server now. The backlog stays with us, not on the servers."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import sqlalchemy as sa

from comfy.jobs.choice import WORK, Candidate, choose, in_turn
from comfy.jobs.job import COMPLETED, FINISHED, WAITING, Job
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES, SERVERS

PER_SERVER = 2  # one prompt runs, one waits in the server's own queue: no gap between them
NEW_WEIGHT = 0.3  # of the newest measurement in the running mean


@dataclass(frozen=True)
class Able:
    """A server that could run a job. `kind` is the task and variant; `move` seconds for files."""

    name: str
    kind: str = ""
    order: int = 0
    weight: float = 1.0
    move: float = 0.0


@dataclass(frozen=True)
class Known:
    """What all replicas know of a server. `seconds`: running means, by "warm" or "cold" kind."""

    drained: bool = False
    warm: str = ""
    seconds: Mapping[str, float] | None = None

    def work(self, kind: str) -> float | None:
        """Seconds of such a job with warm models; None if it never ran here."""
        seconds = self.seconds or {}
        return seconds.get(f"warm {kind}", seconds.get(f"cold {kind}"))

    def load(self, kind: str) -> float | None:
        """Seconds to load its models before; None if that cannot be told yet."""
        seconds = self.seconds or {}
        warm, cold = seconds.get(f"warm {kind}"), seconds.get(f"cold {kind}")
        if self.warm == kind:
            return 0.0
        return None if warm is None or cold is None else max(0.0, cold - warm)


def expected(kind: str, server: str, known: Mapping[str, Known]) -> tuple[float, float]:
    """Seconds to load and to work: measured here, else the mean of the other servers.

    Where nobody knows, loading is taken to cost nothing: so servers are tried, and then known.
    """
    here = known.get(server, Known())
    works = [seconds for k in known.values() if (seconds := k.work(kind)) is not None]
    loads = [seconds for k in known.values() if (seconds := replace(k, warm="").load(kind))]
    work, load = here.work(kind), here.load(kind)
    return (
        (fmean(loads) if loads else 0.0) if load is None else load,
        (fmean(works) if works else WORK) if work is None else work,
    )


class Leases:
    """Hands out servers to waiting jobs, in turn."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, job: Job, servers: Sequence[Able], rivals: Collection[str]) -> str:
        """The server this job holds or gets now, or "" while it has to wait.

        `servers`: those that can run it; `rivals`: the tasks that one of them can run. Asking
        again gives the same lease, so a crash after the grant costs nothing.
        """

        def is_hopeless(connection: sa.Connection) -> bool:
            held = sa.select(LEASES.c.job).where(LEASES.c.job == job.id)
            if connection.execute(held).first():
                return False
            return _before(connection, job, rivals) >= _room(servers, _leased(connection))

        if self._store.database.read(is_hopeless):  # most who wait: they need no lock for that
            return ""

        def grant(connection: sa.Connection) -> str:
            held = connection.execute(sa.select(LEASES.c.server).where(LEASES.c.job == job.id))
            if server := held.scalar():
                return str(server)
            known = _known(connection)
            open_ = [able for able in servers if not known.get(able.name, Known()).drained]
            leased = _leased(connection)
            if _before(connection, job, rivals) >= _room(open_, leased):
                return ""
            now = time.time()
            candidates = [_candidate(able, known, leased.get(able.name, []), now) for able in open_]
            name = choose(candidates, waited=now - job.created)
            if name:
                kind = next(able.kind for able in open_ if able.name == name)
                _grant(connection, job.id, name, kind, known.get(name), now)
            return name

        return self._store.database.write(grant)

    def place(self, job: Job, rivals: Collection[str]) -> int:
        """How many jobs that want the same servers are before this one in the line."""
        return self._store.database.read(lambda connection: _before(connection, job, rivals))

    def release(self, job_id: str) -> None:
        """Give the server back, and learn how long the job took. Without a lease: nothing."""

        def free(connection: sa.Connection) -> None:
            lease = connection.execute(LEASES.select().where(LEASES.c.job == job_id)).first()
            if lease is None:
                return
            job = connection.execute(JOBS.select().where(JOBS.c.id == job_id)).first()
            if job and job.status == COMPLETED and job.started and job.server == lease.server:
                _learn(connection, lease, job.ended - job.started)
            connection.execute(sa.delete(LEASES).where(LEASES.c.job == job_id))

        self._store.database.write(free)
        self._store.notify()

    def reap(self) -> int:
        """Free the leases of jobs that have finished; a crash between the two left them."""
        done = sa.select(JOBS.c.id).where(JOBS.c.status.in_(FINISHED))
        statement = sa.delete(LEASES).where(LEASES.c.job.in_(done))
        freed = self._store.database.write(lambda c: c.execute(statement).rowcount)
        if freed:
            self._store.notify()
        return freed

    def known(self) -> dict[str, Known]:
        """What is known of each server, by name."""
        return self._store.database.read(_known)

    def drain(self, server: str, drained: bool) -> None:
        """Give this server no more jobs, in all replicas; or give it jobs again."""

        def change(connection: sa.Connection) -> None:
            _write_server(connection, server, drained=drained)

        self._store.database.write(change)
        self._store.notify()


def _room(servers: Sequence[Able], leased: Mapping[str, Sequence[Any]]) -> int:
    """How many more jobs these servers take now."""
    return sum(max(0, PER_SERVER - len(leased.get(able.name, ()))) for able in servers)


def _candidate(
    able: Able, known: Mapping[str, Known], leases: Sequence[Any], now: float
) -> Candidate:
    load, work = expected(able.kind, able.name, known)
    return Candidate(
        able.name,
        able.order,
        able.weight,
        ahead=sum(_left(lease, known, now) for lease in leases),
        load=load,
        move=able.move,
        work=work,
        full=len(leases) >= PER_SERVER,
    )


def _left(lease: Any, known: Mapping[str, Known], now: float) -> float:
    """Seconds that a job with a lease will still take; one that is late is taken for half done."""
    load, work = expected(lease.kind, lease.server, known)
    if not lease.started:
        return work if lease.warm else load + work
    gone = now - float(lease.started)
    return work - gone if gone < work else work / 2


def _grant(
    connection: sa.Connection, job: str, name: str, kind: str, known: Known | None, now: float
) -> None:
    warm = bool(known and known.warm == kind)
    row = {"job": job, "server": name, "granted": now, "kind": kind, "warm": int(warm)}
    connection.execute(sa.insert(LEASES).values(row))
    if not warm:
        _write_server(connection, name, warm=kind)


def _learn(connection: sa.Connection, lease: Any, seconds: float) -> None:
    known = _known(connection).get(lease.server, Known())
    key = f"{'warm' if lease.warm else 'cold'} {lease.kind}"
    means = dict(known.seconds or {})
    means[key] = means.get(key, seconds) * (1 - NEW_WEIGHT) + seconds * NEW_WEIGHT
    _write_server(connection, lease.server, seconds=means)


def _write_server(connection: sa.Connection, name: str, **changes: Any) -> None:
    statement = sa.update(SERVERS).where(SERVERS.c.name == name).values(changes)
    if not connection.execute(statement).rowcount:
        row = {"drained": False, "warm": "", "seconds": {}, **changes}
        connection.execute(sa.insert(SERVERS).values(name=name, **row))


def _known(connection: sa.Connection) -> dict[str, Known]:
    rows = connection.execute(sa.select(SERVERS))
    return {row.name: Known(row.drained, row.warm, row.seconds) for row in rows}


def _leased(connection: sa.Connection) -> dict[str, list[Any]]:
    columns = (LEASES.c.server, LEASES.c.kind, LEASES.c.warm, JOBS.c.started, JOBS.c.owner)
    query = sa.select(*columns).select_from(LEASES.outerjoin(JOBS, JOBS.c.id == LEASES.c.job))
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(str(row.server), []).append(row)
    return found


def _before(connection: sa.Connection, job: Job, rivals: Collection[str]) -> int:
    columns = (JOBS.c.id, JOBS.c.owner, JOBS.c.priority)
    query = sa.select(*columns).where(_in_line(rivals))
    rows = connection.execute(query.order_by(JOBS.c.created))
    waiting = [(str(row.id), str(row.owner), int(row.priority)) for row in rows]
    if job.id not in {waiting_id for waiting_id, _, _ in waiting}:
        return _older(connection, job, rivals)
    running = sa.select(JOBS.c.owner).join(LEASES, LEASES.c.job == JOBS.c.id)
    turns = in_turn(waiting, [str(owner) for (owner,) in connection.execute(running)])
    order = sorted(turns, key=lambda waiting_id: turns[waiting_id])  # stable: the older one first
    return order.index(job.id)


def _older(connection: sa.Connection, job: Job, rivals: Collection[str]) -> int:
    """For a job that has not joined the line yet."""
    query = sa.select(sa.func.count()).where(_in_line(rivals), JOBS.c.created < job.created)
    return int(connection.execute(query).scalar_one())


def _in_line(rivals: Collection[str]) -> sa.ColumnElement[bool]:
    """Who got a server a moment ago still says that it is in line."""
    return sa.and_(
        JOBS.c.status == WAITING,
        JOBS.c.phase == "line",
        JOBS.c.task.in_(rivals),
        JOBS.c.id.not_in(sa.select(LEASES.c.job)),
    )

"""Leases: which job may use which server now. The backlog stays with us, not on the servers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from comfy.jobs.choice import Candidate, choose, in_turn
from comfy.jobs.estimate import Past
from comfy.jobs.job import COMPLETED, FINISHED, WAITING, Job
from comfy.jobs.speeds import Known, pace_at, read_runs, with_run
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES, SERVERS
from comfy.workflow.pace import Pace

PER_SERVER = 2  # one prompt runs, one waits in the server's own queue: no gap between them

Rivals = Callable[[str, str, str], Collection[str]]
"""Names of the servers that can run a task with a wished variant ("": any) for what is given."""


@dataclass(frozen=True)
class Able:
    """A server that could run a job. `kind` is the task and variant; `move` seconds for files;
    `size` how much work it is, in the units of the variant's `guess`; `fits`: no more sound than
    that variant takes at once."""

    name: str
    kind: str = ""
    order: int = 0
    weight: float = 1.0
    move: float = 0.0
    size: float = 1.0
    guess: Pace = Pace()  # frozen
    fits: bool = True


@dataclass(frozen=True)
class Line:
    """One look at everything: rows of `leased` jobs by server, and of those `waiting` in line, the
    oldest first."""

    known: Mapping[str, Known]
    leased: Mapping[str, Sequence[Any]]
    waiting: Sequence[Any]


class Leases:
    """Hands out servers to waiting jobs, in turn."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._freed = threading.Condition()  # apart from the store's: few changes free a server
        self._news = 0

    def take(self, job: Job, servers: Sequence[Able], rivals: Rivals) -> str:
        """The server this job holds or gets now, or "" while it has to wait.

        `servers`: those that can run it; `rivals`: which ones other jobs could take. Asking again
        gives the same lease, so a crash after the grant costs nothing.
        """

        def is_hopeless(connection: sa.Connection) -> bool:
            held = sa.select(LEASES.c.job).where(LEASES.c.job == job.id)
            if connection.execute(held).first():
                return False
            before = _before(connection, job, servers, rivals)
            return not _left_over(servers, before, _leased(connection))

        if self._store.database.read(is_hopeless):  # most who wait: they need no lock for that
            return ""

        def grant(connection: sa.Connection) -> str:
            held = connection.execute(sa.select(LEASES.c.server).where(LEASES.c.job == job.id))
            if server := held.scalar():
                return str(server)
            known = _known(connection)
            open_ = [able for able in servers if not known.get(able.name, Known()).drained]
            leased = _leased(connection)
            if not _left_over(open_, _before(connection, job, open_, rivals), leased):
                return ""
            now = time.time()
            candidates = [_candidate(able, known, leased.get(able.name, []), now) for able in open_]
            name = choose(candidates, waited=now - job.created)
            if name:
                _grant(connection, job.id, next(a for a in open_ if a.name == name), known, now)
            return name

        return self._store.database.write(grant)

    def place(self, job: Job, servers: Sequence[Able], rivals: Rivals) -> int:
        """How many jobs that want the same servers are before this one in the line."""
        before = self._store.database.read(lambda c: _before(c, job, servers, rivals))
        return sum(before.values())

    def expected(self, servers: Sequence[Able]) -> float:
        """Seconds that a job will take with the best variant that these have, models loaded, where
        it is quickest: see choice.choose."""
        known = self.known()
        best = min((able.order for able in servers), default=0)
        paces = [(a, pace_at(a.name, a.kind, a.guess, known)) for a in servers if a.order == best]
        return min((pace.seconds(able.size) for able, pace in paces), default=0.0)

    def drained(self) -> frozenset[str]:
        """Names of the servers that get no more jobs."""
        query = sa.select(SERVERS.c.name).where(SERVERS.c.drained)
        return frozenset(self._store.database.read(lambda c: c.execute(query).scalars().all()))

    def line(self) -> Line:
        def look(connection: sa.Connection) -> Line:
            columns = (*_TURN, JOBS.c.expected)
            waiting = connection.execute(
                sa.select(*columns).where(_IN_LINE).order_by(JOBS.c.created)
            )
            return Line(_known(connection), _leased(connection), waiting.all())

        return self._store.database.read(look)

    def release(self, job_id: str) -> None:
        """Give the server back, and learn how long the job took. Without a lease: nothing.

        One that was begun anew is no measure: its models may have been loaded twice, or not at all.
        """

        def free(connection: sa.Connection) -> None:
            lease = connection.execute(LEASES.select().where(LEASES.c.job == job_id)).first()
            if lease is None:
                return
            job = connection.execute(JOBS.select().where(JOBS.c.id == job_id)).first()
            ended = job is not None and job.status == COMPLETED and job.server == lease.server
            if job and ended and job.started and not job.again:
                run = Past(lease.size, job.ended - job.started, cold=not lease.warm)
                before = _known(connection).get(lease.server, Known()).runs
                runs = with_run(before, lease.kind, run)
                _write_server(connection, lease.server, seconds=runs)
            connection.execute(sa.delete(LEASES).where(LEASES.c.job == job_id))

        self._store.database.write(free)
        self.notify()

    def reap(self, busy: Collection[str] = ()) -> int:
        """Free the leases of jobs that have finished, and may be deleted; a crash left them. Those
        of `busy` jobs are given back by who works on them, perhaps to stop."""
        unfinished = sa.select(JOBS.c.id).where(JOBS.c.status.not_in(FINISHED))
        statement = sa.delete(LEASES).where(LEASES.c.job.not_in(unfinished))
        statement = statement.where(LEASES.c.job.not_in(busy))
        freed = self._store.database.write(lambda c: c.execute(statement).rowcount)
        if freed:
            self.notify()
        return freed

    def notify(self) -> None:
        """Wake every thread in `wait`."""
        with self._freed:
            self._news += 1
            self._freed.notify_all()

    @property
    def news(self) -> int:
        """How often `notify` was called: to be read before one looks, see `wait`."""
        return self._news

    def wait(self, seconds: float, news: int) -> None:
        """Sleep until this process gave a server back, or for this long: see Store.wait.

        Not at all if that happened after `news` was read: else a server that became free while
        its next job was looking stood idle until the next look.
        """
        with self._freed:
            self._freed.wait_for(lambda: self._news != news, seconds)

    def known(self) -> dict[str, Known]:
        """What is known of each server, by name."""
        return self._store.database.read(_known)

    def drain(self, server: str, drained: bool) -> None:
        """Give this server no more jobs, in all replicas; or give it jobs again."""

        def change(connection: sa.Connection) -> None:
            _write_server(connection, server, drained=drained)

        self._store.database.write(change)
        self.notify()


def fitting(servers: Sequence[Able]) -> list[Able]:
    """Those that take the job's sound at once; all if none does, as its cuts are made by then."""
    return [able for able in servers if able.fits] or list(servers)


def _left_over(
    servers: Sequence[Able],
    before: Mapping[frozenset[str], int],
    leased: Mapping[str, Sequence[Any]],
) -> bool:
    """Whether there is room at these servers after all that the jobs before could take of it.

    Jobs before that wait for other servers, or for a full one, are not in the way.
    """

    def room(names: Collection[str]) -> int:
        return sum(max(0, PER_SERVER - len(leased.get(name, ()))) for name in names)

    taken = sum(min(count, room(names)) for names, count in before.items())
    return taken < room([able.name for able in servers])


def _candidate(
    able: Able, known: Mapping[str, Known], leases: Sequence[Any], now: float
) -> Candidate:
    pace = pace_at(able.name, able.kind, able.guess, known)
    warm = known.get(able.name, Known()).warm == able.kind
    return Candidate(
        able.name,
        able.order,
        able.weight,
        ahead=sum(left(lease.expected, lease.started, now) for lease in leases),
        load=0.0 if warm else pace.load,
        move=able.move,
        work=pace.seconds(able.size),
        full=len(leases) >= PER_SERVER,
    )


def left(expected: float, started: float, now: float) -> float:
    """Seconds that a job with a lease will still take; one that is late is taken for half done."""
    if not started:
        return expected
    gone = now - started
    return expected - gone if gone < expected else expected / 2


def _grant(
    connection: sa.Connection, job: str, able: Able, known: Mapping[str, Known], now: float
) -> None:
    warm = known.get(able.name, Known()).warm == able.kind
    row = {"job": job, "server": able.name, "granted": now, "kind": able.kind, "warm": int(warm)}
    connection.execute(sa.insert(LEASES).values(**row, size=able.size))
    pace = pace_at(able.name, able.kind, able.guess, known)
    expected = pace.seconds(able.size, cold=not warm)
    connection.execute(sa.update(JOBS).where(JOBS.c.id == job).values(expected=expected))
    if not warm:
        _write_server(connection, able.name, warm=able.kind)


def _write_server(connection: sa.Connection, name: str, **changes: Any) -> None:
    statement = sa.update(SERVERS).where(SERVERS.c.name == name).values(changes)
    if not connection.execute(statement).rowcount:
        row = {"drained": False, "warm": "", "seconds": {}, **changes}
        connection.execute(sa.insert(SERVERS).values(name=name, **row))


def _known(connection: sa.Connection) -> dict[str, Known]:
    rows = connection.execute(sa.select(SERVERS))
    return {row.name: Known(row.drained, row.warm, read_runs(row.seconds)) for row in rows}


def _leased(connection: sa.Connection) -> dict[str, list[Any]]:
    columns = (LEASES.c.server, JOBS.c.owner)
    times = (sa.func.coalesce(column, 0.0).label(column.name) for column in _TIMES)
    query = sa.select(*columns, *times).select_from(
        LEASES.outerjoin(JOBS, JOBS.c.id == LEASES.c.job)
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(str(row.server), []).append(row)
    return found


def _before(
    connection: sa.Connection, job: Job, servers: Sequence[Able], rivals: Rivals
) -> Counter[frozenset[str]]:
    """How many jobs in the line before this one could take which of its servers."""
    query = sa.select(*_TURN).where(_IN_LINE).order_by(JOBS.c.created)
    rows = {str(row.id): row for row in connection.execute(query)}
    mine = frozenset(able.name for able in servers)
    shared = {kind: mine & frozenset(rivals(*kind)) for kind in {_kind(r) for r in rows.values()}}
    rows = {job_id: row for job_id, row in rows.items() if shared[_kind(row)] or job_id == job.id}
    if job.id in rows:
        running = sa.select(JOBS.c.owner).join(LEASES, LEASES.c.job == JOBS.c.id)
        owners = [str(owner) for (owner,) in connection.execute(running)]
        waiting = [(str(r.id), str(r.owner), int(r.priority)) for r in rows.values()]
        turns = in_turn(waiting, owners)
        order = sorted(turns, key=lambda waiting_id: turns[waiting_id])  # stable: the older first
        before = order[: order.index(job.id)]
    else:  # it has not joined the line yet
        before = [job_id for job_id, row in rows.items() if row.created < job.created]
    return Counter(shared[_kind(rows[job_id])] for job_id in before)


def _kind(row: Any) -> tuple[str, str, str]:
    return str(row.task), str(row.wish), str(row.given)


_TIMES = (JOBS.c.started, JOBS.c.expected)
_TURN = (
    *(JOBS.c.id, JOBS.c.owner, JOBS.c.priority, JOBS.c.created),
    *(JOBS.c.task, JOBS.c.wish, JOBS.c.given),
)
# Who got a server a moment ago still says that it is in line.
_IN_LINE = sa.and_(
    JOBS.c.status == WAITING,
    JOBS.c.phase == "line",
    JOBS.c.id.not_in(sa.select(LEASES.c.job)),
)

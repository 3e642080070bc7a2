"""Leases: which job may use which server now. The backlog stays with us, not on the servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from comfy.jobs.choice import Candidate, choose
from comfy.jobs.estimate import Past
from comfy.jobs.job import COMPLETED, FINISHED, Job
from comfy.jobs.line import PER_SERVER, Line, Rivals, known_servers, look
from comfy.jobs.speeds import Known, pace_at, with_run
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES, SERVERS
from comfy.workflow.pace import Pace


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


FRESH = 0.25  # seconds that those who wait share one look at the line


class Leases:
    """Hands out servers to waiting jobs, in turn."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._freed = threading.Condition()  # apart from the store's: few changes free a server
        self._news = 0
        self._looking = threading.Lock()
        self._seen: tuple[Line, float, int] | None = None  # when, and after how much news

    def take(self, job: Job, servers: Sequence[Able], rivals: Rivals) -> str:
        """The server this job holds or gets now, or "" while it has to wait.

        `servers`: those that can run it; `rivals`: which ones other jobs could take. Asking again
        gives the same lease, so a crash after the grant costs nothing. It takes the lock that all
        share: who waits looks at the `line` before.
        """

        def grant(connection: sa.Connection) -> str:
            held = connection.execute(sa.select(LEASES.c.server).where(LEASES.c.job == job.id))
            if server := held.scalar():
                return str(server)
            line = look(connection)
            if not line.lets_in(job, [able.name for able in servers], rivals):
                return ""
            now, drained = time.time(), line.drained
            open_ = [able for able in servers if able.name not in drained]
            candidates = [_candidate(able, line, now) for able in open_]
            name = choose(candidates, waited=now - job.created)
            if name:
                able = next(able for able in open_ if able.name == name)
                _grant(connection, job.id, able, line.known, now)
            return name

        server = self._store.database.write(grant)
        self._seen = None
        return server

    def line(self) -> Line:
        """How it was not long ago, and after all that this process did."""
        with self._looking:
            now, news, seen = time.monotonic(), self._news, self._seen
            if seen is None or now - seen[1] > FRESH or seen[2] != news:
                seen = self._store.database.read(look), now, news
                self._seen = seen
            return seen[0]

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
                before = known_servers(connection).get(lease.server, Known()).runs
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
        return self._store.database.read(known_servers)

    def drain(self, server: str, drained: bool) -> None:
        """Give this server no more jobs, in all replicas; or give it jobs again."""

        def change(connection: sa.Connection) -> None:
            _write_server(connection, server, drained=drained)

        self._store.database.write(change)
        self.notify()


def fitting(servers: Sequence[Able]) -> list[Able]:
    """Those that take the job's sound at once; all if none does, as its cuts are made by then."""
    return [able for able in servers if able.fits] or list(servers)


def expected(servers: Sequence[Able], known: Mapping[str, Known]) -> float:
    """Seconds that a job will take with the best variant that these have, where it is quickest:
    see choice.choose."""
    best = min((able.order for able in servers), default=0)
    paces = [(a, pace_at(a.name, a.kind, a.guess, known)) for a in servers if a.order == best]
    return min(
        (
            pace.seconds(able.size, cold=known.get(able.name, Known()).warm != able.kind)
            for able, pace in paces
        ),
        default=0.0,
    )


def _candidate(able: Able, line: Line, now: float) -> Candidate:
    leases = line.leased.get(able.name, ())
    pace = pace_at(able.name, able.kind, able.guess, line.known)
    warm = line.known.get(able.name, Known()).warm == able.kind
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

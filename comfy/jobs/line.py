"""The line: who waits for a server, and who holds one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from comfy.jobs.choice import in_turn
from comfy.jobs.job import WAITING, Job
from comfy.jobs.speeds import Known, read_runs
from comfy.jobs.tables import JOBS, LEASES, SERVERS

PER_SERVER = 2  # one prompt runs, one waits in the server's own queue: no gap between them

Rivals = Callable[[str, str, str], Collection[str]]
"""Names of the servers that can run a task with a wished variant ("": any) for what is given."""


@dataclass(frozen=True)
class Line:
    """One look at everything: rows of `leased` jobs by server, and of those `waiting` in line, the
    oldest first. Threads may share it, so that a thousand jobs that wait cost little more than
    one: what it worked out for some servers it keeps."""

    known: Mapping[str, Known]
    leased: Mapping[str, Sequence[Any]]
    waiting: Sequence[Any]
    _turns: dict[tuple[frozenset[str], Rivals], _Turns] = field(default_factory=dict, compare=False)

    @property
    def drained(self) -> frozenset[str]:
        """Names of the servers that get no more jobs."""
        return frozenset(name for name, known in self.known.items() if known.drained)

    def holds(self, job: Job) -> bool:
        """Whether the job has a server, as it may after a restart."""
        return any(lease.job == job.id for leases in self.leased.values() for lease in leases)

    def place(self, job: Job, servers: Collection[str], rivals: Rivals) -> int:
        """How many jobs that want the same servers are before this one."""
        return len(self._at(frozenset(servers), rivals).before(job))

    def lets_in(self, job: Job, servers: Collection[str], rivals: Rivals) -> bool:
        """Whether the job holds a server, or there is room at these after all that the jobs before
        could take of it.

        Jobs before that wait for other servers, or for a full one, are not in the way.
        """
        if self.holds(job):
            return True
        names = frozenset(servers) - self.drained
        before = Counter(self._at(names, rivals).before(job))
        taken = sum(min(count, self._room(shared)) for shared, count in before.items())
        return taken < self._room(names)

    def _room(self, names: Collection[str]) -> int:
        return sum(max(0, PER_SERVER - len(self.leased.get(name, ()))) for name in names)

    def _at(self, mine: frozenset[str], rivals: Rivals) -> _Turns:
        """The turns of the jobs that could take any of these servers."""
        if (mine, rivals) not in self._turns:
            kinds = {str(row.id): _kind(row) for row in self.waiting}
            shared = {kind: mine & frozenset(rivals(*kind)) for kind in set(kinds.values())}
            rows = {str(row.id): row for row in self.waiting}
            could = {job_id: shared[kind] for job_id, kind in kinds.items() if shared[kind]}
            owners = [str(run.owner) for runs in self.leased.values() for run in runs if run.owner]
            waiting = [(i, str(rows[i].owner), int(rows[i].priority)) for i in could]
            turns = in_turn(waiting, owners)
            order = sorted(turns, key=lambda job_id: turns[job_id])  # stable: older first
            self._turns[mine, rivals] = _Turns(
                {job_id: place for place, job_id in enumerate(order)},
                [could[job_id] for job_id in order],
                [float(rows[job_id].created) for job_id in could],
                list(could.values()),
            )
        return self._turns[mine, rivals]


@dataclass(frozen=True)
class _Turns:
    """`in_turn` and `by_age` say of each job which of the servers it could take."""

    places: Mapping[str, int]
    in_turn: Sequence[frozenset[str]]
    created: Sequence[float]
    by_age: Sequence[frozenset[str]]

    def before(self, job: Job) -> Sequence[frozenset[str]]:
        """Of the jobs before this one; of the older ones while it has not joined the line."""
        if job.id in self.places:
            return self.in_turn[: self.places[job.id]]
        return self.by_age[: bisect_left(self.created, job.created)]


def look(connection: sa.Connection) -> Line:
    """The line as it is now."""
    return Line(known_servers(connection), _leased(connection), _waiting(connection))


def known_servers(connection: sa.Connection) -> dict[str, Known]:
    """What is known of each server, by name."""
    runs = sa.cast(SERVERS.c.seconds, sa.Text)
    rows = connection.execute(sa.select(SERVERS.c.name, SERVERS.c.drained, SERVERS.c.warm, runs))
    return {name: Known(drained, warm, read_runs(text)) for name, drained, warm, text in rows}


def _leased(connection: sa.Connection) -> dict[str, list[Any]]:
    times = (JOBS.c.started, JOBS.c.expected)
    filled = (sa.func.coalesce(column, 0.0).label(column.name) for column in times)
    columns = (LEASES.c.job, LEASES.c.server, JOBS.c.owner, *filled)
    holders = LEASES.outerjoin(JOBS, JOBS.c.id == LEASES.c.job)  # one may have been deleted
    found: dict[str, list[Any]] = {}
    for row in connection.execute(sa.select(*columns).select_from(holders)):
        found.setdefault(str(row.server), []).append(row)
    return found


def _waiting(connection: sa.Connection) -> Sequence[Any]:
    turn = (JOBS.c.id, JOBS.c.owner, JOBS.c.priority, JOBS.c.created)
    kind = (JOBS.c.task, JOBS.c.wish, JOBS.c.given, JOBS.c.expected)
    query = sa.select(*turn, *kind).where(_IN_LINE).order_by(JOBS.c.created)
    return connection.execute(query).all()


def _kind(row: Any) -> tuple[str, str, str]:
    return str(row.task), str(row.wish), str(row.given)


# Who got a server a moment ago still says that it is in line.
_IN_LINE = sa.and_(
    JOBS.c.status == WAITING,
    JOBS.c.phase == "line",
    JOBS.c.id.not_in(sa.select(LEASES.c.job)),
)

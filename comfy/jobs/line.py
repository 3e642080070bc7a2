"""The line: who waits for a server, and who holds one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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
    oldest first."""

    known: Mapping[str, Known]
    leased: Mapping[str, Sequence[Any]]
    waiting: Sequence[Any]

    @property
    def drained(self) -> frozenset[str]:
        """Names of the servers that get no more jobs."""
        return frozenset(name for name, known in self.known.items() if known.drained)

    def place(self, job: Job, servers: Collection[str], rivals: Rivals) -> int:
        """How many jobs that want the same servers are before this one."""
        return sum(self._before(job, frozenset(servers), rivals).values())

    def lets_in(self, job: Job, servers: Collection[str], rivals: Rivals) -> bool:
        """Whether the job holds a server, or there is room at these after all that the jobs before
        could take of it.

        Jobs before that wait for other servers, or for a full one, are not in the way.
        """
        if any(lease.job == job.id for leases in self.leased.values() for lease in leases):
            return True
        names = frozenset(servers) - self.drained
        before = self._before(job, names, rivals)
        taken = sum(min(count, self._room(shared)) for shared, count in before.items())
        return taken < self._room(names)

    def _room(self, names: Collection[str]) -> int:
        return sum(max(0, PER_SERVER - len(self.leased.get(name, ()))) for name in names)

    def _before(self, job: Job, mine: frozenset[str], rivals: Rivals) -> Counter[frozenset[str]]:
        """How many jobs before this one could take which of its servers."""
        kinds = {_kind(row) for row in self.waiting}
        shared = {kind: mine & frozenset(rivals(*kind)) for kind in kinds}
        rows = {str(row.id): row for row in self.waiting if shared[_kind(row)] or row.id == job.id}
        if job.id in rows:
            owners = [str(run.owner) for runs in self.leased.values() for run in runs if run.owner]
            waiting = [(str(r.id), str(r.owner), int(r.priority)) for r in rows.values()]
            turns = in_turn(waiting, owners)
            order = sorted(turns, key=lambda waiting_id: turns[waiting_id])  # stable: older first
            before = order[: order.index(job.id)]
        else:  # it has not joined the line yet
            before = [job_id for job_id, row in rows.items() if row.created < job.created]
        return Counter(shared[_kind(rows[job_id])] for job_id in before)


def look(connection: sa.Connection) -> Line:
    """The line as it is now."""
    return Line(known_servers(connection), _leased(connection), _waiting(connection))


def known_servers(connection: sa.Connection) -> dict[str, Known]:
    """What is known of each server, by name."""
    rows = connection.execute(sa.select(SERVERS))
    return {row.name: Known(row.drained, row.warm, read_runs(row.seconds)) for row in rows}


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

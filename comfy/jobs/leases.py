"""Leases: which job may use which server now. The backlog stays with us, not on the servers."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from comfy.jobs.job import FINISHED, WAITING, Job
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES

PER_SERVER = 2  # one prompt runs, one waits in the server's own queue: no gap between them


class Leases:
    """Hands out servers to waiting jobs, the oldest job first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, job: Job, servers: Sequence[str], rivals: Collection[str]) -> str:
        """The server this job holds or gets now, or "" while it has to wait.

        `servers`: those that can run it, best first; `rivals`: the tasks that one of them can run.
        Asking again gives the same lease, so a crash after the grant costs nothing.
        """
        with self._store.transaction() as connection:
            held = connection.execute(sa.select(LEASES.c.server).where(LEASES.c.job == job.id))
            if server := held.scalar():
                return str(server)
            counts = _counts(connection)
            free = [name for name in servers if counts.get(name, 0) < PER_SERVER]
            room = sum(PER_SERVER - counts.get(name, 0) for name in free)
            if _before(connection, job, rivals) >= room:
                return ""
            server = min(free, key=lambda name: (counts.get(name, 0), servers.index(name)))
            row = {"job": job.id, "server": server, "granted": time.time()}
            connection.execute(sa.insert(LEASES).values(row))
        return server

    def place(self, job: Job, rivals: Collection[str]) -> int:
        """How many jobs that want the same servers are before this one in the line."""
        with self._store.reading() as connection:
            return _before(connection, job, rivals)

    def release(self, job_id: str) -> None:
        """Give the server back. Without a lease nothing happens."""
        with self._store.transaction() as connection:
            connection.execute(sa.delete(LEASES).where(LEASES.c.job == job_id))
        self._store.notify()

    def reap(self) -> int:
        """Free the leases of jobs that have finished; a crash between the two left them."""
        done = sa.select(JOBS.c.id).where(JOBS.c.status.in_(FINISHED))
        with self._store.transaction() as connection:
            statement = sa.delete(LEASES).where(LEASES.c.job.in_(done))
            freed = connection.execute(statement).rowcount
        if freed:
            self._store.notify()
        return freed


def _counts(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(LEASES.c.server, sa.func.count()).group_by(LEASES.c.server)
    return {str(server): int(count) for server, count in connection.execute(query)}


def _before(connection: sa.Connection, job: Job, rivals: Collection[str]) -> int:
    query = sa.select(sa.func.count()).where(
        JOBS.c.status == WAITING,
        JOBS.c.phase == "line",
        JOBS.c.task.in_(rivals),
        JOBS.c.created < job.created,
    )
    return int(connection.execute(query).scalar_one())

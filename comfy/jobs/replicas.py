"""Who is alive: the replicas' heartbeats, and the jobs of those whose heart stopped."""

from __future__ import annotations

import os
import socket
import time

import sqlalchemy as sa

from comfy.jobs.job import FINISHED
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, REPLICAS

CLEARLY = 4  # jobs; a hand-over costs half a second
AT_ONCE = 50  # orphans that one replica takes up per look, so that all of them get a share


class Replicas:
    """Beats for this replica and watches the others. Called by one thread.

    Another one is dead when its count has stood still for `dead_after` seconds of this process's
    own clock, while this process looked the whole time: after a database that was away, or a
    laptop that slept, all counts are old and nobody is dead.
    """

    def __init__(self, store: Store, me: str, *, dead_after: float) -> None:
        self._store, self._me, self._dead_after = store, me, dead_after
        self._name = f"{socket.gethostname()}-{os.getpid()}"[:128]
        self._beats = 0
        self._seen: dict[str, tuple[int, float]] = {}  # id -> its count, and when it became that
        self._looked = 0.0

    def beat(self) -> None:
        """Say that this replica lives."""
        self._beats += 1
        row = {"name": self._name, "beats": self._beats}

        def upsert(connection: sa.Connection) -> None:
            mine = sa.update(REPLICAS).where(REPLICAS.c.id == self._me).values(row)
            if not connection.execute(mine).rowcount:
                connection.execute(sa.insert(REPLICAS).values(id=self._me, **row))

        self._store.database.write(upsert)

    def leave(self) -> None:
        """Hand over: without a heart at all, its jobs are taken up by the others at once."""
        statement = sa.delete(REPLICAS).where(REPLICAS.c.id == self._me)
        self._store.database.write(lambda connection: connection.execute(statement))

    def orphans(self) -> list[str]:
        """Unfinished jobs that nobody alive drives; from now on they are this replica's."""
        dead = self._dead()

        def adopt(connection: sa.Connection) -> list[str]:
            connection.execute(sa.delete(REPLICAS).where(REPLICAS.c.id.in_(dead)))
            alone = (
                sa.select(JOBS.c.id)
                .where(JOBS.c.status.not_in(FINISHED))
                .where(JOBS.c.replica.not_in(sa.select(REPLICAS.c.id)))
                .order_by(JOBS.c.created)
                .limit(AT_ONCE)
            )
            found = [str(job_id) for (job_id,) in connection.execute(alone)]
            if found:
                taken = sa.update(JOBS).where(JOBS.c.id.in_(found)).values(replica=self._me)
                connection.execute(taken)
            return found

        return self._store.database.write(adopt)

    def least_busy(self) -> str:
        """Who should drive a new job: this replica, unless another one has clearly less to do."""
        count = sa.func.count(JOBS.c.id)
        mine = sa.and_(JOBS.c.replica == REPLICAS.c.id, JOBS.c.status.not_in(FINISHED))
        query = sa.select(REPLICAS.c.id, count).outerjoin(JOBS, mine).group_by(REPLICAS.c.id)
        rows = self._store.database.read(lambda c: c.execute(query).all())
        busy = {str(replica): int(jobs) for replica, jobs in rows}
        if len(busy) < 2 or self._me not in busy:
            return self._me
        best = min(busy, key=lambda replica: busy[replica])
        return best if busy[self._me] - busy[best] >= CLEARLY else self._me

    def _dead(self) -> list[str]:
        now = time.monotonic()
        if now - self._looked > self._dead_after / 2:  # this process was away itself
            self._seen.clear()
        self._looked = now
        rows = self._store.database.read(lambda c: c.execute(sa.select(REPLICAS)).all())
        counts = {str(row.id): int(row.beats) for row in rows if row.id != self._me}
        seen = {i: self._seen.get(i, (-1, now)) for i in counts}
        self._seen = {i: seen[i] if seen[i][0] == n else (n, now) for i, n in counts.items()}
        return [i for i, (_, since) in self._seen.items() if now - since > self._dead_after]

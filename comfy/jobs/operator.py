"""What an operator sees and does: jobs of everybody, replicas, and what is known of servers.

It needs only the database, so it works from any process beside the replicas.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from comfy.jobs.endings import Endings
from comfy.jobs.job import CANCELLED, FAILED, FINISHED, WAITING, Job, Link
from comfy.jobs.leases import Leases
from comfy.jobs.speeds import Known
from comfy.jobs.store import Store
from comfy.jobs.tables import JOBS, LEASES, REPLICAS

MOST = 50  # jobs in a list
ENDED_BADLY = (FAILED, CANCELLED)


@dataclass(frozen=True)
class Overview:
    """One look. `counts`: (status, task) -> jobs; `replicas`: the name of each that lives -> jobs
    that it drives; `busy`: server -> jobs that hold it."""

    counts: dict[tuple[str, str], int]
    unfinished: Sequence[Job]
    failed: Sequence[Job]
    replicas: dict[str, int]
    servers: dict[str, Known]
    busy: dict[str, int]


class Operator:
    """Looks at everything, and changes what an operator may change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._leases, self._endings = Leases(store), Endings(store)

    def look(self, *, most: int = MOST) -> Overview:
        """Newest failures first, unfinished jobs oldest first; at most `most` of each."""
        mine = sa.and_(JOBS.c.replica == REPLICAS.c.id, JOBS.c.status.not_in(FINISHED))
        drivers = sa.select(REPLICAS.c.name, sa.func.count(JOBS.c.id)).outerjoin(JOBS, mine)
        holders = sa.select(LEASES.c.server, sa.func.count()).group_by(LEASES.c.server)
        return Overview(
            self.counts(),
            self._store.unfinished(most),
            self._store.failed(most),
            self._numbers(drivers.group_by(REPLICAS.c.id, REPLICAS.c.name)),
            self._leases.known(),
            self._numbers(holders),
        )

    def _numbers(self, query: sa.Select[tuple[Any, int]]) -> dict[str, int]:
        rows = self._store.database.read(lambda c: c.execute(query).all())
        return {str(name): int(number) for name, number in rows}

    def counts(self) -> dict[tuple[str, str], int]:
        query = sa.select(JOBS.c.status, JOBS.c.task, sa.func.count())
        query = query.group_by(JOBS.c.status, JOBS.c.task)
        rows = self._store.database.read(lambda c: c.execute(query).all())
        return {(str(status), str(task)): int(count) for status, task, count in rows}

    def cancel(self, job_id: str) -> bool:
        """False if it had finished. Its replica notices within a second. See Endings.cancel."""
        return self._endings.cancel(job_id)

    def retry(self, job_id: str) -> Job | None:
        """Do a failed or cancelled job once more, as a new job of the same person.

        Of one that is made of parts only those run again that did not succeed; None if one is gone.
        Instead of a part its whole is done once more: nobody else waits for what it makes.
        """
        job = self._store.get(job_id)
        if job is None or job.status not in ENDED_BADLY:
            return None
        if job.whole:
            return self.retry(job.whole)
        made = [self._store.get(link.job) for link in job.parts]
        parts = [part for part in made if part]
        if len(parts) != len(made):
            return None
        new_id = str(uuid.uuid4())
        once_more = [
            self._again(part, whole=new_id) if part.status in ENDED_BADLY else part
            for part in parts
        ]
        links = tuple(Link(part.id) for part in once_more)
        return self._again(job, id=new_id, asked=True, parts=links)

    def _again(self, job: Job, **fields: Any) -> Job:
        again = Job(
            id=str(uuid.uuid4()),
            task=job.task,
            owner=job.owner,
            values=job.values,
            fingerprint=job.fingerprint,
            status=WAITING,
            created=time.time(),
            origin=job.origin,
            consent=job.consent,
            priority=job.priority,
            wish=job.wish,
            given=job.given,
            uncut=job.uncut,
        ).changed(**fields)
        self._store.add(again)  # without a replica: one that lives takes it up
        return again

    def prefer(self, job_id: str, priority: int) -> bool:
        """Let a waiting job go before those with a lower number. False if it had finished."""
        return self._store.update(job_id, priority=priority)

    def drain(self, server: str, drained: bool) -> None:
        """Give this server no more jobs; or give it jobs again."""
        self._leases.drain(server, drained)

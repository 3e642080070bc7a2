"""Guest links: who may come without an account, for how long, and how much of what they may do.

They are rows of a table, so that every replica knows of a link, and of its end, at once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.errors import InputError
from comfy.jobs.job import CANCELLED, FAILED, REMEDY, Job, Link
from comfy.jobs.store import Store
from comfy.jobs.tables import GUEST_USES, GUESTS, JOBS
from comfy.media.bounded import sound_seconds

DAY = 86_400.0  # seconds
PREFIX = "guest:"  # of the `origin` of a job that came by a link
ID_BYTES = 12
VIDEO = "talking_head"  # the task whose seconds are counted
SPOKEN = ("audio", "second_audio")  # one after the other


@dataclass(frozen=True)
class GuestLink:
    """One link; times are seconds since the epoch, 0 for never.

    `tasks` are those that may be started, all if there are none; `jobs_a_day` and `video_seconds`
    (over the link's whole life) are 0 for no limit. All people with the same link share them.
    """

    id: str
    name: str
    tasks: Sequence[str] = ()
    jobs_a_day: int = 0
    video_seconds: int = 0
    created: float = 0.0
    expires: float = 0.0
    revoked: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.revoked and (not self.expires or time.time() < self.expires)


class Guests:
    """Makes, finds and ends guest links, and says whether one more job is within their limits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        name: str,
        *,
        days: float,
        tasks: Sequence[str] = (),
        jobs_a_day: int = 0,
        video_seconds: int = 0,
    ) -> GuestLink:
        now = time.time()
        expires = now + days * DAY if days else 0.0
        link = GuestLink(
            secrets.token_hex(ID_BYTES),  # typed after `revoke`: it must not begin with a dash
            name,
            tuple(tasks),
            jobs_a_day,
            video_seconds,
            now,
            expires,
        )
        with self._store.transaction() as connection:
            row = {**asdict(link), "tasks": list(link.tasks)}
            connection.execute(sa.insert(GUESTS).values(row))
        return link

    def find(self, link_id: str) -> GuestLink | None:
        found = self._select(GUESTS.select().where(GUESTS.c.id == link_id))
        return found[0] if found else None

    def all(self) -> list[GuestLink]:
        """Newest first."""
        return self._select(GUESTS.select().order_by(GUESTS.c.created.desc()))

    def revoke(self, link_id: str) -> bool:
        """End a link now. False if there is no such link, or it was ended before."""
        statement = (
            sa.update(GUESTS)
            .where(GUESTS.c.id == link_id, GUESTS.c.revoked == 0)
            .values(revoked=time.time())
        )
        with self._store.transaction() as connection:
            return bool(connection.execute(statement).rowcount == 1)

    def used(self, link_id: str) -> tuple[int, float]:
        """Jobs of the last 24 hours, and seconds of video since the link was made."""
        return self._store.database.read(lambda connection: _used(connection, link_id))

    def check(self, origin: str, tasks: Sequence[str]) -> None:
        """Raise InputError if a link does not allow all of these jobs; count nothing."""
        if origin.startswith(PREFIX):
            link_id = origin.removeprefix(PREFIX)
            self._store.database.read(lambda connection: _check(connection, link_id, tasks))

    def reserve(self, job: Job) -> None:
        """Count a new job for the link that it came by, or raise InputError."""
        if not job.origin.startswith(PREFIX):
            return
        with self._store.transaction() as connection:
            link = _check(connection, job.origin.removeprefix(PREFIX), [job.task])
            row = {"job": job.id, "link": link.id, "at": time.time(), "seconds": 0.0}
            connection.execute(sa.insert(GUEST_USES).values(row))

    def release(self, job: Job) -> None:
        """A job that was reserved was not stored after all."""
        if job.origin.startswith(PREFIX):
            with self._store.transaction() as connection:
                connection.execute(sa.delete(GUEST_USES).where(GUEST_USES.c.job == job.id))

    def charge(self, job: Job) -> None:
        """Count the seconds of a job's video as soon as its sound is there.

        Raises InputError if that is more than its link has left.
        """
        if not job.origin.startswith(PREFIX) or job.task != VIDEO or REMEDY in job.values:
            return
        seconds = sum(self._seconds(job, sound) for sound in SPOKEN)
        with self._store.transaction() as connection:
            row = (
                connection.execute(
                    GUESTS.select().where(GUESTS.c.id == job.origin.removeprefix(PREFIX))
                )
                .mappings()
                .one()
            )
            link = _from_row(row)  # one that is over by now: the job was accepted before
            mine = GUEST_USES.c.job == job.id
            connection.execute(sa.update(GUEST_USES).where(mine).values(seconds=0.0))
            _check_seconds(link, _used(connection, link.id)[1], seconds)
            connection.execute(sa.update(GUEST_USES).where(mine).values(seconds=seconds))

    def _seconds(self, job: Job, name: str) -> float:
        sound = job.values.get(name)
        if isinstance(sound, Link):
            linked = self._store.get(sound.job)
            sound = linked.outputs[0].path if linked and linked.outputs else None
        return sound_seconds(self._store.files.local(sound)) if isinstance(sound, Path) else 0.0

    def _select(self, query: sa.Select[Any]) -> list[GuestLink]:
        rows = self._store.database.read(lambda c: c.execute(query).mappings().all())
        return [_from_row(row) for row in rows]


def _good_link(connection: sa.Connection, link_id: str) -> GuestLink:
    row = connection.execute(GUESTS.select().where(GUESTS.c.id == link_id)).mappings().first()
    if row is None or not (link := _from_row(row)).is_good:
        raise InputError("guest_over")
    return link


def _check(connection: sa.Connection, link_id: str, tasks: Sequence[str]) -> GuestLink:
    link = _good_link(connection, link_id)
    for task in tasks:
        if link.tasks and task not in link.tasks:
            raise InputError("guest_task", task=task)
    today, spent = _used(connection, link.id)
    if link.jobs_a_day and today + len(tasks) > link.jobs_a_day:
        raise InputError("guest_jobs", limit=link.jobs_a_day)
    if VIDEO in tasks:
        _check_seconds(link, spent, 0.0)
    return link


def _used(connection: sa.Connection, link_id: str) -> tuple[int, float]:
    """A job that failed or was cancelled made no video; one that was deleted did."""
    mine = GUEST_USES.c.link == link_id
    today = sa.select(sa.func.count()).where(mine, GUEST_USES.c.at > time.time() - DAY)
    made = GUEST_USES.outerjoin(JOBS, JOBS.c.id == GUEST_USES.c.job)
    ended = sa.func.coalesce(JOBS.c.status, "").in_({FAILED, CANCELLED})
    total = sa.func.coalesce(sa.func.sum(GUEST_USES.c.seconds), 0.0)
    spent = sa.select(total).select_from(made).where(mine, ~ended)
    return (
        int(connection.execute(today).scalar_one()),
        float(connection.execute(spent).scalar_one()),
    )


def _check_seconds(link: GuestLink, spent: float, seconds: float) -> None:
    left = link.video_seconds - spent
    if link.video_seconds and (left <= 0 or seconds > left):
        raise InputError("guest_seconds", limit=link.video_seconds, left=max(0, int(left)))


def _from_row(row: Mapping[Any, Any]) -> GuestLink:
    return GuestLink(**{**row, "tasks": tuple(row["tasks"])})

"""The store: every job, in SQLite (write-ahead log) or PostgreSQL. The only shared state."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.errors import InputError
from comfy.jobs.database import Database
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, FINISHED, Job
from comfy.jobs.storage import Storage
from comfy.jobs.tables import JOBS, META, VOICES, add_missing_columns, from_row, to_columns, to_row

SHARING = 3  # times as many unfinished jobs as one person may come from one address
BATCH = "batch"  # a job's task that no server can do: see comfy.jobs.batch
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FILE = re.compile(r'"path": "([^"]+)"')
MOST_PIECES = 500  # parts of a person among which takes are looked for


class Store:
    """Reads and writes jobs. A finished job never changes: the guard is in the UPDATE itself."""

    def __init__(self, url: str, folder: Path, storage: str = "") -> None:
        """`folder` is the data folder: the paths in a row are relative to it."""
        self.folder = folder.resolve()
        self.files = Storage(self.folder, storage)
        self.database = Database(url)
        with self.transaction() as connection:
            META.create_all(connection)
            add_missing_columns(connection)
        self._changed = threading.Condition()

    def close(self) -> None:
        self.database.close()

    def add(self, job: Job, *, limit: int = 0, once: bool = False) -> str:
        """Store a new job and give its id; "", and nothing stored, if its owner has `limit`
        unfinished ones. `once`: if one of these does exactly the same, nothing but that one's id.

        An address may have more, as several people may share it, but not without end: anybody can
        say that they are somebody else.
        """

        def insert(connection: sa.Connection) -> str:
            if _exists(connection, job.id):  # the answer to the first try was lost
                return job.id
            if once and (twin := _unfinished_twin(connection, job)):
                return twin
            if limit and _unfinished(connection, job.owner) >= limit:
                return ""
            if limit and job.origin and _of_origin(connection, job.origin) >= SHARING * limit:
                return ""
            if once:
                self.check_files((*job.values.values(), *job.uncut.values()))
            connection.execute(sa.insert(JOBS).values(to_row(job, self.folder)))
            return job.id

        return self.database.write(insert)

    def room(self, owner: str, limit: int) -> int:
        """How many more unfinished jobs this person may have."""
        return limit - self.database.read(lambda connection: _unfinished(connection, owner))

    def get(self, job_id: str) -> Job | None:
        found = self._select(JOBS.select().where(JOBS.c.id == job_id))
        return found[0] if found else None

    def recent(self, owner: str, limit: int) -> list[Job]:
        """The newest jobs of one person, newest first, without parts and batches."""
        query = JOBS.select().where(JOBS.c.owner == owner, JOBS.c.whole == "", JOBS.c.task != BATCH)
        return self._select(query.order_by(JOBS.c.created.desc()).limit(limit))

    def newest(self, owner: str, task: str) -> Job | None:
        query = JOBS.select().where(JOBS.c.owner == owner, JOBS.c.task == task)
        found = self._select(query.order_by(JOBS.c.created.desc()).limit(1))
        return found[0] if found else None

    def pieces(self, owner: str, task: str) -> list[Job]:
        """The finished parts that a person's jobs were made of, oldest first."""
        query = JOBS.select().where(
            JOBS.c.owner == owner,
            JOBS.c.task == task,
            JOBS.c.whole != "",
            JOBS.c.status == COMPLETED,
        )
        return self._select(query.order_by(JOBS.c.created.desc()).limit(MOST_PIECES))[::-1]

    def parts_of(self, whole: Job) -> list[Job]:
        """The jobs that were made for this one, or that it is made of."""
        ids = [link.job for link in whole.parts]
        mine = sa.or_(JOBS.c.whole == whole.id, sa.and_(JOBS.c.id.in_(ids), JOBS.c.whole != ""))
        return self._select(JOBS.select().where(mine))

    def is_linked(self, job_id: str) -> bool:
        """Whether any job is made of this one."""
        query = JOBS.select().where(sa.cast(JOBS.c.parts, sa.String).contains(job_id))
        return bool(self._select(query.limit(1)))

    def unfinished(self, limit: int | None = None) -> list[Job]:
        """All jobs that still have to end, or so many, oldest first."""
        query = JOBS.select().where(JOBS.c.status.not_in(FINISHED))
        return self._select(query.order_by(JOBS.c.created).limit(limit))

    def ended_before(self, moment: float) -> list[Job]:
        """Finished jobs that are no parts, oldest first; parts if their whole was never stored."""
        wholes = sa.select(JOBS.alias("wholes").c.id)
        alone = sa.or_(JOBS.c.whole == "", JOBS.c.whole.not_in(wholes))
        query = JOBS.select().where(JOBS.c.status.in_(FINISHED), alone)
        return self._select(query.where(JOBS.c.ended < moment).order_by(JOBS.c.ended))

    def linked(self) -> set[str]:
        """The ids of all jobs that others have as an input, a part or in a row of a batch."""
        columns = (JOBS.c["values"], JOBS.c.parts)
        query = sa.select(*(sa.cast(column, sa.String) for column in columns))
        return self.database.read(
            lambda c: {i for row in c.execute(query) for text in row for i in ID.findall(text)}
        )

    def names_of(self, owner: str) -> set[str]:
        """The files that a person's jobs were given and made, and of saved voices: their names in
        the data folder. In the columns no text of a person can look like one: its quotes are
        escaped."""
        named = (JOBS.c["values"], JOBS.c.uncut, JOBS.c.outputs)
        query = sa.select(*(sa.cast(column, sa.String) for column in named)).where(
            JOBS.c.owner == owner
        )
        voices = sa.select(VOICES.c.file).where(VOICES.c.owner == owner)

        def read(connection: sa.Connection) -> set[str]:
            texts = (text for row in connection.execute(query) for text in row)
            found = {name for text in texts for name in FILE.findall(text)}
            return found | {f"inputs/{name}" for (name,) in connection.execute(voices)}

        return self.database.read(read)

    def failed(self, limit: int) -> list[Job]:
        """The newest failures, newest first."""
        query = JOBS.select().where(JOBS.c.status == FAILED)
        return self._select(query.order_by(JOBS.c.ended.desc()).limit(limit))

    def starting_with(self, text: str) -> list[str]:
        """The ids that begin so, two at most."""
        query = sa.select(JOBS.c.id).where(JOBS.c.id.startswith(text, autoescape=True)).limit(2)
        return [str(i) for (i,) in self.database.read(lambda c: c.execute(query).all())]

    def here(self, job: Job | None) -> Job | None:
        """The job, once the files that a page may show are here: another replica had them."""
        if job and self.files.shared:
            made = (output.path for output in job.outputs)
            for path in (*job.values.values(), *job.uncut.values(), *made):
                if isinstance(path, Path):
                    self.files.local(path)
        return job

    def driven_by(self, replica: str) -> list[str]:
        """The ids of a replica's unfinished jobs."""
        query = sa.select(JOBS.c.id).where(JOBS.c.status.not_in(FINISHED))
        query = query.where(JOBS.c.replica == replica)
        return [str(i) for (i,) in self.database.read(lambda c: c.execute(query).all())]

    def moved(self, server: str, prompts: Collection[str]) -> list[str]:
        """Which of these are jobs that are done in another way since."""
        elsewhere = JOBS.c.server != server  # none: it is made of parts since
        query = sa.select(JOBS.c.id).where(JOBS.c.id.in_(prompts), elsewhere)
        return [str(i) for (i,) in self.database.read(lambda c: c.execute(query).all())]

    def twin(self, fingerprint: str, owner: str, wish: str = "") -> Job | None:
        """The newest job of this person that did, or is doing, exactly the same.

        One without a wish may still be sent with another variant: only its result counts as what
        somebody wished for.
        """
        query = JOBS.select().where(
            JOBS.c.fingerprint == fingerprint,
            JOBS.c.owner == owner,
            JOBS.c.status.not_in({FAILED, CANCELLED}),
        )
        if wish:
            query = query.where(sa.or_(JOBS.c.wish == wish, JOBS.c.status == COMPLETED))
        found = self._select(query.order_by(JOBS.c.created.desc()).limit(1))
        return found[0] if found else None

    def dependents(self, job_id: str) -> list[Job]:
        """Unfinished jobs that link to this one."""
        return [job for job in self.unfinished() if any(link.job == job_id for link in job.links)]

    def update(self, job_id: str, *, holder: str = "", **changes: Any) -> bool:
        """Change an unfinished job. False if it had finished, or never was.

        With `holder` also False, and nothing changed, if another replica drives the job now.
        """
        if changes.get("status") in FINISHED:
            changes.setdefault("ended", time.time())
        columns = to_columns(changes, self.folder)
        statement = (
            sa.update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.status.not_in(FINISHED))
            .values(version=JOBS.c.version + 1, **columns)
        )
        if holder:
            statement = statement.where(JOBS.c.replica == holder)
        changed = self.database.write(
            lambda connection: connection.execute(statement).rowcount == 1, alone=False
        )
        if changes.get("status") in FINISHED:
            self.notify()
        return changed

    def show(self, job: Job, **changes: Any) -> None:
        """Update a job if any of this is news: who waits looks often, and seldom sees any."""
        if any(getattr(job, name) != value for name, value in changes.items()):
            self.update(job.id, **changes)

    def delete(self, job_id: str) -> None:
        statement = sa.delete(JOBS).where(JOBS.c.id == job_id)
        self.database.write(lambda connection: connection.execute(statement), alone=False)

    def check_files(self, given: Iterable[object]) -> None:
        """Raise InputError if a file was deleted since it was accepted; in the transaction that
        names it, as `forget_unused` deletes in one."""
        if not self.files.shared and any(isinstance(v, Path) and not v.exists() for v in given):
            raise InputError("input_not_on_server")

    def forget_unused(self, given: Path) -> None:
        """Delete a file, unless a job was given it, too, or a voice is."""

        def forget(connection: sa.Connection) -> bool:
            unused = not _uses(connection, given)
            if unused and not self.files.shared:
                self.files.forget(given)
            return unused

        if self.database.write(forget) and self.files.shared:  # slow: nobody has to wait for it
            self.files.forget(given)

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """A write transaction; on PostgreSQL and SQLite alike only one at a time."""
        return self.database.transaction()

    def notify(self) -> None:
        """Wake every thread in `wait`."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Sleep until something changed in this process, or for this long.

        Other replicas' changes are seen when the time is over: it is their only delay.
        """
        with self._changed:
            self._changed.wait(seconds)

    def _select(self, query: sa.Select[Any]) -> list[Job]:
        rows = self.database.read(lambda c: c.execute(query).mappings().all())
        return [from_row(dict(row), self.folder) for row in rows]


def _exists(connection: sa.Connection, job_id: str) -> bool:
    return connection.execute(sa.select(JOBS.c.id).where(JOBS.c.id == job_id)).first() is not None


def _unfinished_twin(connection: sa.Connection, job: Job) -> str:
    query = sa.select(JOBS.c.id).where(
        JOBS.c.fingerprint == job.fingerprint,
        JOBS.c.fingerprint != "",
        JOBS.c.owner == job.owner,
        JOBS.c.status.not_in(FINISHED),
    )
    if job.wish:
        query = query.where(JOBS.c.wish == job.wish)
    return str(connection.execute(query.limit(1)).scalar() or "")


def _uses(connection: sa.Connection, given: Path) -> bool:
    """Whether any row names this file; its name is a hash of what is in it."""
    columns = [sa.cast(JOBS.c[name], sa.String) for name in ("values", "uncut")]
    jobs = sa.select(JOBS.c.id).where(sa.or_(*(column.contains(given.name) for column in columns)))
    voices = sa.select(VOICES.c.id).where(VOICES.c.file == given.name)
    return any(connection.execute(query.limit(1)).first() for query in (jobs, voices))


def _unfinished(connection: sa.Connection, owner: str) -> int:
    query = sa.select(sa.func.count()).where(
        JOBS.c.owner == owner, JOBS.c.whole == "", JOBS.c.status.not_in(FINISHED)
    )
    return int(connection.execute(query).scalar_one())


def _of_origin(connection: sa.Connection, origin: str) -> int:
    unfinished = JOBS.c.status.not_in(FINISHED)
    query = sa.select(sa.func.count()).where(JOBS.c.origin == origin, unfinished)
    return int(connection.execute(query).scalar_one())

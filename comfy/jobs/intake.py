"""How a job comes in: its values checked, its files copied, its twin found, or stored and begun."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.jobs.consent import Consents
from comfy.jobs.endings import Endings
from comfy.jobs.guests import Guests
from comfy.jobs.job import ANY, COMPLETED, Job, Link, in_a_line
from comfy.jobs.parts import SPEEDS, TIMES, Parts
from comfy.jobs.pipeline import LATER, split
from comfy.jobs.replicas import Replicas
from comfy.jobs.store import Store
from comfy.jobs.twins import Twins
from comfy.jobs.uploads import Uploads
from comfy.jobs.wishes import Wishes
from comfy.workflow.inputs import MAX_SEED
from comfy.workflow.task import Task


@dataclass(frozen=True)
class Accepted:
    """What a job is given, checked: files are our own copies, `grounds` those of Job.consent.
    `uncut` is for a proof: see Job."""

    values: Mapping[str, Any]
    grounds: Mapping[str, str] = field(default_factory=dict)
    wish: str = ""
    uncut: Mapping[str, Any] = field(default_factory=dict)


class Intake:
    """What stands between a request and a stored job."""

    def __init__(
        self,
        store: Store,
        tasks: Mapping[str, Task],
        uploads: Uploads,
        guests: Guests,
        twins: Twins,
        parts: Parts,
        replicas: Replicas,
        wishes: Wishes,
        *,
        max_jobs: int,
        start: Callable[[Job], None],
    ) -> None:
        """A person may have `max_jobs` unfinished ones; `start` begins to work on a stored job."""
        self._store, self._tasks, self._uploads = store, tasks, uploads
        self._guests, self._twins, self._parts = guests, twins, parts
        self._replicas = replicas
        self._wishes = wishes
        self._consents, self._endings = Consents(store), Endings(store)
        self._max_jobs = max_jobs
        self._start = start

    def check_room(self, owner: str, origin: str, tasks: Sequence[str]) -> None:
        """Raise InputError if this person may not start so many more jobs."""
        if self._store.room(owner, self._max_jobs) < len(tasks):
            raise InputError("too_many_jobs", limit=self._max_jobs)
        self._guests.check(origin, tasks)
        self._uploads.room.check(owner)

    def accept(
        self,
        task: str,
        values: Mapping[str, Any],
        owner: str,
        consent: bool | None,
        wish: object = "",
        uncut: Mapping[str, Any] = {},
        *,
        chained: bool = False,
    ) -> Accepted:
        """Values and wish, checked, and our own copies of the files. Raises InputError.

        `uncut` may have inputs of other tasks, too; its files are our own copies already.
        `chained`: a talking video is made of it, so that every file must have a ground.
        """
        if task not in self._tasks:
            raise InputError("task_unknown", task=task)
        manifest = self._tasks[task]
        wished = self._wishes.accept(task, wish)
        checked = manifest.accept(values)
        self._wishes.check(task, wished, checked)
        # first: a broken file needs no consent
        accepted = self._uploads.accept(manifest, checked, owner)
        grounds = self._consents.grounds(manifest, checked, owner, consent, every=chained)
        self._consents.remember(grounds, owner, checked, accepted)
        mine = {name: value for name, value in uncut.items() if name in accepted}
        for value in (*accepted.values(), *mine.values()):
            if isinstance(value, Path):
                self._store.files.keep(value)
        return Accepted(accepted, grounds, wished, mine)

    def add_whole(
        self,
        task: str,
        accepted: Accepted,
        each: Sequence[Mapping[str, Any]],
        owner: str,
        origin: str,
    ) -> Job:
        """Store a job that is made of parts with these values, and those that are not there."""
        self.check_room(owner, origin, [task])
        whole = Job(id=str(uuid.uuid4()), task=task, owner=owner, values={}, created=time.time())
        whole = whole.changed(consent=accepted.grounds, wish=accepted.wish)
        try:
            parts = [self._parts.add(whole, given, number) for number, given in enumerate(each)]
            return self.add(task, accepted, owner, origin, parts=parts, job_id=whole.id)
        except Exception:
            self._endings.drop_parts(whole)
            raise

    def redo(self, whole: Job, number: int, take: str, origin: str) -> Job | None:
        """See Studio.redo. None if a part is gone, and of a remedy or a batch."""
        if not whole.values.keys() & {SPEEDS, TIMES}:
            return None
        parts = [self._store.get(link.job) for link in whole.parts]
        each = [part.values for part in parts if part]
        old = parts[number]
        if old is None or len(each) != len(parts):
            return None
        known = {other.id: other for other in self._parts.takes(old)}
        if take in known:
            each[number] = known[take].values
        elif old.status == COMPLETED and "seed" in old.values:
            each[number] = {**old.values, "seed": secrets.randbelow(MAX_SEED)}
        accepted = Accepted(whole.values, whole.consent, whole.wish)
        return self.add_whole(whole.task, accepted, each, whole.owner, origin)

    def add_chain(
        self,
        values: Mapping[str, Any],
        owner: str,
        origin: str,
        consent: bool | None,
        wishes: Mapping[str, object],
        uncut: Mapping[str, Any] = {},
        *,
        asked: bool = True,
    ) -> tuple[Job, ...]:
        """See Studio.submit_pipeline. `asked` is about the video; the other two are for it."""
        given = split(values)
        *steps, last = given
        parts = {
            task: self.accept(
                task, given[task], owner, consent, wishes.get(task), uncut, chained=True
            )
            for task in steps
        }
        end = self.accept(last, given[last], owner, None, wishes.get(last))
        self.check_room(owner, origin, list(given))
        made: list[Job] = []
        new = {task: str(uuid.uuid4()) for task in steps}
        try:
            for task, job_id in new.items():
                made += [self.add(task, parts[task], owner, origin, asked=False, job_id=job_id)]
            links = {name: Link(job.id) for name, job in zip(LATER[last], made, strict=True)}
            end = Accepted({**end.values, **links}, dict.fromkeys(links, "own_result"), end.wish)
            return (*made, self.add(last, end, owner, origin, asked=asked))
        except Exception:
            for job in made:
                if job.id in new.values():  # no twin of somebody's who may be about to link it
                    self._endings.drop(job.id)
            raise

    def add(
        self,
        task: str,
        accepted: Accepted,
        owner: str,
        origin: str,
        *,
        parts: Sequence[Link] = (),
        job_id: str = "",
        asked: bool = True,
    ) -> Job:
        """The job that did, or does, the same; else a new one, stored and begun.

        `asked`: for its own sake; what is made of it may be cancelled without it.
        """
        wish = accepted.wish
        known = self._twins.fingerprint(task, accepted.values, parts, wish)
        twin = self._twins.find(known, owner, wish)
        if twin and self._is_shared(twin, asked):
            return twin
        self._uploads.room.check(owner)
        manifest = self._tasks.get(task)  # none of a batch
        job = Job(
            id=job_id or str(uuid.uuid4()),
            task=task,
            owner=owner,
            values=accepted.values,
            fingerprint=known,
            created=time.time(),
            origin=origin,
            consent=accepted.grounds,
            replica=self._replicas.least_busy(),
            parts=tuple(parts),
            asked=asked,
            wish=wish,
            uncut=accepted.uncut,
            given=in_a_line(manifest.given(accepted.values)) if manifest else ANY,
        )
        stored = self._keep(job)
        if stored == job.id:
            self._start(job)
            return job
        twin = self._store.get(stored)  # of a click in the same moment
        if twin and self._is_shared(twin, asked):
            return twin
        return self.add(task, accepted, owner, origin, parts=parts, job_id=job_id, asked=asked)

    def _keep(self, job: Job) -> str:
        """Store it and count it; gives the id of the job that is there now: see Store.add."""
        self._guests.reserve(job)
        stored = ""
        try:
            self._guests.charge(job)
            stored = self._store.add(job, limit=self._max_jobs, once=True)
        finally:
            if stored != job.id:
                self._guests.release(job)
        if not stored:
            raise InputError("too_many_jobs", limit=self._max_jobs)
        return stored

    def _is_shared(self, twin: Job, asked: bool) -> bool:
        """Whether a twin serves this request as well; not if it was cancelled in this moment."""
        if twin.asked or not asked or self._store.update(twin.id, asked=True):
            return True
        now = self._store.get(twin.id)
        return now is not None and now.status == COMPLETED

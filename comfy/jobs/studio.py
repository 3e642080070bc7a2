"""The studio: the only thing the page talks to. Submit, watch, cancel, recent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.jobs.abilities import Abilities
from comfy.jobs.batch import Batches
from comfy.jobs.counts import Counts
from comfy.jobs.durable import Durable
from comfy.jobs.endings import Endings
from comfy.jobs.guests import Guests
from comfy.jobs.intake import Accepted, Intake
from comfy.jobs.janitor import Janitor
from comfy.jobs.job import Job
from comfy.jobs.judging import PAUSES
from comfy.jobs.labels import Labels
from comfy.jobs.leases import Leases
from comfy.jobs.operator import Operator
from comfy.jobs.parts import SPEEDS, Parts
from comfy.jobs.patience import Patience
from comfy.jobs.remedies import Remedies
from comfy.jobs.replica import Replica
from comfy.jobs.replicas import Replicas
from comfy.jobs.room import Room
from comfy.jobs.sentences import Sentence
from comfy.jobs.server import ServerState
from comfy.jobs.servers import Servers
from comfy.jobs.steps import JobSteps
from comfy.jobs.store import Store
from comfy.jobs.told import Estimates
from comfy.jobs.twins import Twins
from comfy.jobs.uploads import Uploads
from comfy.jobs.voices import Voices
from comfy.jobs.waiting import Waiting
from comfy.jobs.wishes import Wishes
from comfy.media.bounded import WORKERS
from comfy.media.files import Limits, sweep_parts
from comfy.settings import Settings
from comfy.workflow.task import Task, load_tasks

SPEECH = "voice_clone"  # the task that speaks
KEPT = ("inputs", "outputs", "previews")  # folders of the data folder that only a studio writes to
WORKFLOWS = Path(__file__).parent.parent.parent / "workflows"


class Studio:
    """Builds all parts once and keeps them running until `close`.

    >>> studio = Studio.open(Settings.load())
    >>> job = studio.submit("image_cleanup", {"image": "photo.jpg"})
    >>> for job in studio.watch(job.id): print(job.status, job.progress)
    """

    def __init__(
        self,
        settings: Settings,
        workflows: Path = WORKFLOWS,
        patience: Patience = Patience(),  # noqa: B008  frozen
    ) -> None:
        """Nothing runs yet. Raises StudioError if the data folder is in use."""
        self.settings = settings
        self.tasks: dict[str, Task] = load_tasks(workflows, settings.workflows)
        self._replica = Replica(settings.data)
        self._store = Store(settings.database, settings.data, settings.storage)
        self.operator, self.counts = Operator(self._store), Counts()
        self._leases, self._endings = Leases(self._store), Endings(self._store)
        self._servers = Servers(settings, self.tasks, patience, self._store.moved)
        self.guests = Guests(self._store)
        labels = Labels(settings, self._store)
        twins = Twins(self._store, self._servers)
        replicas = Replicas(self._store, self._replica.id, dead_after=patience.dead)
        self._parts = parts = Parts(self._store, twins, self.tasks, labels, replicas, self._start)
        limits = Limits(settings.max_upload_mb, settings.max_megapixels, settings.max_audio_seconds)
        uploads = Uploads(self._store.folder / "inputs", limits, Room(self._store, settings))
        self.voices = Voices(self._store, uploads)
        self.wishes = Wishes(self.tasks, self._servers)
        self._intake = Intake(
            self._store,
            self.tasks,
            uploads,
            self.guests,
            twins,
            parts,
            replicas,
            self.wishes,
            max_jobs=settings.max_jobs,
            start=self._start,
        )
        self.check = self._intake.accept  # raises InputError as `submit` does, and stores nothing
        self.remedies = Remedies(self._store, self._intake)
        self.batches = Batches(self._store, self._intake)
        abilities = Abilities(self.tasks, self._servers, self._store)
        self.estimates = Estimates(self._servers, self._store, self._leases, abilities, uploads)
        waiting = Waiting(
            self._store,
            self._leases,
            self._servers,
            self.guests,
            parts,
            self.batches,
            abilities,
            self._endings,
            self._replica.id,
        )
        self._steps = JobSteps(
            self._store,
            self._leases,
            self._servers,
            self.tasks,
            patience,
            self.guests,
            labels,
            parts,
            self.batches,
            waiting,
            self._endings,
            self.counts,
            self._replica.id,
        )
        self._janitor = Janitor(self._store, self.delete, settings.keep_days, settings.keep_mb)
        self._durable = Durable(
            settings.database,
            self._steps,
            replicas,
            executor_id=self._replica.id,
            beat_every=patience.beat,
            sweep_every=patience.sweep,
            tidy=partial(self._store.files.tidy, settings.storage_mb * 1_000_000),
        )

    @classmethod
    def open(cls, settings: Settings) -> Studio:
        """A studio that works: unfinished jobs of an earlier run go on."""
        (studio := cls(settings)).start()
        return studio

    def start(self) -> None:
        for name in KEPT:
            sweep_parts(self._store.folder / name)
        threading.Thread(target=WORKERS.warm, name="warm-media", daemon=True).start()
        self._leases.reap()
        self._servers.start()
        self._durable.launch()
        self._janitor.start()

    def close(self) -> None:
        """Stop all threads. Unfinished jobs stay as they are and go on at the next start."""
        self._steps.close()
        self._durable.close()  # from here on `is_ready` says no
        self._janitor.close()
        self._servers.close()
        self._store.close()
        self._replica.close()

    def _start(self, job: Job) -> None:
        if job.replica == self._replica.id:
            self._durable.start(job.id)

    def submit(
        self,
        task: str,
        values: Mapping[str, Any],
        *,
        owner: str = "",
        origin: str = "",
        consent: bool | None = None,
        wish: object = "",
        uncut: Mapping[str, Any] = {},
    ) -> Job:
        """Store a job and start it, or give the one that did, or does, exactly the same.

        File inputs are paths or Links; `consent`: the person may use voices and faces; for
        `origin`, `wish`, `uncut` see Job. Raises InputError before anything is stored.
        """
        accepted = self._intake.accept(task, values, owner, consent, wish, uncut)
        return self._intake.add(task, accepted, owner, origin)

    def speak(
        self,
        values: Mapping[str, Any],
        sentences: Sequence[Sentence],
        *,
        owner: str = "",
        origin: str = "",
        consent: bool | None = None,
        wish: object = "",
    ) -> Job:
        """A script spoken sentence by sentence, and joined; `values` are those of a voice_clone.

        A sentence that was spoken like this before is not spoken again. Raises InputError before
        anything is stored.
        """
        whole = self._intake.accept(SPEECH, values, owner, consent, wish)
        check, given = self.tasks[SPEECH].accept, whole.values
        each = [{**given, **check({**given, **sentence.given})} for sentence in sentences]
        if not each:
            raise InputError("input_missing", input="text")
        how = {SPEEDS: [s.speed for s in sentences], PAUSES: [s.pause for s in sentences]}
        accepted = Accepted({**given, **how}, whole.grounds, whole.wish)
        return self._intake.add_whole(SPEECH, accepted, each, owner, origin)

    def redo(
        self, job_id: str, number: int, *, take: str = "", owner: str, origin: str = ""
    ) -> Job | None:
        """Another take of one part of a job, or this one that there is already.

        The new whole has all others as they are. A part that failed is tried again as it was.
        `number` counts from 0. None without such a part, or if it is somebody else's.
        """
        job = self._store.get(job_id)
        if job is None or job.owner != owner or not 0 <= number < len(job.parts):
            return None
        return self._intake.redo(job, number, take, origin)

    def submit_pipeline(
        self,
        values: Mapping[str, Any],
        *,
        owner: str = "",
        origin: str = "",
        consent: bool | None = None,
        wishes: Mapping[str, object] = {},
        uncut: Mapping[str, Any] = {},
    ) -> tuple[Job, ...]:
        """The chain: clean the picture and speak the text side by side, then make the video.

        Three jobs and two links; a part that was done before is not done again. `wishes` are by
        task. Raises InputError before anything is stored.
        """
        return self._intake.add_chain(values, owner, origin, consent, wishes, uncut)

    def job(self, job_id: str) -> Job | None:
        return self._store.here(self._store.get(job_id))

    def chain(self, job_id: str) -> tuple[Job, ...]:
        """The job and all that it is made of, upstream first."""
        job = self.job(job_id)
        if job is None:
            return ()
        found: dict[str, Job] = {}
        for link in job.inputs:
            found.update((other.id, other) for other in self.chain(link.job))
        return (*found.values(), job)

    def watch(self, job_id: str, *, tick: float = 0.25) -> Iterator[Job]:
        """Yield the job now and at each change; ends with the finished job (or at once)."""
        version = -1
        while (job := self.job(job_id)) is not None:
            if job.version != version:
                version = job.version
                yield job
            if job.finished:
                return
            time.sleep(tick)

    def cancel(self, job_id: str) -> Job | None:
        """Cancel the job, and the unfinished ones that nobody wants but for it."""
        self._endings.cancel(job_id)
        return self._store.get(job_id)

    def delete(self, job_id: str, owner: str) -> bool:
        """Forget a finished job of this person and its files, for good.

        Jobs that wait for it are cancelled. False if there is no such job, or it still runs.
        """
        return self._endings.delete(job_id, owner)

    def recent(self, owner: str, limit: int = 20) -> list[Job]:
        """The newest jobs of one person, newest first."""
        return [self._store.here(job) or job for job in self._store.recent(owner, limit)]

    def parts(self, job: Job) -> list[Job | None]:
        """What a job is made of, in order; None for a part that was deleted."""
        return [self._store.here(self._store.get(link.job)) for link in job.parts]

    def takes(self, part: Job) -> list[Job]:
        """All takes of the same piece that have a result, oldest first."""
        return [self._store.here(take) or take for take in self._parts.takes(part)]

    def servers(self) -> list[ServerState]:
        return self._servers.states()

    @property
    def database_away(self) -> bool:
        return self._store.database.away

    def is_ready(self) -> bool:
        """Whether pages can be served: from the start to the end of work.

        Not while the database or all servers are away: the other replicas lack them as well, and a
        page that waits is better than a balancer's error.
        """
        return self._durable.is_working

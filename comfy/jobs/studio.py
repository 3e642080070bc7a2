"""The studio: the only thing the page talks to. Submit, watch, cancel, recent."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.jobs.consent import Consents
from comfy.jobs.durable import Durable
from comfy.jobs.fingerprint import fingerprint
from comfy.jobs.guests import Guests
from comfy.jobs.job import CANCELLED, COMPLETED, Job, Link
from comfy.jobs.labels import Labels
from comfy.jobs.leases import Leases
from comfy.jobs.patience import Patience
from comfy.jobs.pipeline import split
from comfy.jobs.replica import Replica
from comfy.jobs.replicas import Replicas
from comfy.jobs.servers import Servers, ServerState
from comfy.jobs.steps import JobSteps
from comfy.jobs.store import Store
from comfy.jobs.uploads import Uploads
from comfy.media.bounded import WORKERS
from comfy.media.files import Limits
from comfy.settings import Settings
from comfy.workflow.task import Task, load_tasks

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
        self._leases = Leases(self._store)
        self._servers = Servers(settings, self.tasks, patience)
        self.guests = Guests(self._store)
        self._steps = JobSteps(
            self._store,
            self._leases,
            self._servers,
            self.tasks,
            patience,
            self.guests,
            Labels(settings, self._store),
            self._replica.id,
        )
        self._replicas = Replicas(self._store, self._replica.id, dead_after=patience.dead)
        self._durable = Durable(
            settings.database,
            self._steps,
            self._replicas,
            executor_id=self._replica.id,
            beat_every=patience.beat,
            sweep_every=patience.sweep,
        )
        limits = Limits(settings.max_upload_mb, settings.max_megapixels, settings.max_audio_seconds)
        self._uploads = Uploads(self._store.folder / "inputs", limits)
        self._consents = Consents(self._store)

    @classmethod
    def open(cls, settings: Settings) -> Studio:
        """A studio that works: unfinished jobs of an earlier run go on."""
        studio = cls(settings)
        studio.start()
        return studio

    def start(self) -> None:
        threading.Thread(target=WORKERS.warm, name="warm-media", daemon=True).start()
        self._leases.reap()
        self._servers.start()
        self._durable.launch()

    def close(self) -> None:
        """Stop all threads. Unfinished jobs stay as they are and go on at the next start."""
        self._steps.close()
        self._durable.close()
        self._servers.close()
        self._store.close()
        self._replica.close()

    def submit(
        self,
        task: str,
        values: Mapping[str, Any],
        *,
        owner: str = "",
        origin: str = "",
        consent: bool | None = None,
    ) -> Job:
        """Store a job and start it, or give the one that did, or does, exactly the same.

        File inputs are paths or Links. `origin` is who it is counted for, `consent` whether the
        person may use voices and faces: see Job. Raises InputError before anything is stored.
        """
        accepted, grounds = self._accept(task, values, owner, consent)
        return self._add(task, accepted, grounds, owner, origin)

    def submit_pipeline(
        self,
        values: Mapping[str, Any],
        *,
        owner: str = "",
        origin: str = "",
        consent: bool | None = None,
    ) -> tuple[Job, ...]:
        """The chain: clean the picture and speak the text side by side, then make the video.

        Three jobs and two links; a part that was done before is not done again. Raises
        InputError before anything is stored.
        """
        given = split(values)
        parts = {
            task: self._accept(task, given[task], owner, consent, chained=True)
            for task in ("image_cleanup", "voice_clone")
        }
        last, _ = self._accept("talking_head", given["talking_head"], owner, None)
        if self._store.room(owner, self.settings.max_jobs) < len(given):
            raise InputError("too_many_jobs", limit=self.settings.max_jobs)
        self.guests.check(origin, list(given))
        cleaned = self._add("image_cleanup", *parts["image_cleanup"], owner, origin)
        speech = self._add("voice_clone", *parts["voice_clone"], owner, origin)
        links = {"image": Link(cleaned.id), "audio": Link(speech.id)}
        grounds = dict.fromkeys(links, "own_result")
        video = self._add("talking_head", {**last, **links}, grounds, owner, origin)
        return cleaned, speech, video

    def job(self, job_id: str) -> Job | None:
        return self._here(self._store.get(job_id))

    def chain(self, job_id: str) -> tuple[Job, ...]:
        """The job and all that it is made of, upstream first."""
        job = self.job(job_id)
        if job is None:
            return ()
        found: dict[str, Job] = {}
        for link in job.links:
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
        """Cancel the job, and the unfinished ones that were only meant for it."""
        job = self._store.get(job_id)
        if job is None:
            return None
        self._store.update(job_id, status=CANCELLED)
        for link in job.links:
            if not self._store.dependents(link.job):
                self.cancel(link.job)
        return self._store.get(job_id)

    def delete(self, job_id: str, owner: str) -> bool:
        """Forget a finished job of this person and its files, for good.

        Jobs that wait for it are cancelled. False if there is no such job, or it still runs.
        """
        job = self._store.get(job_id)
        if job is None or job.owner != owner or not job.finished:
            return False
        for waiting in self._store.dependents(job_id):
            self.cancel(waiting.id)
        self._store.delete(job_id)
        self._store.files.forget_folder(self._store.folder / "outputs" / job_id)
        (self._store.folder / "previews" / f"{job_id}.jpg").unlink(missing_ok=True)
        for value in job.values.values():
            if isinstance(value, Path) and not self._store.uses(value):
                self._store.files.forget(value)
        return True

    def recent(self, owner: str, limit: int = 20) -> list[Job]:
        """The newest jobs of one person, newest first."""
        found = self._store.recent(owner, limit)
        for job in found:
            self._here(job)
        return found

    def servers(self) -> list[ServerState]:
        return self._servers.states()

    def _accept(
        self,
        task: str,
        values: Mapping[str, Any],
        owner: str,
        consent: bool | None,
        *,
        chained: bool = False,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The checked values, files in our own copy, and the ground on which each is used.

        `chained`: a talking video is made of it, so that every file must have a ground.
        """
        if task not in self.tasks:
            raise InputError("task_unknown", task=task)
        manifest = self.tasks[task]
        checked = manifest.accept(values)
        accepted = self._uploads.accept(manifest, checked)  # first: a broken file needs no consent
        grounds = self._consents.grounds(manifest, checked, owner, consent, every=chained)
        self._consents.remember(grounds, owner, checked, accepted)
        for value in accepted.values():
            if isinstance(value, Path):
                self._store.files.keep(value)
        return accepted, grounds

    def _add(
        self,
        task: str,
        accepted: dict[str, Any],
        grounds: Mapping[str, str],
        owner: str,
        origin: str,
    ) -> Job:
        known = self._fingerprint(self.tasks[task], accepted)
        if known and (twin := self._store.twin(known, owner)) and self._is_usable(twin):
            return twin
        job = Job(
            id=str(uuid.uuid4()),
            task=task,
            owner=owner,
            values=accepted,
            fingerprint=known,
            created=time.time(),
            origin=origin,
            consent=grounds,
            replica=self._replicas.least_busy(),
        )
        self.guests.reserve(job)
        try:
            self.guests.charge(job)
            stored = self._store.add(job, limit=self.settings.max_jobs)
        except BaseException:
            self.guests.release(job)
            raise
        if not stored:
            self.guests.release(job)
            raise InputError("too_many_jobs", limit=self.settings.max_jobs)
        if job.replica == self._replica.id:
            self._durable.start(job.id)
        return job

    def _fingerprint(self, task: Task, values: Mapping[str, Any]) -> str:
        """ "" while no server can do the task: then nobody knows which variant will."""
        variant = self._servers.variant(task.name)
        if variant is None:
            return ""
        linked = [self._store.get(v.job) for v in values.values() if isinstance(v, Link)]
        return fingerprint(
            task.name, variant, values, {job.id: job.fingerprint for job in linked if job}
        )

    def _here(self, job: Job | None) -> Job | None:
        """The job, once the files that a page may show are here: another replica had them."""
        if job and self._store.files.shared:
            given = [value for value in job.values.values() if isinstance(value, Path)]
            for path in (*given, *_paths(job)):
                self._store.files.local(path)
        return job

    def _is_usable(self, job: Job) -> bool:
        """A finished twin may have lost its files to a clean-up."""
        return job.status != COMPLETED or all(map(self._store.files.has, _paths(job)))


def _paths(job: Job) -> list[Path]:
    return [output.path for output in job.outputs]

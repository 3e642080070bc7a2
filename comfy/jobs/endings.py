"""How jobs end before they are done, and leave: failed, cancelled, deleted with their files."""

from __future__ import annotations

import logging
from pathlib import Path

from comfy.errors import StudioError
from comfy.jobs.fetch import disk_is_full
from comfy.jobs.job import CANCELLED, FAILED, Job
from comfy.jobs.store import Store

log = logging.getLogger(__name__)


class Endings:
    """Whoever ends a job: its person, an operator, the janitor, or what went wrong."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def fail(self, job_id: str, error: StudioError) -> None:
        reason = {"code": error.code, "details": error.details}
        if self._store.update(job_id, status=FAILED, error=reason):  # else it was cancelled
            log.info("job %s failed: %s", job_id, error.code)

    def fail_by(self, job: Job, error: Exception) -> None:
        """The same for an error that nobody foresaw; what it says is for the log alone."""
        if isinstance(error, StudioError):
            return self.fail(job.id, error)
        log.exception("job %s failed unexpectedly", job.id)
        code = "disk_full" if disk_is_full(error) else "unexpected"
        self.fail(job.id, StudioError(code, job=job.id))

    def cancel(self, job_id: str) -> bool:
        """Cancel the job, and the unfinished ones that nobody wants but for it.

        False if it had finished, or never was.
        """
        cancelled = self._store.update(job_id, status=CANCELLED)
        job = self._store.get(job_id)  # now it gets no more parts
        for link in job.links if job else ():
            self.drop(link.job)
        return cancelled

    def drop(self, job_id: str) -> None:
        """Cancel a job if nobody wants it any more."""
        job = self._store.get(job_id)
        if job and not job.finished and not job.asked and not self._store.dependents(job_id):
            self.cancel(job_id)

    def drop_parts(self, whole: Job) -> None:
        """Cancel what was begun for a job that will not be made of it."""
        for part in self._store.parts_of(whole):
            self.drop(part.id)

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
        for part in self._store.parts_of(job):
            if not self._store.is_linked(part.id):
                self.delete(part.id, owner)
        self._store.files.forget_folder(self._store.folder / "outputs" / job_id)
        (self._store.folder / "previews" / f"{job_id}.jpg").unlink(missing_ok=True)
        for value in (*job.values.values(), *job.uncut.values()):
            if isinstance(value, Path):
                self._store.forget_unused(value)
        return True

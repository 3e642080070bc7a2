"""What each result says about itself: who made it, its number, and what it was made from."""

from __future__ import annotations

import hashlib

from comfy.jobs.job import Job
from comfy.jobs.store import Store
from comfy.media.labels import Label
from comfy.settings import Settings

CHANGES = "image_cleanup"  # the task that changes a picture instead of making one


class Labels:
    """Writes the label of a job's results, as the operator's settings want it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def of(self, job: Job, kind: str) -> Label:
        """`kind` is that of the result: "image", "audio" or "video"."""
        linked = [self._store.get(link.job) for link in job.links]
        return Label(
            producer=self._settings.producer,
            number=public_number(job.id),
            changed=job.task == CHANGES,
            mark=kind in self._settings.mark and not job.parts,  # the parts have it
            key=str(self._settings.c2pa or ""),
            sources=tuple(
                (public_number(other.id), str(self._store.files.local(output.path)))
                for other in linked
                if other
                for output in other.outputs[:1]
            ),
        )


def public_number(job_id: str) -> str:
    """A job's number as everybody may read it in a published file: it opens nothing.

    A job's own id is the key to it where there is no login.
    """
    return hashlib.sha256(f"public:{job_id}".encode()).hexdigest()[:32]

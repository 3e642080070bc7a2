"""Finished jobs leave with their files: those that are too old, and the oldest of too many."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator

from comfy.jobs.job import Job
from comfy.jobs.store import Store

log = logging.getLogger(__name__)

DAY = 86_400.0
FIRST, EVERY = 60.0, 600.0  # seconds to the first look, and between two


class Janitor:
    """A thread of its own, as a storage that is away must not keep a replica's heart from beating.

    A job stays as long as any other has it as an input, part or row, so that a chain ages with its
    last job. Parts leave with the job they were made for; saved voices never leave.
    """

    def __init__(
        self,
        store: Store,
        delete: Callable[[str, str], bool],
        keep_days: int = 0,
        keep_mb: int = 0,
    ) -> None:
        """`delete` takes a job's id and owner: Studio.delete. Of 0 everything is kept."""
        self._store, self._delete = store, delete
        self._keep_days, self._keep = keep_days, keep_mb * 1_000_000
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        if self._keep_days or self._keep:
            self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def clean(self) -> int:
        """Delete what is too old or too much; returns how many jobs. Raises StudioError
        storage_away."""
        done = 0
        if self._keep_days:
            for job in self._free_jobs(time.time() - self._keep_days * DAY):
                done += self._delete(job.id, job.owner)
        return done + self._shrink() if self._keep else done

    def _shrink(self) -> int:
        """Delete the oldest until the rest fits; another replica may just have done the same."""
        files = self._store.files
        if sum(files.sizes(within=0).values()) <= self._keep:
            return 0
        done = 0
        for job in self._free_jobs(time.time()):
            if sum(files.sizes().values()) <= self._keep:
                break
            done += self._delete(job.id, job.owner)
        return done

    def _free_jobs(self, before: float) -> Iterator[Job]:
        """Finished jobs of which no other is made, oldest first."""
        old = self._store.ended_before(before)
        linked = self._store.linked() if old else set()
        for job in old:
            if self._closing.is_set():
                return
            # asked again: somebody may have begun with this result a moment ago
            if job.id not in linked and not self._store.dependents(job.id):
                yield job

    def _run(self) -> None:
        wait = FIRST
        while not self._closing.wait(wait * random.uniform(0.5, 1.5)):  # not all replicas at once
            wait = EVERY
            try:
                # what the last job of a chain was made of can leave once that has left
                while deleted := self.clean():
                    log.info("%d old jobs were deleted", deleted)
            except Exception:  # the border of this thread: the database may be away for long
                log.exception("the search for old jobs failed")

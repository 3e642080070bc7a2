"""Watching stored jobs: the only waiting that the page does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.studio import Studio

TICK = 0.4  # seconds; a person sees no more than this, and each look costs a page update
SLOWEST = 1.5  # seconds between two looks at a job that has not changed for a while
HEARTBEAT = 10.0  # seconds; Gradio ends the watcher of a page that is gone only when it yields


def watch_jobs(studio: Studio, ids: Sequence[str], *, shown: int = 0) -> Iterator[list[Job]]:
    """The jobs now, on each change, and now and then without one.

    Ends when all are finished, or when more than `shown` of them are completed.
    """
    seen: list[int] | None = None
    yielded, tick = 0.0, TICK
    while True:
        jobs = [job for job in map(studio.job, ids) if job]
        if not jobs:
            return
        versions = [job.version for job in jobs]
        tick = TICK if versions != seen else min(tick * 1.2, SLOWEST)
        if versions != seen or time.monotonic() - yielded > HEARTBEAT:
            seen, yielded = versions, time.monotonic()
            yield jobs
        ready = sum(job.status == COMPLETED for job in jobs)
        if ready > shown or all(job.finished for job in jobs):
            return
        time.sleep(tick)

"""The steps of a job, each safe to run again after a crash: wait, lease, drive, release."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from comfy.errors import PromptInterrupted, StudioError
from comfy.jobs.durable import LOST, Closing
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, WAITING, Job
from comfy.jobs.leases import Leases
from comfy.jobs.run import Run
from comfy.jobs.servers import Server, Servers
from comfy.jobs.store import Store
from comfy.workflow.task import Task

log = logging.getLogger(__name__)

ENDED = "ended"
TICK = 0.5  # seconds between two looks while a job waits
AWAY_SECONDS = 20.0  # a leased server may be away this long before the job looks for another


class JobSteps:
    """What `durable.Durable` runs. The store says how a job ended; outcomes only steer."""

    def __init__(
        self, store: Store, leases: Leases, servers: Servers, tasks: Mapping[str, Task]
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._leases = leases
        self._servers = servers
        self._closing = False

    def close(self) -> None:
        """Let every step end soon, without an outcome."""
        self._closing = True
        self._store.notify()

    def wait_for_links(self, job_id: str) -> bool:
        """True when every linked job has completed; False when this job cannot go on."""
        while job := self._unfinished(job_id):
            linked = [self._store.get(link.job) for link in job.links]
            if all(other and other.status == COMPLETED for other in linked):
                return True
            for other in linked:
                if other is None or other.status == FAILED:
                    task = other.task if other else ""
                    self._fail(job_id, StudioError("link_failed", task=task))
                elif other.status == CANCELLED:
                    self._store.update(job_id, status=CANCELLED)
            self._show_waiting(job, "links", 0)
            self._store.wait(TICK)
        return False

    def lease(self, job_id: str) -> str:
        """The name of the server that this job may use; "" if it was cancelled meanwhile."""
        while job := self._unfinished(job_id):
            able = self._servers.able(job.task)
            if able:
                self._show_waiting(job, "line", self._leases.place(job))
                if server := self._leases.take(job, able):
                    return server
            else:
                self._show_waiting(job, "server", 0)
            self._store.wait(TICK)
        return ""

    def drive(self, job_id: str, server_name: str) -> str:
        """Run the prompt there. LOST: it must be sent again; ENDED: the store has the outcome."""
        job = self._store.get(job_id)
        server = self._reach(server_name)
        if job is None or (job.finished and job.status != CANCELLED):
            return ENDED
        if server is None:
            return ENDED if job.finished else self._lost(job, StudioError("server_unreachable"))
        try:
            Run(self._store, job, server, self._tasks[job.task], lambda: self._closing).to_the_end()
        except PromptInterrupted as error:
            self._fail(job_id, error)  # not by us: then the job would have been cancelled before
        except StudioError as error:
            if error.retry:
                return self._lost(job, error)
            self._fail(job_id, error)
        except Exception:  # the border of a job: nobody above could tell the person
            log.exception("job %s failed unexpectedly", job_id)
            self._fail(job_id, StudioError("unexpected", job=job_id))
        return ENDED

    def release(self, job_id: str) -> None:
        self._leases.release(job_id)

    def give_up(self, job_id: str) -> None:
        """Every attempt was lost; the last reason is in the job's error already."""
        job = self._store.get(job_id)
        if job and not job.finished:
            error = dict(job.error) or {"code": "prompt_lost", "details": {}}
            self._store.update(job_id, status=FAILED, error=error)

    def _unfinished(self, job_id: str) -> Job | None:
        if self._closing:
            raise Closing
        job = self._store.get(job_id)
        return None if job is None or job.finished else job

    def _show_waiting(self, job: Job, phase: str, place: int) -> None:
        if (job.phase, job.place) != (phase, place):
            self._store.update(job.id, phase=phase, place=place)

    def _reach(self, name: str) -> Server | None:
        """The server, also if it comes back within AWAY_SECONDS."""
        deadline = time.monotonic() + AWAY_SECONDS
        while (server := self._servers.get(name)) is None and time.monotonic() < deadline:
            if self._closing:
                raise Closing
            self._store.wait(TICK)
        return server

    def _lost(self, job: Job, error: StudioError) -> str:
        """Back to the line; the reason is kept in case it was the last attempt."""
        log.warning("job %s must be sent again: %s", job.id, error)
        reason = {"code": error.code, "details": error.details}
        self._store.update(job.id, status=WAITING, phase="line", error=reason)
        return LOST

    def _fail(self, job_id: str, error: StudioError) -> None:
        reason = {"code": error.code, "details": error.details}
        if self._store.update(job_id, status=FAILED, error=reason):  # else it was cancelled
            log.info("job %s failed: %s", job_id, error)

"""The steps of a job, each safe to run again after a crash: wait, lease, drive, release."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from functools import partial

from comfy.errors import PromptLost, PromptStalled, ServerError, StudioError
from comfy.jobs.batch import Batches
from comfy.jobs.counts import Counts
from comfy.jobs.durable import AWAY, LOST, Closing
from comfy.jobs.endings import Endings
from comfy.jobs.guests import Guests
from comfy.jobs.job import CANCELLED, WAITING, Job
from comfy.jobs.labels import Labels
from comfy.jobs.leases import Leases
from comfy.jobs.parts import Parts
from comfy.jobs.patience import Patience
from comfy.jobs.run import Run
from comfy.jobs.server import Server
from comfy.jobs.servers import Servers
from comfy.jobs.store import BATCH, Store
from comfy.jobs.waiting import STUDIO, TICK, Waiting
from comfy.workflow.task import Task

log = logging.getLogger(__name__)

ENDED = "ended"
ATTEMPTS = 3  # times that servers may lose a job before it is taken for what ends them
PASSING = frozenset({"server_unreachable", "server_busy", "server_broken"})
# Somebody else's doing, a file that was cleared away, or memory that others' models held: once
# more, then the person is told.
OUT_OF_MEMORY = "out_of_memory"
ONCE_MORE = frozenset(
    {"output_missing", "prompt_interrupted", "input_not_on_server", OUT_OF_MEMORY}
)
HERE_AGAIN = "here again"


class JobSteps:
    """What `durable.Durable` runs. The store says how a job ended; outcomes only steer."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        servers: Servers,
        tasks: Mapping[str, Task],
        patience: Patience,
        guests: Guests,
        labels: Labels,
        parts: Parts,
        batches: Batches,
        waiting: Waiting,
        endings: Endings,
        counts: Counts,
        replica: str,
    ) -> None:
        """`replica`: the id of the one that this process is."""
        self._store, self._tasks = store, tasks
        self._leases, self._servers = leases, servers
        self._guests, self._labels = guests, labels
        self._parts, self._batches = parts, batches
        self._waiting, self._endings = waiting, endings
        self._counts = counts
        self._patience = patience
        self._replica = replica

    def close(self) -> None:
        """Let every step end soon, without an outcome."""
        self._waiting.close()

    def lease(self, job_id: str) -> str:
        return self._waiting.lease(job_id)

    def _join(self, job_id: str) -> str:
        """The studio's own step of a job that is made of others."""
        job = self._store.get(job_id)
        if job and not job.finished:
            try:
                (self._batches if job.task == BATCH else self._parts).join(job)
            except Exception as error:  # the border of a job, as in `_try`
                self._endings.fail_by(job, error)
        return ENDED

    def drive(self, job_id: str, server_name: str) -> str:
        """Run the prompt there. ENDED: the store has the outcome; else it needs a lease again."""
        if server_name == STUDIO:
            return self._join(job_id)
        for pause in (*self._patience.pauses, None):
            job = self._store.get(job_id)
            if job is None or (job.finished and job.status != CANCELLED):
                return ENDED
            server = self._reach(server_name)
            if server is None:
                return self._back_to_line(job, server_name, AWAY)
            outcome = self._try(job, server, last=pause is None)
            if outcome != HERE_AGAIN:
                return outcome
            time.sleep(pause or 0)
        return ENDED

    def _try(self, job: Job, server: Server, *, last: bool) -> str:
        """One try at this server; whatever it left there is found by the next one."""
        check = partial(self._check, server)
        task = self._tasks[job.task]
        try:
            self._guests.charge(job)
            Run(
                self._store,
                job,
                server,
                task,
                patience=self._patience,
                check=check,
                labels=self._labels,
                replica=self._replica,
            ).to_the_end()
        except StudioError as error:
            return self._judge(job, server, error, last=last)
        except Exception as error:  # the border of a job: nobody above could tell the person
            self._endings.fail_by(job, error)
        return ENDED

    def _judge(self, job: Job, server: Server, error: StudioError, *, last: bool) -> str:
        """What an error means for the job: once more here, elsewhere, or its end."""
        if isinstance(error, PromptStalled):
            self._servers.has_stalled(server)
        if job.finished:  # cancelled: what matters is that the server has it no more
            return HERE_AGAIN if error.code in PASSING and not last else ENDED
        if error.code in PASSING:
            log.info("job %s has trouble with server %s: %s", job.id, server.name, error.code)
            if not last:
                return HERE_AGAIN
        elif error.code in ONCE_MORE and not job.again and not last:
            return self._begin_anew(job, server, error)
        elif not error.retry:
            self._endings.fail(job.id, error)
            return ENDED
        if job.again + 1 >= ATTEMPTS:
            self._endings.fail(job.id, error)
            return ENDED
        log.warning("job %s must be sent again: %s", job.id, error.code)
        self._store.update(job.id, again=job.again + 1, started=0.0)
        return self._back_to_line(job, server.name, LOST)

    def _begin_anew(self, job: Job, server: Server, error: StudioError) -> str:
        """Once more on the same server. First it must forget the prompt, as ids are not reused."""
        try:
            if error.code == OUT_OF_MEMORY:
                server.client.free()
            server.client.forget(job.id)
        except ServerError:
            return HERE_AGAIN  # the next try meets the same end, and comes here again
        self._store.update(job.id, again=1, started=0.0, node="", progress=0.0)
        return HERE_AGAIN

    def release(self, job_id: str) -> None:
        self._leases.release(job_id)

    def end(self, job_id: str) -> None:
        if (job := self._store.get(job_id)) and job.finished:
            self._counts.end(job)

    def reap(self, busy: Collection[str]) -> None:
        self._leases.reap(busy)

    def claim(self, job_id: str) -> None:
        job = self._store.get(job_id)
        if job and job.replica != self._replica:
            self._store.update(job_id, replica=self._replica)

    def unfinished(self) -> list[str]:
        mine = self._store.driven_by(self._replica)
        self._waiting.forget(mine)
        return mine

    def _reach(self, name: str) -> Server | None:
        """The server, also if it comes back soon. None for one that is not configured any more.

        Its absence counts from its last answer: whoever followed a prompt there has waited before.
        """
        began = time.monotonic()
        while (server := self._servers.get(name)) is None:
            absent = max(self._servers.away(name), time.monotonic() - began)
            if not self._servers.knows(name) or absent > self._patience.away:
                return None
            if self._waiting.closing.is_set():
                raise Closing
            self._store.wait(TICK)
        return server

    def _check(self, server: Server) -> None:
        """Raise if a run at this server must not go on."""
        if self._waiting.closing.is_set():
            raise Closing
        if not self._servers.still(server):  # the embedded engine was started anew elsewhere
            raise PromptLost

    def _back_to_line(self, job: Job, server: str, outcome: str) -> str:
        """Give the server back; the prompt may be on it all the same, and is looked for there."""
        if job.finished:
            return ENDED
        sent = self._store.get(job.id)  # it may have been lost by another one, before this one
        self._waiting.lost(job.id, (sent.server if sent else "") or server)
        self._store.update(job.id, status=WAITING, phase="line", node="", progress=0.0)
        return outcome

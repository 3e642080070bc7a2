"""The steps of a job, each safe to run again after a crash: wait, lease, drive, release."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping
from functools import partial

from comfy.errors import PromptLost, PromptStalled, ServerError, StudioError
from comfy.jobs.abilities import Abilities
from comfy.jobs.batch import Batches
from comfy.jobs.durable import AWAY, LOST, Closing
from comfy.jobs.fetch import disk_is_full
from comfy.jobs.guests import Guests
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, WAITING, Job
from comfy.jobs.labels import Labels
from comfy.jobs.leases import Leases, expected
from comfy.jobs.parts import Parts
from comfy.jobs.patience import Patience
from comfy.jobs.run import Run
from comfy.jobs.server import Server
from comfy.jobs.servers import Servers
from comfy.jobs.store import BATCH, Store
from comfy.workflow.task import Task

log = logging.getLogger(__name__)

ENDED = "ended"
STUDIO = ":studio"  # instead of a server's name: the studio does it, see comfy.jobs.parts
TICK = 0.5  # seconds between two looks while a job waits
FRONT = 5  # jobs per server in the line that hurry: more than can start before another looks;
FAR_TICK = 2.0  # those behind look less often, or hundreds would keep the processor busy
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
        abilities: Abilities,
        replica: str,
    ) -> None:
        """`replica`: the id of the one that this process is."""
        self._replica = replica
        self._parts, self._batches = parts, batches
        self._abilities = abilities
        self._guests, self._labels = guests, labels
        self._store, self._tasks = store, tasks
        self._leases, self._servers = leases, servers
        self._patience = patience
        self._closing = threading.Event()
        self._failed_at: dict[str, frozenset[str]] = {}  # job -> servers that lost it

    def close(self) -> None:
        """Let every step end soon, without an outcome."""
        self._closing.set()
        self._store.notify()
        self._leases.notify()

    def lease(self, job_id: str) -> str:
        """The name of the server that this job may use; "" if it cannot go on."""
        while (job := self._unfinished(job_id)) and job.task == BATCH:
            if self._batches.feed(job):
                return STUDIO
            self._store.wait(TICK)
        if not self._links_are_done(job_id):
            return ""
        asked = 0.0  # the limit that the sound is below, as far as known
        while (job := self._unfinished(job_id)) and not job.parts:
            news, names = self._leases.news, self._servers.able(job.task, job.wish, job.values)
            if not names:
                self._store.show(job, phase="server", place=0)
                self._store.wait(TICK)
                continue
            line = self._leases.line()
            limit = self._servers.safe_seconds(job.task, job.wish, job.values, line.drained)
            if limit != asked and not job.server:
                if self._is_split(job, limit):
                    break
                asked = limit
            able = self._abilities.of(job, names, self._failed_at.get(job.id, frozenset()))
            names, rivals = [one.name for one in able], self._servers.rivals
            place = line.place(job, names, rivals)
            near = place < FRONT * len(able)
            if near and line.lets_in(job, names, rivals):
                if server := self._leases.take(job, able, rivals):
                    return server
            seconds = job.expected or expected(able, line.known)
            self._store.show(job, phase="line", place=place, expected=seconds)
            if near:
                self._leases.wait(TICK, news)
            else:
                self._closing.wait(FAR_TICK)
        return STUDIO if self._links_are_done(job_id) else ""

    def _is_split(self, job: Job, limit: float) -> bool:
        """Whether it is made of parts from now on, because its sound is long."""
        try:
            self._guests.charge(job)
            return self._parts.split(job, limit)
        except (StudioError, OSError) as error:
            self._fail_by(job, error)
            return False

    def _links_are_done(self, job_id: str) -> bool:
        """True when every linked job has completed; False when this job cannot go on."""
        while job := self._unfinished(job_id):
            linked = [self._store.get(link.job) for link in job.parts or job.links]
            if all(other and other.status == COMPLETED for other in linked):
                return True
            if job.parts:
                if error := self._parts.watch(job, [part for part in linked if part]):
                    self._fail(job_id, error)
                self._store.wait(TICK)
                continue
            for other in linked:
                if other is None or other.status == FAILED:
                    task = other.task if other else ""
                    self._fail(job_id, StudioError("link_failed", task=task))
                elif other.status == CANCELLED:
                    self._store.update(job_id, status=CANCELLED)
            self._store.show(job, phase="links", place=0)
            if any(other and other.place >= FRONT for other in linked):
                self._closing.wait(FAR_TICK)  # not soon
            else:
                self._store.wait(TICK)
        return False

    def _join(self, job_id: str) -> str:
        """The studio's own step of a job that is made of others."""
        job = self._store.get(job_id)
        if job and not job.finished:
            try:
                (self._batches if job.task == BATCH else self._parts).join(job)
            except Exception as error:  # the border of a job, as in `_try`
                self._fail_by(job, error)
        return ENDED

    def _fail_by(self, job: Job, error: Exception) -> None:
        if isinstance(error, StudioError):
            return self._fail(job.id, error)
        log.exception("job %s failed unexpectedly", job.id)
        code = "disk_full" if disk_is_full(error) else "unexpected"
        self._fail(job.id, StudioError(code, job=job.id))

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
            self._fail_by(job, error)
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
            self._fail(job.id, error)
            return ENDED
        if job.again + 1 >= ATTEMPTS:
            self._fail(job.id, error)
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

    def reap(self, busy: Collection[str]) -> None:
        self._leases.reap(busy)

    def claim(self, job_id: str) -> None:
        job = self._store.get(job_id)
        if job and job.replica != self._replica:
            self._store.update(job_id, replica=self._replica)

    def unfinished(self) -> list[str]:
        mine = self._store.driven_by(self._replica)
        for job_id in self._failed_at.keys() - mine:  # others add to it meanwhile
            self._failed_at.pop(job_id, None)
        return mine

    def _unfinished(self, job_id: str) -> Job | None:
        if self._closing.is_set():
            raise Closing
        job = self._store.get(job_id)
        if job and not job.finished and job.replica != self._replica:
            raise Closing  # another replica took it: this one was away for too long
        return None if job is None or job.finished else job

    def _reach(self, name: str) -> Server | None:
        """The server, also if it comes back soon. None for one that is not configured any more.

        Its absence counts from its last answer: whoever followed a prompt there has waited before.
        """
        began = time.monotonic()
        while (server := self._servers.get(name)) is None:
            absent = max(self._servers.away(name), time.monotonic() - began)
            if not self._servers.knows(name) or absent > self._patience.away:
                return None
            if self._closing.is_set():
                raise Closing
            self._store.wait(TICK)
        return server

    def _check(self, server: Server) -> None:
        """Raise if a run at this server must not go on."""
        if self._closing.is_set():
            raise Closing
        if not self._servers.still(server):  # the embedded engine was started anew elsewhere
            raise PromptLost

    def _back_to_line(self, job: Job, server: str, outcome: str) -> str:
        """Give the server back; the prompt may be on it all the same, and is looked for there."""
        if job.finished:
            return ENDED
        sent = self._store.get(job.id)  # it may have been lost by another one, before this one
        bad = (sent.server if sent else "") or server
        self._failed_at[job.id] = self._failed_at.get(job.id, frozenset()) | {bad}
        self._store.update(job.id, status=WAITING, phase="line", node="", progress=0.0)
        return outcome

    def _fail(self, job_id: str, error: StudioError) -> None:
        reason = {"code": error.code, "details": error.details}
        if self._store.update(job_id, status=FAILED, error=reason):  # else it was cancelled
            log.info("job %s failed: %s", job_id, error.code)

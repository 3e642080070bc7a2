"""What a job waits for: the jobs it is made of, its parts, a server."""

from __future__ import annotations

import threading
from collections.abc import Collection

from comfy.errors import StudioError
from comfy.jobs.abilities import Abilities
from comfy.jobs.batch import Batches
from comfy.jobs.durable import Closing
from comfy.jobs.endings import Endings
from comfy.jobs.guests import Guests
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, Job
from comfy.jobs.leases import Leases, expected
from comfy.jobs.parts import Parts
from comfy.jobs.servers import Servers
from comfy.jobs.store import BATCH, Store

STUDIO = ":studio"  # instead of a server's name: the studio does it, see comfy.jobs.parts
TICK = 0.5  # seconds between two looks while a job waits
FRONT = 5  # jobs per server in the line that hurry: more than can start before another looks;
FAR_TICK, FARTHEST_TICK = 2.0, 10.0  # those behind look less often, or hundreds would keep the
# processor busy; no server does more than a job in a second


class Waiting:
    """Waits in the thread of the job."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        servers: Servers,
        guests: Guests,
        parts: Parts,
        batches: Batches,
        abilities: Abilities,
        endings: Endings,
        replica: str,
    ) -> None:
        """`replica`: the id of the one that this process is."""
        self._store, self._leases, self._servers = store, leases, servers
        self._guests, self._parts, self._batches = guests, parts, batches
        self._abilities, self._endings = abilities, endings
        self._replica = replica
        self._lost_by: dict[str, frozenset[str]] = {}  # job -> servers that lost it
        self.closing = threading.Event()

    def close(self) -> None:
        """Wake everybody; `lease` raises Closing from now on."""
        self.closing.set()
        self._store.notify()
        self._leases.notify()

    def lost(self, job_id: str, server: str) -> None:
        """This job is given to this server again only if there is no other one."""
        self._lost_by[job_id] = self._lost_by.get(job_id, frozenset()) | {server}

    def forget(self, jobs: Collection[str]) -> None:
        """Only these are still to be done."""
        for job_id in self._lost_by.keys() - set(jobs):  # others add to it meanwhile
            self._lost_by.pop(job_id, None)

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
            # where it was it is looked for, also if that server has not answered since a restart
            if limit != asked and job.server not in names and not line.holds(job):
                if self._is_split(job, limit):
                    break
                asked = limit
            able = self._abilities.of(job, names, self._lost_by.get(job.id, frozenset()))
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
                self._sleep(place, len(able))
        return STUDIO if self._links_are_done(job_id) else ""

    def _is_split(self, job: Job, limit: float) -> bool:
        """Whether it is made of parts from now on, because its sound is long."""
        try:
            self._guests.charge(job)
            return self._parts.split(job, limit)
        except (StudioError, OSError) as error:
            self._endings.fail_by(job, error)
            return False

    def _links_are_done(self, job_id: str) -> bool:
        """True when every linked job has completed; False when this job cannot go on."""
        while job := self._unfinished(job_id):
            linked = [self._store.get(link.job) for link in job.parts or job.links]
            if all(other and other.status == COMPLETED for other in linked):
                return True
            if job.parts:
                if error := self._parts.watch(job, [part for part in linked if part]):
                    self._endings.fail(job_id, error)
                self._store.wait(TICK)
                continue
            for other in linked:
                if other is None or other.status == FAILED:
                    task = other.task if other else ""
                    self._endings.fail(job_id, StudioError("link_failed", task=task))
                elif other.status == CANCELLED:
                    self._store.update(job_id, status=CANCELLED)
            self._store.show(job, phase="links", place=0, expected=self._expected(job))
            if (place := max((other.place for other in linked if other), default=0)) >= FRONT:
                self._sleep(place, len(self._servers.states()) or 1)  # not soon
            else:
                self._store.wait(TICK)
        return False

    def _expected(self, job: Job) -> float:
        """Seconds that it will take, as far as can be told from what the jobs before it were given;
        worked out once."""
        if job.expected or not (names := self._servers.able(job.task, job.wish, job.values)):
            return job.expected
        return expected(self._abilities.of(job, names, ()), self._leases.line().known)

    def _sleep(self, place: int, servers: int) -> None:
        """While a job at this place of the line cannot come to its front."""
        self.closing.wait(min(max(place / servers - FRONT, FAR_TICK), FARTHEST_TICK))

    def _unfinished(self, job_id: str) -> Job | None:
        if self.closing.is_set():
            raise Closing
        job = self._store.get(job_id)
        if job and not job.finished and job.replica != self._replica:
            raise Closing  # another replica took it: this one was away for too long
        return None if job is None or job.finished else job

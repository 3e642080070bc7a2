"""Chains on a fleet while its parts die: `python -m tests.scale.survival --chains 200`

Two replicas that take orders and three workers, four servers, and PostgreSQL (or, with --sqlite,
one SQLite file). With SIGKILL die, and come back: a worker, a replica, a server, the database for
`--away` seconds, then all replicas at once. One more server dies and never returns. At the end
every job that was acknowledged must have completed with the right picture. By the servers' own
logs each death of a server may have cost the run of one prompt, and nothing else's death any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.line import PER_SERVER
from tests.faults.rig import everything
from tests.scale.fleet import Fleet

PER_CHAIN = 3
DEATHS = 2  # of servers
MANY = 50  # chains; with fewer a server may have nothing to do when it is to die


class Survival:
    """One run; `counts` has what came of it."""

    def __init__(
        self,
        folder: Path,
        *,
        chains: int,
        nap: float,
        away: float,
        postgres: bool,
        limit: float,
        workers: int = 3,
    ) -> None:
        self._chains, self._nap, self._away, self._limit = chains, nap, away, limit
        replicas = ["app1", "app2", *(f"worker{n + 1}" for n in range(workers))]
        self.fleet = Fleet(folder, servers=4, replicas=replicas, postgres=postgres)
        self._young = 0.6 * nap if chains > MANY else 0.0
        self.counts: Counter[str] = Counter()
        self._began = time.monotonic()

    def run(self) -> None:
        replicas = self.fleet.replicas
        orders = {"app1": self._chains // 2, "app2": self._chains - self._chains // 2}
        for name, chains in orders.items():
            replicas[name].order(chains=chains, nap=self._nap, most=16)
        self._until(0.1)
        self._say("a worker dies")
        replicas["worker1"].kill()
        self._until(0.2)
        replicas["worker1"].start()
        self._say("a server dies for good")
        self.fleet.kill_server(3, self._young)
        self._until(0.35)
        self._say("a replica dies")
        replicas["app2"].kill()
        time.sleep(3)
        replicas["app2"].start()
        self._more("app2", orders["app2"])
        self._until(0.5)
        self._say("a server dies and comes back empty")
        self.fleet.kill_server(2, self._young)
        time.sleep(3)
        self.fleet.engines[2].start()
        self._until(0.6)
        if self.fleet.postgres:
            self._say(f"the database is away for {self._away:.0f} s")
            self.fleet.postgres.kill()
            time.sleep(self._away)
            self.fleet.postgres.start()
        self._until(0.75)
        self._say("all replicas die")
        for replica in replicas.values():
            replica.kill()
        for replica in replicas.values():
            replica.start()
        for name, chains in orders.items():
            self._more(name, chains)
        self._until(1.0)
        while self.fleet.store.unfinished():  # stored, but its replica died before it said so
            self._in_time()
            time.sleep(0.5)
        self._say("all have ended")

    def check(self) -> None:
        with Image.open(self.fleet.picture) as source:
            inverted = 255 - np.asarray(source)
        jobs = everything(self.fleet.store)
        known = {job.id for job in jobs}
        promised = self.fleet.promised()
        self.counts["promised"] = len(promised)
        self.counts["lost"] = sum(job_id not in known for job_id in promised)
        for job in jobs:
            self.counts["jobs"] += 1
            self.counts[job.status] += 1
            self.counts["sent again"] += job.again
            right = np.concatenate([inverted] * 2, axis=1) if job.links else inverted
            self.counts["wrong file"] += job.status == COMPLETED and not self._is(job, right)
            if job.status != COMPLETED:
                print(job)
        for replica in self.fleet.replicas.values():
            log = (self.fleet.folder / f"{replica.name}.log").read_text()
            self.counts["jobs taken up"] += log.count("is taken up again")
        self._count_re_runs()

    def _count_re_runs(self) -> None:
        """A re-run is a prompt on which a server began to work once more."""
        begun = self.fleet.begun()
        times = Counter(one.job for one in begun)
        deaths = Counter(one.death for one in begun if one.death and times[one.job] > 1)
        whole = Counter(one.job for one in begun if not one.death)
        self.counts["re-runs"] = sum(times.values()) - len(times)
        self.counts["most re-runs by one death"] = max(deaths.values(), default=0)
        self.counts["re-runs without a death"] = sum(n - 1 for n in whole.values())

    @property
    def failed(self) -> bool:
        """What waited in the queue of a server that died is sent again, but runs once."""
        counts = self.counts
        again = counts["most re-runs by one death"] > 1 or counts["re-runs without a death"]
        again = again or counts["sent again"] > DEATHS * PER_SERVER
        whole = counts[COMPLETED] == counts["jobs"] >= counts["promised"]
        whole = whole and counts["promised"] == PER_CHAIN * self._chains
        return not whole or bool(again or counts["lost"] or counts["wrong file"])

    def _is(self, job: Job, right: np.ndarray) -> bool:
        path = Path(self.fleet.options["storage"]) / "outputs" / job.id
        files = sorted(path.iterdir())
        with Image.open(files[0]) as result:
            return len(files) == 1 and np.array_equal(np.asarray(result), right)

    def _more(self, name: str, chains: int) -> None:
        replica = self.fleet.replicas[name]
        assert replica.ready.wait(60)
        replica.order(chains=chains - len(replica.ids), nap=self._nap, most=16)

    def _ended(self) -> int:
        return sum(job.finished for job in everything(self.fleet.store))

    def _until(self, part: float) -> None:
        wanted = part * self._chains * PER_CHAIN
        while self._ended() < wanted:
            self._in_time()
            time.sleep(0.5)

    def _in_time(self) -> None:
        over = time.monotonic() - self._began > self._limit
        assert not over, f"only {self._ended()} jobs have ended"

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:5.0f} s, {self._ended()} ended: {what}", flush=True)


def run(folder: Path, **how: object) -> Survival:
    survival = Survival(folder, **how)  # type: ignore[arg-type]  checked where it is called
    try:
        survival.run()
        survival.check()
    finally:
        survival.fleet.close()
    return survival


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--nap", type=float, default=1.2, help="seconds of work of a branch")
    parser.add_argument("--away", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=900, help="after that it has failed")
    parser.add_argument("--sqlite", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        survival = run(
            Path(folder),
            chains=given.chains,
            nap=given.nap,
            away=given.away,
            limit=given.seconds,
            postgres=not given.sqlite,
        )
    print(dict(survival.counts))
    print("FAILED" if survival.failed else "ok")
    return survival.failed


if __name__ == "__main__":
    sys.exit(main())

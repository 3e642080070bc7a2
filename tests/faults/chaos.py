"""Chains of jobs while everything dies at random.

`python -m tests.faults.chaos --chains 300 --seed 1`

Killed: the studio's process (SIGKILL), the engine's (SIGKILL), connections, answers, the engine's
memory. At the end every job that was acknowledged must be there, with the right picture, after one
run; one more only for a death of the engine, which takes results with it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from comfy.jobs.job import COMPLETED
from comfy.jobs.store import Store
from tests.conftest import EngineProcess
from tests.faults.crash_process import Order, StudioProcesses
from tests.faults.proxy import FaultProxy
from tests.faults.rig import a_picture, everything, leases, runs, shows

NETWORK = {"cut_before": 2, "cut_after": 2, "delay": 2, "bad_gateway": 2, "truncate": 2}  # percent
DEATHS = {"studio": 4, "engine": 2, "forget": 1, "drop": 5}  # weights
EVERY = 1.0  # seconds between two deaths, in the middle
NAP = 0.4  # seconds a chain's first job works at most


class Chaos:
    """One run. The same seed throws the same dice, though not at the same microsecond."""

    def __init__(self, folder: Path, chains: int, seed: int, limit: float) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.engine = EngineProcess(folder / "engine")
        self.engine.start()
        self.proxy = FaultProxy(self.engine.url)
        self._chains, self._seed = chains, seed
        self._deadline = time.monotonic() + limit
        self._dice = random.Random(seed)
        self._network_dice = random.Random(seed + 1)
        self._pid = 0
        self.promised: list[str] = []
        self._done = threading.Event()

    def run(self) -> None:
        """Until every job has ended, or the time is over."""
        self.proxy.choose(self._fault)
        studio = threading.Thread(target=self._keep_a_studio, name="chaos studio")
        studio.start()
        while not self._done.wait(self._dice.uniform(0.5, 1.5) * EVERY):
            if time.monotonic() > self._deadline:
                self.counts["out of time"] += 1
                self._kill_studio()
                break
            if len(self.promised) < 2 * self._chains:  # the end is for those that are left
                self._kill_something()
        self._done.set()
        studio.join()

    def close(self) -> None:
        self.proxy.close()
        self.engine.kill()

    def check(self) -> None:
        """Count what became of the jobs."""
        picture = a_picture(self.folder / "picture.png")
        data = self.folder / "data"
        store = Store(f"sqlite:///{(data / 'studio.sqlite').resolve()}", data)
        self.counts["lost"] = sum(1 for job_id in self.promised if store.get(job_id) is None)
        for job in everything(store):
            self.counts["jobs"] += 1
            self.counts[job.status] += 1
            if job.status != COMPLETED:
                print(job.id, job.status, job.phase, job.error, job.again)
            elif not shows(job, picture, inverted=not job.links):
                self.counts["wrong file"] += 1
            self.counts["runs too many"] += max(0, runs(self.engine.folder, job) - 1)
        store.close()
        self.counts["leases left"] = len(leases(data))

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        deaths = self.counts["engine"] + self.counts["forget"]
        return (
            bool(self.counts["lost"] + self.counts["wrong file"] + self.counts["leases left"])
            or self.counts[COMPLETED] != self.counts["jobs"]
            or self.counts["jobs"] < 2 * self._chains
            or self.counts["runs too many"] > 2 * deaths  # a server has two prompts of ours
            or bool(self.counts["out of time"])
        )

    def _keep_a_studio(self) -> None:
        """What a service manager does: start it again until it ends by itself."""
        processes = StudioProcesses()
        code = -9
        while code != 0 and not self.counts["out of time"]:
            left = self._chains - len(self.promised) // 2
            seed = self._seed + self.counts["studio"]
            order = Order(str(self.folder), self.proxy.url, left, pause=0.5, nap=NAP, seed=seed)
            for said in processes.run(order):
                self._pid = said.get("pid", self._pid)
                self.promised += said.get("ids", [])
                code = said.get("code", code)
            self._pid = 0
            self.counts["studio starts"] += 1
        processes.close()
        self._done.set()

    def _fault(self, _number: int, _method: str, path: str) -> str:
        dice = self._network_dice.uniform(0, 100)
        for fault, percent in NETWORK.items():
            if dice < percent:
                self.counts[f"network {fault}"] += 1
                return fault
            dice -= percent
        return ""

    def _kill_something(self) -> None:
        kind = self._dice.choices(list(DEATHS), weights=list(DEATHS.values()))[0]
        self.counts[kind] += 1
        match kind:
            case "studio":
                self._kill_studio()
            case "engine":
                self.engine.kill()
                time.sleep(self._dice.uniform(0, 1))
                self.engine.start()
            case "forget":
                self.engine.fault(forget=True)
            case "drop":
                self.counts["connections dropped"] += self.proxy.drop()

    def _kill_studio(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)


def run(folder: Path, chains: int, seed: int, limit: float) -> Chaos:
    chaos = Chaos(folder, chains, seed, limit)
    try:
        chaos.run()
        chaos.check()
    finally:
        chaos.close()
    return chaos


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="after that it has failed")
    options = parser.parse_args()
    began = time.monotonic()
    before = threading.active_count()
    with tempfile.TemporaryDirectory() as folder:
        chaos = run(Path(folder), options.chains, options.seed, options.seconds)
    for name in ("lost", "wrong file", "runs too many", "leases left"):
        print(f"{name}: {chaos.counts.pop(name, 0)}")
    print(dict(chaos.counts))
    print(f"threads left: {threading.active_count() - before}; {time.monotonic() - began:.0f} s")
    print("FAILED" if chaos.failed else "ok")
    return chaos.failed


if __name__ == "__main__":
    sys.exit(main())

"""Each HTTP exchange of a chain of two jobs, broken in each way.

`python -m tests.faults.every_exchange`

Once with websockets, and once without any, when polling does their work.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from comfy.jobs.job import COMPLETED, Job
from tests.conftest import EngineProcess
from tests.faults.proxy import FAULTS, FaultProxy
from tests.faults.rig import Rig, runs, shows, threads, wait_for

LIMIT = 30.0  # seconds a chain may take with one fault; without faults it takes 0.3


@dataclass(frozen=True)
class Case:
    """The fault of exchange number `at`, with or without websockets."""

    fault: str
    at: int
    sockets: bool


@dataclass(frozen=True)
class Bench:
    """A studio that reaches an engine through the proxy."""

    engine: EngineProcess
    proxy: FaultProxy
    rig: Rig

    def exchanges(self, *, sockets: bool) -> int:
        """How many exchanges a chain has when nothing goes wrong."""
        self._arm(Case("", -1, sockets))
        jobs = self.rig.chain()
        assert [self.rig.finished(job).status for job in jobs] == [COMPLETED] * 2
        return len(self.proxy.exchanges)

    def run(self, case: Case) -> list[str]:
        """Run a chain with this fault in it; returns what went wrong."""
        self._arm(case)
        began = time.monotonic()
        jobs = [self.rig.finished(job, 2 * LIMIT) for job in self.rig.chain()]
        wait_for(lambda: not self.rig.leases(), 5)
        wrong = [f"{job.status} {job.error}" for job in jobs if job.status != COMPLETED]
        if not wrong:
            wrong += ["another picture"] if not self._right(jobs) else []
        wrong += [f"sent twice: {job.id}" for job in jobs if self._sent(job) > 1]
        # A network that sends a request twice makes the server run it twice, and nobody can tell.
        if case.fault != "duplicate":
            wrong += ["ran twice" for job in jobs if runs(self.engine.folder, job) > 1]
        took = time.monotonic() - began
        return wrong + ([f"took {took:.0f} s"] if took > LIMIT else [])

    def _right(self, jobs: list[Job]) -> bool:
        return all(
            shows(job, self.rig.picture, inverted=number == 0) for number, job in enumerate(jobs)
        )

    def _sent(self, job: Job) -> int:
        """How many requests to run this job reached the server."""
        arrived = (x for x in self.proxy.exchanges if x.prompt_id == job.id)
        lost = {"cut_before", "bad_gateway", "too_many", "black_hole"}
        return sum(1 for exchange in arrived if exchange.fault not in lost)

    def _arm(self, case: Case) -> None:
        def choose(number: int, _method: str, path: str) -> str:
            if number == case.at:
                return case.fault
            return "bad_gateway" if path.startswith("/ws") and not case.sockets else ""

        self.proxy.choose(choose)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """An engine, a proxy and a studio; at the end their threads must be gone."""
    engine = EngineProcess(folder / "engine")
    engine.start()
    proxy = FaultProxy(engine.url)
    rig = Rig(folder, proxy.url)
    try:
        rig.ready()
        yield Bench(engine, proxy, rig)
        wait_for(lambda: not threads(), 15)
    finally:
        rig.close()
        proxy.close()
        engine.kill()


def cases(counts: dict[bool, int]) -> list[Case]:
    """Everything, by numbers of exchanges with and without sockets."""
    return [
        Case(fault, at, sockets)
        for sockets, count in counts.items()
        for at in range(count)
        for fault in FAULTS
    ]


def main() -> int:
    began = time.monotonic()
    wrong: list[tuple[Case, list[str]]] = []
    slowest: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as on:
        before = threading.active_count()
        counts = {sockets: on.exchanges(sockets=sockets) for sockets in (True, False)}
        everything = cases(counts)
        for case in everything:
            started = time.monotonic()
            if found := on.run(case):
                wrong.append((case, found))
                print(case, found, flush=True)
            took = round(1000 * (time.monotonic() - started))
            slowest[case.fault] = max(slowest[case.fault], took)
        wait_for(lambda: threading.active_count() <= before + 4, 30)
    print(f"exchanges of a chain: {counts[True]} with sockets, {counts[False]} without")
    print(f"faults: {len(FAULTS)}; cases: {len(everything)}; wrong: {len(wrong)}")
    print(f"slowest chain by fault, in ms: {dict(slowest)}")
    print(f"{time.monotonic() - began:.0f} s")
    return bool(wrong)


def sample(everything: list[Case], count: int, seed: int) -> list[Case]:
    """Some of them, the same for the same seed."""
    return random.Random(seed).sample(everything, min(count, len(everything)))


if __name__ == "__main__":
    sys.exit(main())

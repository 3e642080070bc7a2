"""Studios in processes that may be killed, or that end themselves at their n-th durable write.

A server of forks, so that each studio starts without importing everything again: it reads one
order (JSON) a line, and writes what its studio says: {"pid"}, {"ids"} after each chain that was
acknowledged, {"commits"} when nothing is left to do, and at the end {"code"}.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.jobs.store import Store
from tests.faults.rig import STEADY, Rig

MOST_AT_ONCE = 8  # unfinished jobs; a person would not give more either
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Order:
    """A studio on `folder` and `server` that submits chains and works until all jobs have ended.

    `crash_at`: the process ends without a word just before its commit of this number, from 1.
    Every chain begins with a nap of up to `nap` seconds if that is not 0.
    """

    folder: str
    server: str
    chains: int = 0
    crash_at: int = 0
    pause: float = 0.0
    nap: float = 0.0
    seed: int = 0


class StudioProcesses:
    """The side of the tests: starts a studio and hears what it says."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.crash_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Order) -> Iterator[dict[str, Any]]:
        """Start a studio; yields all it says, the last thing being {"code"}."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(asdict(order)) + "\n")
        self._server.stdin.flush()
        for line in self._server.stdout:
            said = json.loads(line)
            yield said
            if "code" in said:
                return

    def close(self) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(30)
        self._server.stdout.close()


def say(**what: object) -> None:
    """One line, whole: also if a kill comes right after it."""
    os.write(1, (json.dumps(what) + "\n").encode())


def work(order: Order) -> None:
    """Be the studio of this order, until all its jobs have ended."""
    commits = _count_commits(order.crash_at)
    folder = Path(order.folder)
    rig = Rig(folder, order.server, patience=STEADY)
    store = Store(f"sqlite:///{(folder / 'data/studio.sqlite').resolve()}", folder / "data")
    dice = random.Random(order.seed)
    for _ in range(order.chains):
        while len(store.unfinished()) > MOST_AT_ONCE:
            time.sleep(0.02)
        say(ids=[job.id for job in rig.chain(dice.uniform(0, order.nap) if order.nap else None)])
        time.sleep(dice.uniform(0, order.pause))
    while store.unfinished() or rig.leases():
        time.sleep(0.02)
    say(commits=commits[0])
    store.close()
    rig.close()


def _count_commits(crash_at: int) -> list[int]:
    """Count the commits of every database engine of this process: ours and that of DBOS."""
    seen = [0]

    def commit(_connection: object) -> None:
        seen[0] += 1
        if seen[0] == crash_at:
            os._exit(9)

    sa.event.listen(sa.Engine, "commit", commit)
    return seen


def serve() -> None:
    for line in sys.stdin:
        order = Order(**json.loads(line))
        if (pid := os.fork()) == 0:
            say(pid=os.getpid())
            work(order)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        say(code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()

"""The studio's process ended at each durable write, ours and DBOS's, then started again.

`python -m tests.faults.every_commit`
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from comfy.jobs.job import COMPLETED
from comfy.jobs.store import Store
from tests.conftest import EngineProcess
from tests.faults.crash_process import Order, StudioProcesses
from tests.faults.rig import a_picture, everything, leases, runs, shows


def commits_of_a_chain(processes: StudioProcesses, engine: EngineProcess, folder: Path) -> int:
    """How many commits there are from the first start to the last job's end."""
    said = list(processes.run(Order(str(folder), engine.url, chains=1)))
    return int(next(item["commits"] for item in said if "commits" in item))


def crash_and_restart(
    processes: StudioProcesses, engine: EngineProcess, folder: Path, crash_at: int
) -> list[str]:
    """End the studio just before this commit, start it again; returns what went wrong."""
    first = list(processes.run(Order(str(folder), engine.url, chains=1, crash_at=crash_at)))
    if first[-1]["code"] != 9:
        return []  # fewer commits this time
    promised = [job_id for item in first for job_id in item.get("ids", [])]
    began = time.monotonic()
    second = list(processes.run(Order(str(folder), engine.url)))
    wrong = [] if second[-1]["code"] == 0 else [f"restart ended with {second[-1]['code']}"]
    wrong += check(folder, engine.folder, promised)
    took = time.monotonic() - began
    return wrong + ([f"restart took {took:.0f} s"] if took > 20 else [])


def check(folder: Path, engine_folder: Path, promised: list[str]) -> list[str]:
    """What is wrong with the stored jobs: all must have ended well, after one run each."""
    picture = a_picture(folder / "picture.png")
    store = Store(f"sqlite:///{(folder / 'data/studio.sqlite').resolve()}", folder / "data")
    wrong = [f"acknowledged and lost: {i}" for i in promised if store.get(i) is None]
    for job in everything(store):
        if job.status != COMPLETED:
            wrong.append(f"{job.id} {job.status} {job.phase} {job.error}")
        elif not shows(job, picture, inverted=not job.links):
            wrong.append(f"{job.id} has another picture")
        if (count := runs(engine_folder, job)) != 1:
            wrong.append(f"{job.id} ran {count} times")
    store.close()
    return wrong + [f"leased: {job_id}" for job_id in leases(folder / "data")]


def main() -> int:
    began = time.monotonic()
    failures = 0
    processes = StudioProcesses()
    with tempfile.TemporaryDirectory() as name:
        engine = EngineProcess(Path(name) / "engine")
        engine.start()
        count = commits_of_a_chain(processes, engine, Path(name) / "whole")
        for crash_at in range(1, count + 1):
            if wrong := crash_and_restart(processes, engine, Path(name) / str(crash_at), crash_at):
                failures += 1
                print(f"commit {crash_at}: {wrong}", flush=True)
        engine.kill()
    processes.close()
    print(f"commits from start to end of a chain: {count}; wrong: {failures}")
    print(f"{time.monotonic() - began:.0f} s")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

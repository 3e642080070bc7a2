"""What the durable job path adds to a server's own work, and what an idle studio costs.

`python -m tests.bench.jobs [--jobs 40] [--idle 20]`: a studio with its database on this disk, an
engine in another process, the smallest job there is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import requests

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.patience import Patience
from tests.conftest import EngineProcess
from tests.faults.rig import Rig

TICKS = os.sysconf("SC_CLK_TCK")  # a second of processor time, in /proc


def server_ms(engine: EngineProcess, job: Job) -> float:
    """How long the server worked on it, by its own clock: execution_start to execution_success."""
    entry = requests.get(f"{engine.url}/history/{job.id}", timeout=10).json()[job.id]
    messages = {kind: data for kind, data in entry["status"]["messages"]}
    return float(
        messages["execution_success"]["timestamp"] - messages["execution_start"]["timestamp"]
    )


def one_job(rig: Rig, engine: EngineProcess) -> tuple[float, float]:
    """Milliseconds from submit to the file in the store; of these not the server's own."""
    began = time.perf_counter()
    job = rig.submit()
    while not (found := rig.now(job)).finished:
        time.sleep(0.002)
    whole = 1000 * (time.perf_counter() - began)
    assert found.status == COMPLETED, found.error
    return whole, whole - server_ms(engine, job)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle(seconds: float, pids: dict[str, int]) -> dict[str, float]:
    """Percent of one core that each process uses while nothing is to do."""
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    return {n: round(100 * (cpu_seconds(p) - before[n]) / seconds, 2) for n, p in pids.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        engine = EngineProcess(Path(name) / "engine")
        engine.start()
        rig = Rig(Path(name), engine.url, patience=Patience())
        rig.ready()
        one_job(rig, engine)
        times = sorted(one_job(rig, engine) for _ in range(options.jobs))
        whole = [pair[0] for pair in times]
        added = sorted(pair[1] for pair in times)
        print(f"{options.jobs} jobs one after the other: {statistics.median(whole):.0f} ms each")
        print(f"added by us: median {statistics.median(added):.0f} ms, worst {added[-1]:.0f} ms")
        time.sleep(3)
        used = idle(options.idle, {"studio": os.getpid(), "engine": engine.pid})
        print(f"idle, percent of a core: {used}")
        rig.close()
        engine.kill()


if __name__ == "__main__":
    main()

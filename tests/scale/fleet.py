"""A fleet of processes on loopback: replicas, servers, a database; each may be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from comfy.jobs.store import Store
from comfy.settings import Settings
from tests.conftest import ROOT, EngineProcess
from tests.postgres import Postgres
from tests.scale.replica import prepare

DIED = "killed"
BEGINS = " begins"


@dataclass(frozen=True)
class Begun:
    """A server began to work on a job's prompt. `death`: which death of a server ended that life
    of it; "" for none."""

    job: str
    death: str


class Replica:
    """One process; what it says is collected by a thread."""

    def __init__(
        self, folder: Path, name: str, options: dict[str, str], *, patient: bool = False
    ) -> None:
        self._folder, self.name, self._options = folder, name, options
        self._patient = patient
        self._data = folder / "replicas" / name
        self.ids: list[list[str]] = []
        self.ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.ready.clear()
        with (self._folder / f"{self.name}.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.scale.replica", str(self._folder), str(self._data)]
                + [json.dumps(self._options), *(["patient"] if self._patient else [])],
                cwd=ROOT,
                env={**os.environ, "COMFY_ENGINE_FAULTS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def order(self, *, nap: float, chains: int = 0, naps: int = 0, most: int = 100) -> None:
        assert self._process and self._process.stdin
        order = {"chains": chains, "naps": naps, "nap": nap, "most": most}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    @property
    def id(self) -> str:
        return (self._data / "replica-id").read_text()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._end(self._process)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process
        self._process.terminate()
        return self._end(self._process)

    def _end(self, process: subprocess.Popen[str]) -> int:
        code = process.wait(30)
        if process.stdin:
            process.stdin.close()
        return code

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "ids" in said:
                    self.ids.append(said["ids"])
                else:
                    self.ready.set()


class Fleet:
    """Servers, replicas and their database; `store` looks at it from outside."""

    def __init__(
        self,
        folder: Path,
        *,
        servers: int,
        replicas: list[str],
        postgres: bool,
        patient: bool = False,
    ) -> None:
        """`patient` as in real life, or as tests are."""
        self.folder = folder
        self.picture = prepare(folder)
        self.postgres = Postgres() if postgres else None
        if self.postgres:
            self.postgres.start()
        sqlite = f"sqlite:///{(folder / 'studio.sqlite').resolve()}"
        url = self.postgres.url if self.postgres else sqlite
        self.logs = [folder / f"engine{n}.log" for n in range(servers)]
        self.engines = [EngineProcess(log.with_suffix(""), log=log) for log in self.logs]
        for engine in self.engines:
            engine.start()
        self.options = {
            "servers": ",".join(engine.url for engine in self.engines),
            "database-url": url,
            "storage": str(folder / "shared"),
        }
        database = Settings.load(["--database-url", url], {}).database
        self.store = Store(database, folder / "looking")
        self.replicas = {
            name: Replica(folder, name, self.options, patient=patient) for name in replicas
        }
        for replica in self.replicas.values():
            replica.start()
        for replica in self.replicas.values():
            assert replica.ready.wait(60), f"{replica.name} did not start"

    def promised(self) -> list[str]:
        """The ids of all jobs that were acknowledged."""
        return [i for r in self.replicas.values() for ids in list(r.ids) for i in ids]

    def kill_server(self, number: int, young: float) -> None:
        """SIGKILL while it runs a prompt, but holds no result that was not fetched yet: that would
        die as well. The prompt began at most `young` seconds ago; with 0 the server may be idle."""
        wait_for(lambda: self._may_die(number, young), 200)
        self.engines[number].kill()
        with self.logs[number].open("a") as log:
            log.write(f"{DIED}\n")

    def _may_die(self, number: int, young: float) -> bool:
        begun = [line for line in self.logs[number].read_text().splitlines() if BEGINS in line]
        jobs = {job.id: job for job in self.store.unfinished()}
        unfinished = [job for line in begun if (job := line.split()[-2]) in jobs]
        if not unfinished:
            return not young
        if unfinished != [begun[-1].split()[-2]] or jobs[unfinished[0]].task != "nap":
            return False
        began = datetime.strptime(begun[-1][:23], "%Y-%m-%d %H:%M:%S,%f")
        return (datetime.now() - began).total_seconds() < young

    def begun(self) -> list[Begun]:
        """Every time that a server began to work on a prompt."""
        return [begun for n, log in enumerate(self.logs) for begun in _read(n, log)]

    def close(self) -> None:
        for replica in self.replicas.values():
            replica.kill()
        for engine in self.engines:
            engine.kill()
        self.store.close()
        if self.postgres:
            self.postgres.close()


def _read(server: int, log: Path) -> list[Begun]:
    *ended, last = log.read_text().split(DIED)
    lives = [(f"{server}/{n}", text) for n, text in enumerate(ended)] + [("", last)]
    return [
        Begun(line.split()[-2], death)
        for death, text in lives
        for line in text.splitlines()
        if line.endswith(BEGINS)
    ]


def wait_for(condition, seconds: float = 60) -> float:
    """Poll until the condition holds; returns how long that took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.1)
    return time.monotonic() - began

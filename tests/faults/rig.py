"""A studio with tasks so cheap that only the way of a job through it costs time."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from PIL import Image

from comfy.jobs.job import Job, Link
from comfy.jobs.patience import Patience
from comfy.jobs.store import Store
from comfy.jobs.studio import Studio
from comfy.jobs.tables import JOBS, LEASES, from_row
from comfy.settings import Settings

QUICK = Patience(answer=(0.5, 0.7), away=6.0, stall=5.0, look=60.0, retry=0.2, sweep=1.0)
STEADY = Patience(answer=(1.0, 3.0), away=6.0, look=0.5, retry=0.2, sweep=2.0)
INPUTS = 'order = 1\noutput = "image"\n[inputs.image]\nkind = "image"\n'
BINDINGS = (
    'order = 10\nquality = "full"\n[output]\nclass_type = "SaveImage"\n'
    '[bind.image]\nnode = { class_type = "LoadImage" }\ninput = "image"\n'
)
SECONDS = '[inputs.seconds]\nkind = "number"\ndefault = 1.0\nmin = 0.0\nmax = 600.0\n'
SECONDS_BOUND = '[bind.seconds]\nnode = { class_type = "%s" }\ninput = "seconds"\n'


def write_workflows(folder: Path, sleeper: str = "EngineSleep") -> Path:
    """Two tasks: `invert` a picture, and `nap` before the picture is inverted."""
    load = {"class_type": "LoadImage", "inputs": {"image": ""}}
    nap = {"class_type": sleeper, "inputs": {"image": ["1", 0], "seconds": 1.0, "steps": 10}}
    invert = {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}
    inverted_nap = {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}}
    _write_task(folder / "invert", INPUTS, BINDINGS, {"1": load, "3": invert})
    bindings = BINDINGS + SECONDS_BOUND % sleeper
    nodes = {"1": load, "2": nap, "3": inverted_nap}
    _write_task(folder / "nap", INPUTS + SECONDS, bindings, nodes)
    return folder


def _write_task(folder: Path, task: str, variant: str, nodes: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.toml").write_text(task)
    write_variant(folder / "only", variant, nodes)


def write_variant(place: Path, manifest: str, nodes: dict[str, object]) -> None:
    """The two files of a variant; what its node 3 makes is saved."""
    place.with_suffix(".toml").write_text(manifest)
    saving = {"images": ["3", 0], "filename_prefix": "x"}
    nodes = {**nodes, "4": {"class_type": "SaveImage", "inputs": saving}}
    place.with_suffix(".json").write_text(json.dumps(nodes))


class Rig:
    """An open studio over these servers, a picture to invert, and looks behind the scenes."""

    def __init__(
        self,
        folder: Path,
        *servers: str,
        patience: Patience = QUICK,
        sleeper: str = "EngineSleep",
        database: str = "",
    ) -> None:
        workflows = write_workflows(folder / "workflows", sleeper)
        arguments = ["--data", str(folder / "data"), "--max-jobs", "10000"]
        if servers:
            arguments += ["--servers", ",".join(servers)]
        if database:
            arguments += ["--database-url", database]
        self.studio = Studio(Settings.load(arguments, {}), workflows, patience)
        self.data = folder / "data"
        self.picture = a_picture(folder / "picture.png")
        self.studio.start()

    def ready(self) -> None:
        """Wait until every server is there and known."""
        wait_for(lambda: self.studio.servers() and all(s.online for s in self.studio.servers()))

    def submit(self, image: Path | Job | None = None, seconds: float | None = None) -> Job:
        """A job of nobody else's: never a twin."""
        given = Link(image.id) if isinstance(image, Job) else (image or self.picture)
        values = {"image": given} if seconds is None else {"image": given, "seconds": seconds}
        task = "invert" if seconds is None else "nap"
        return self.studio.submit(task, values, owner=uuid.uuid4().hex)

    def chain(self, seconds: float | None = None) -> list[Job]:
        """Two jobs and a link; inverted twice, the picture is itself again."""
        first = self.submit(seconds=seconds)
        return [first, self.submit(first)]

    def finished(self, job: Job, seconds: float = 60) -> Job:
        """The job when it has ended."""
        wait_for(lambda: self.now(job).finished, seconds)
        return self.now(job)

    def now(self, job: Job) -> Job:
        found = self.studio.job(job.id)
        assert found is not None
        return found

    def leases(self) -> list[str]:
        """The jobs that hold a server."""
        return leases(self.data)

    def close(self) -> None:
        self.studio.close()


def leases(data: Path) -> list[str]:
    """The jobs that hold a server, from the database of a data folder."""
    store = Store(f"sqlite:///{(data / 'studio.sqlite').resolve()}", data)
    with store.transaction() as connection:
        found = [str(job) for (job,) in connection.execute(sa.select(LEASES.c.job))]
    store.close()
    return found


def everything(store: Store) -> list[Job]:
    """All jobs of a store, of whoever."""
    rows = store.database.read(lambda c: c.execute(sa.select(JOBS)).mappings().all())
    return [from_row(dict(row), store.folder) for row in rows]


def a_picture(path: Path) -> Path:
    """40 x 32 pixels, the same each time."""
    pixels = (np.arange(40 * 32 * 3) * 7 % 251).astype(np.uint8).reshape(32, 40, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def shows(job: Job, picture: Path, *, inverted: bool) -> bool:
    """Whether the job has one result, and it is the picture as it should be."""
    if len(job.outputs) != 1:
        return False
    with Image.open(job.outputs[0].path) as result, Image.open(picture) as source:
        expected = 255 - np.asarray(source) if inverted else np.asarray(source)
        return bool(np.array_equal(np.asarray(result.convert("RGB")), expected))


def runs(engine_folder: Path, job: Job) -> int:
    """How often a server ran the job to its end: each run writes a file of the next number."""
    return len(list((engine_folder / "output/studio").glob(f"{job.id}*.png")))


def threads() -> list[str]:
    """Threads that are about a job or a connection, and should be gone when nothing is going on."""
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("socket "))


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Poll until the condition holds; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)

"""One replica in a process of its own: `python -m tests.scale.replica FOLDER DATA OPTIONS`

FOLDER has the workflows and the picture, OPTIONS (JSON) are the studio's settings; with `patient`
after them it waits as long as in real life. It reads one order a line, {"chains": 3, "naps": 0,
"nap": 0.3, "most": 20}, and prints the ids of each chain when it was acknowledged. A chain is two
naps and a third job that joins their pictures.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
import time
import uuid
from pathlib import Path

from comfy.jobs.job import Link
from comfy.jobs.patience import Patience
from comfy.jobs.studio import Studio
from comfy.settings import Settings
from tests.faults.rig import BINDINGS, INPUTS, a_picture, write_workflows

PATIENCE = Patience(answer=(1.0, 5.0), look=1.0, retry=0.5, sweep=5.0)
JOIN = '[inputs.other]\nkind = "image"\n'
JOIN_BOUND = (
    '[bind.other]\nnode = { class_type = "LoadImage", feeds = "EngineJoin.other" }\n'
    'input = "image"\n'
)


def prepare(folder: Path) -> Path:
    """The workflows `nap`, `invert` and `join`, and a picture; returns the picture's path."""
    write_workflows(folder / "workflows")
    join = folder / "workflows/join"
    join.mkdir(exist_ok=True)
    (join / "task.toml").write_text(INPUTS + JOIN)
    (join / "only.toml").write_text(
        BINDINGS.replace(
            'node = { class_type = "LoadImage" }',
            'node = { class_type = "LoadImage", feeds = "EngineJoin.image" }',
        )
        + JOIN_BOUND
    )
    load = {"class_type": "LoadImage", "inputs": {"image": ""}}
    joined = {"class_type": "EngineJoin", "inputs": {"image": ["1", 0], "other": ["2", 0]}}
    saved = {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
    nodes = {"1": load, "2": load, "3": joined, "4": saved}
    (join / "only.json").write_text(json.dumps(nodes))
    return a_picture(folder / "picture.png")


def main() -> None:
    folder, data, options = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    arguments = ["--data", data, "--max-jobs", "100000"]
    for name, value in options.items():
        arguments += [f"--{name}", value]
    patience = Patience() if "patient" in sys.argv[4:] else PATIENCE
    studio = Studio(Settings.load(arguments, {}), folder / "workflows", patience)
    studio.start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(json.dumps({"ready": True}), flush=True)
    reader = threading.Thread(target=_obey, args=(studio, folder), daemon=True)
    reader.start()
    stop.wait()
    studio.close()


def _obey(studio: Studio, folder: Path) -> None:
    dice = random.Random(folder.name)
    for line in sys.stdin:
        order = json.loads(line)
        for _ in range(order["naps"]):
            values = {"image": folder / "picture.png", "seconds": order["nap"]}
            studio.submit("nap", values, owner=uuid.uuid4().hex)
        waiting: list[str] = []
        for _ in range(order["chains"]):
            while len(waiting) >= order["most"]:
                waiting = [i for i in waiting if (job := studio.job(i)) and not job.finished]
                time.sleep(0.1)
            ids = chain(studio, folder / "picture.png", order["nap"] * dice.uniform(0.7, 1.3))
            waiting.append(ids[-1])
            print(json.dumps({"ids": ids}), flush=True)


def chain(studio: Studio, picture: Path, nap: float) -> list[str]:
    owner = uuid.uuid4().hex
    branches = [
        studio.submit("nap", {"image": picture, "seconds": nap + n / 1000}, owner=owner)
        for n in (0, 1)
    ]
    first, second = (Link(job.id) for job in branches)
    last = studio.submit("join", {"image": first, "other": second}, owner=owner)
    return [*(job.id for job in branches), last.id]


if __name__ == "__main__":
    main()

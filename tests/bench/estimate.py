"""How often a run takes what was told before it: `python -m tests.bench.estimate`

Simulated: 400 servers for each variant, none of which is as the manifest's guess has it: from a
third to three times as fast, with loading, start and work each off by some more. Sizes are what
people bring, times scatter by 8 %, every twentieth run takes half as long again, and every sixth
finds other models loaded. Measured, with `--measure`: the preview engine of this machine, runs of
pictures, texts and sounds of different sizes, each with an estimate before it.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from comfy.jobs.estimate import Past, learn
from comfy.jobs.job import COMPLETED
from comfy.jobs.sizes import Facts
from comfy.jobs.studio import WORKFLOWS, Studio
from comfy.jobs.told import Step
from comfy.settings import Settings
from comfy.workflow.pace import Pace
from comfy.workflow.task import first_guess, load_tasks

SERVERS, RUNS = 400, 8
CLOSE = 0.25  # a hit: the real time is within so much of the estimate
SHOWN = (0, 1, 2, 3, 5, 8)  # runs before
ASSETS = Path(__file__).parent.parent.parent / "assets"


def facts(dice: random.Random) -> Facts:
    """A picture of 0.3 to 12 megapixels, and 2 to 60 seconds of speech."""
    side = math.exp(dice.uniform(math.log(550), math.log(3500)))
    sound = math.exp(dice.uniform(math.log(2), math.log(60)))
    frame = dice.choice([(640, 640), (480, 832), (832, 480), (528, 704)])
    return Facts((int(side), int(side)), frame=frame, sound=sound)


def unlike(guess: Pace, dice: random.Random) -> Pace:
    """A server as there may be one."""
    speed = math.exp(dice.uniform(-math.log(3), math.log(3)))

    def other(seconds: float) -> float:
        return seconds * speed * math.exp(dice.gauss(0, 0.35))

    return Pace(guess.unit, other(guess.load), other(guess.start), other(guess.each))


def simulate(guess: Pace, seed: int = 1) -> list[float]:
    """The share of hits after 0, 1, 2, ... runs."""
    dice = random.Random(seed)
    hits = [0] * (RUNS + 1)
    for _ in range(SERVERS):
        real = unlike(guess, dice)
        past: tuple[Past, ...] = ()
        for number in range(RUNS + 1):
            size, cold = facts(dice).units(guess.unit), not past or dice.random() < 1 / 6
            took = real.seconds(size, cold=cold) * math.exp(dice.gauss(0, 0.08))
            took *= 1.5 if dice.random() < 0.05 else 1.0
            told = learn(guess, past).seconds(size, cold=cold)
            hits[number] += abs(took - told) <= CLOSE * told
            past = (*past, Past(size, took, cold))
    return [hit / SERVERS for hit in hits]


def table(rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    lines = [
        "| runs before | " + " | ".join(map(str, SHOWN)) + " |",
        "|---" * (len(SHOWN) + 1) + "|",
    ]
    for name, hits in rows:
        lines.append(f"| {name} | " + " | ".join(f"{hits[n]:.0%}" for n in SHOWN) + " |")
    return "\n".join(lines)


def simulated() -> str:
    rows = []
    for task in load_tasks(WORKFLOWS).values():
        for variant in task.variants[:1]:
            rows.append((f"{task.name}, {variant.name}", simulate(first_guess(task, variant))))
    return table(rows)


# ------------------------------------------------------------------ the preview engine


def picture(folder: Path, number: int, dice: random.Random) -> Path:
    path = folder / f"{number}.png"
    width = int(math.exp(dice.uniform(math.log(400), math.log(1600))))
    with Image.open(ASSETS / "keyframe.jpg") as image:
        image.resize((width, width * image.height // image.width)).save(path)
    return path


def sound(folder: Path, number: int, dice: random.Random) -> Path:
    path = folder / f"{number}.wav"
    samples, rate = soundfile.read(ASSETS / "voice-en.mp3")
    wanted = int(dice.uniform(1.5, 12) * rate)
    soundfile.write(path, np.tile(samples, 1 + wanted // len(samples))[:wanted], rate)
    return path


def text(dice: random.Random) -> str:
    words = "The quick brown fox jumps over the lazy dog and runs home to its young".split()
    return " ".join(dice.choice(words) for _ in range(dice.randint(4, 60))) + "."


def measure(studio: Studio, folder: Path, runs: int) -> str:
    """Runs that wait for nothing, each told before: the hits by number of runs before."""
    dice, lines = random.Random(7), []
    makes: dict[str, Callable[[int], dict[str, Any]]] = {
        "image_cleanup": lambda n: {"image": picture(folder, n, dice)},
        "voice_clone": lambda n: {
            "reference_audio": ASSETS / "voice-en.mp3",
            "text": text(dice),
            "seed": n,
        },
        "talking_head": lambda n: {
            "image": ASSETS / "portrait.jpg",
            "audio": sound(folder, n, dice),
            "seed": n,
        },
    }
    for task, make in makes.items():
        hits = []
        for number in range(runs):
            values = make(number)
            step = Step(task, "", studio.estimates.facts(task, values), values)
            told = studio.estimates.of([step], "me")
            *_, job = studio.watch(studio.submit(task, values, consent=True).id)
            assert told and job.status == COMPLETED
            took = job.ended - job.started
            hits.append(abs(took - told.seconds) <= CLOSE * told.seconds)
            print(f"  {task} {number}: told {told.low:.1f}-{told.high:.1f} s, took {took:.1f} s")
            time.sleep(1.1)  # what was learned is seen a second later
        early, late = hits[:5], hits[5:]
        lines.append(f"| {task} | {sum(early)} of {len(early)} | {sum(late)} of {len(late)} |")
    return "\n".join(["| measured | first 5 runs | later |", "|---|---|---|", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=int, default=0, help="runs of each task, on this machine")
    given = parser.parse_args()
    print(simulated())
    if given.measure:
        with tempfile.TemporaryDirectory() as name:
            studio = Studio.open(Settings.load(["--data", f"{name}/data"], {}))
            while not any(server.online for server in studio.servers()):
                time.sleep(0.1)
            try:
                print(measure(studio, Path(name), given.measure))
            finally:
                studio.close()


if __name__ == "__main__":
    main()

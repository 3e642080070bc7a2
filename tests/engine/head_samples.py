"""What the talking-head tests share: a portrait, artificial speech, a run that remembers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.engine.node import Interrupted

PORTRAIT = Path(__file__).parents[2] / "assets" / "portrait.jpg"
RATE = 16_000


def portrait(width: int = 384) -> npt.NDArray[np.uint8]:
    """The bundled sample portrait, RGB, scaled to this width."""
    with Image.open(PORTRAIT) as image:
        height = round(image.height * width / image.width)
        return np.asarray(image.convert("RGB").resize((width, height)))


def vowel(seconds: float, first: float = 750, second: float = 1300) -> npt.NDArray[np.float32]:
    """A buzz of 150 Hz with two formants; "a" unless told otherwise."""
    times = np.arange(int(seconds * RATE)) / RATE
    pitches = 150.0 * np.arange(1, 40)
    loudness = np.exp(-(((pitches - first) / 200) ** 2))
    loudness += 0.5 * np.exp(-(((pitches - second) / 250) ** 2)) + 0.02
    sound = (loudness[:, None] * np.sin(2 * np.pi * pitches[:, None] * times)).sum(0)
    scaled: npt.NDArray[np.float32] = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return scaled


def murmur(seconds: float) -> npt.NDArray[np.float32]:
    """A hum like "m": the pitch alone, softly."""
    times = np.arange(int(seconds * RATE)) / RATE
    return (0.06 * np.sin(2 * np.pi * 150 * times)).astype(np.float32)


def silence(seconds: float) -> npt.NDArray[np.float32]:
    return np.zeros(int(seconds * RATE), np.float32)


def sentence() -> npt.NDArray[np.float32]:
    """0.5 s silence, 0.5 s "a", 0.5 s silence, 0.5 s "a", 0.4 s "m", 0.5 s "a", 0.47 s silence."""
    parts = [silence(0.5), vowel(0.5), silence(0.5), vowel(0.5), murmur(0.4), vowel(0.5)]
    return np.concatenate([*parts, silence(0.47)])[None]


@dataclass
class RecordingRun:
    """A Run that writes down what a node reports and can be interrupted after some frames."""

    temp_folder: Path
    interrupt_after: int | None = None
    prompt_id: str = "prompt"
    node_id: str = "1"
    reports: list[tuple[int, int, Image.Image | None]] = field(default_factory=list)
    checks: int = 0
    interrupted_at: float = 0.0

    @property
    def input_folder(self) -> Path:
        return self.temp_folder

    @property
    def output_folder(self) -> Path:
        return self.temp_folder

    def progress(self, value: int, maximum: int, preview: Image.Image | None = None) -> None:
        self.reports.append((value, maximum, preview))
        self.check()

    def check(self) -> None:
        self.checks += 1
        if self.interrupt_after is not None and self.checks > self.interrupt_after:
            self.interrupted_at = time.monotonic()
            raise Interrupted

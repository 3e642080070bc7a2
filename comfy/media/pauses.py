"""Where a long speech can be cut: in the pauses between its sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from comfy.media.files import content_name, written_whole
from comfy.media.sounds import Levels

STEP = 0.04  # seconds: one frame at 25 a second, so that a cut falls between two frames
SILENT = 0.1  # of the loud parts' level
OVERLAP = 0.32  # seconds that two neighbours both have; the join blends one into the other there
EARLIEST, LATEST = 0.6, 1.3  # of an even share: where the cut of a part is looked for


def cuts(path: Path, longest: float) -> list[float]:
    """The times in seconds at which a WAV is cut, its start and end included.

    No part is longer than `longest` seconds with its overlap. Each cut is in the middle of the
    longest pause near an even share of what is left, so that no part is a mere rest.
    """
    levels, seconds = _levels(path)
    room = longest - OVERLAP
    if seconds <= longest or room <= 2 * OVERLAP:
        return [0.0, seconds]
    silent = levels < SILENT * np.percentile(levels, 95)
    found = [0.0]
    while seconds - found[-1] > room:
        left = seconds - found[-1]
        share = left / math.ceil(left / room)
        first, last = found[-1] + EARLIEST * share, found[-1] + min(LATEST * share, room)
        found.append(round(_best_pause(silent, levels, first, last), 2))
    return [*found, seconds]


def cut_sound(path: Path, times: list[float], folder: Path) -> list[Path]:
    """One WAV in `folder` for each part, with half of the overlap at each inner end."""
    made = []
    with soundfile.SoundFile(path) as file:
        for first, last in spans(times):
            target = folder / content_name(path, f"part-1-{first:.2f}-{last:.2f}", ".wav")
            file.seek(round(first * file.samplerate))
            samples = file.read(round((last - first) * file.samplerate), dtype="int16")
            with written_whole(target) as part:
                soundfile.write(part, samples, file.samplerate, "PCM_16")
            made.append(target)
    return made


def spans(times: Sequence[float]) -> Iterator[tuple[float, float]]:
    """When each part begins and ends, with half of the overlap at each inner end; seconds."""
    for start, end in zip(times, times[1:], strict=False):
        first = start - OVERLAP / 2 if start > 0 else 0.0
        yield first, end + OVERLAP / 2 if end < times[-1] else end


def _levels(path: Path) -> tuple[Levels, float]:
    """The root mean square of each STEP, and the length in seconds."""
    with soundfile.SoundFile(path) as file:
        blocks = file.blocks(round(file.samplerate * STEP))
        levels = [float(np.sqrt(np.mean(np.square(block, dtype=np.float64)))) for block in blocks]
        return np.array(levels), file.frames / file.samplerate


def _best_pause(silent: npt.NDArray[np.bool_], levels: Levels, first: float, last: float) -> float:
    """The middle of the longest pause between two times; without one, the quietest moment."""
    low, high = math.ceil(first / STEP), int(last / STEP)
    edges = np.flatnonzero(np.diff(np.r_[0, silent[low:high].astype(np.int8), 0]))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return float((low + int(np.argmin(levels[low:high]))) * STEP)
    start, end = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return float((low + (int(start) + int(end)) // 2) * STEP)

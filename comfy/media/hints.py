"""What will hurt a result, found in a picture or a sound before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image, ImageStat

from comfy.errors import InputError
from comfy.media.pictures import BROKEN, FORMATS, MOST_PIXELS
from comfy.media.sounds import LEVELS_A_SECOND, liveliest_start, sound_levels
from comfy.media.video import sharpness

Hint = tuple[str, dict[str, Any]]
"""A text key under `hint.` and what its sentence mentions."""

SMALL = 400  # pixels of the shorter side; the models work at 480 and more
BLURRED = 25.0  # see `sharpness`
DARK = 28.0  # mean of 8-bit grey
SHORT = 3.0  # seconds of a reference voice
QUIET = 0.02  # RMS of the louder parts: about -34 dBFS
FULL_SCALE = 0.985
CLIPPED = 0.0005  # share of samples at full scale


def picture_hints(path: Path) -> list[Hint]:
    """Hints for a picture of a person or a scene. Raises InputError picture_unusable."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise InputError("picture_unusable")
            image.draft("RGB", (512, 512))
            image.thumbnail((512, 512))
            grey = image.convert("L")
    except BROKEN as exc:
        raise InputError("picture_unusable") from exc
    hints: list[Hint] = []
    if min(width, height) < SMALL:
        hints.append(("small", {"width": width, "height": height, "limit": SMALL}))
    if ImageStat.Stat(grey).mean[0] < DARK:
        hints.append(("dark", {}))
    elif sharpness(grey) < BLURRED:
        hints.append(("blurred", {}))
    return hints


def sound_hints(path: Path, keep_seconds: float) -> list[Hint]:
    """Hints for a WAV; `keep_seconds` is how much of a reference is used, 0 for all of it."""
    with soundfile.SoundFile(path) as file:
        seconds = file.frames / file.samplerate
        levels = sound_levels(file)
        clipped = _clipped(file)
    if not len(levels):
        return []
    hints: list[Hint] = []
    if keep_seconds and seconds < SHORT:
        hints.append(("short", {"seconds": f"{seconds:.1f}"}))
    if np.percentile(levels, 95) < QUIET:
        hints.append(("quiet", {}))
    if clipped > CLIPPED:
        hints.append(("clipping", {}))
    if keep_seconds and seconds > keep_seconds + 0.5:
        start = liveliest_start(levels, keep_seconds) / LEVELS_A_SECOND
        times = {"start": _clock(start), "end": _clock(start + keep_seconds)}
        hints.append(("part", {"keep": keep_seconds, **times}))
    return hints


def _clipped(file: soundfile.SoundFile) -> float:
    file.seek(0)
    counts = [int((np.abs(block) >= FULL_SCALE).sum()) for block in file.blocks(file.samplerate)]
    return float(sum(counts) / max(1, file.frames))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

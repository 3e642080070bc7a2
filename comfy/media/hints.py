"""What will hurt a result, found in a picture or a sound before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image, ImageStat

from comfy.errors import InputError
from comfy.media.haar import FACE_LOOK, faces, near
from comfy.media.pictures import BROKEN, FORMATS, MOST_PIXELS
from comfy.media.sounds import LEVELS_A_SECOND, Levels, liveliest_start, sound_levels
from comfy.media.video import sharpness

Hint = tuple[str, dict[str, Any]]
"""A text key under `hint.` and what its sentence mentions."""

SMALL = 400  # pixels of the shorter side; the models work at 480 and more
BLURRED = 25.0  # see `sharpness`
SMALL_FACE = 100  # pixels across: the mouth is a fifth of it
DARK = 28.0  # mean of 8-bit grey
SHORT = 3.0  # seconds of a reference voice
QUIET = 0.02  # RMS of the louder parts: about -34 dBFS
NOISY = 15.0  # dB from the quietest tenth of a voice to its loudest; clear ones have 25 and more
FULL_SCALE = 0.985
CLIPPED = 0.0005  # share of samples at full scale


def picture_hints(path: Path, *, face: bool = False) -> list[Hint]:
    """Hints for a picture; with `face` it shall speak. Raises InputError picture_unusable."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise InputError("picture_unusable")
            image.draft("RGB", (FACE_LOOK, FACE_LOOK))
            image.thumbnail((FACE_LOOK, FACE_LOOK))
            look = image.convert("L")
    except BROKEN as exc:
        raise InputError("picture_unusable") from exc
    grey = look.copy()
    grey.thumbnail((512, 512))
    hints: list[Hint] = []
    if min(width, height) < SMALL:
        hints.append(("small", {"width": width, "height": height, "limit": SMALL}))
    if ImageStat.Stat(grey).mean[0] < DARK:
        hints.append(("dark", {}))
    elif sharpness(grey) < BLURRED:
        hints.append(("blurred", {}))
    return hints + _face_hints(look, max(width, height)) if face else hints


def _face_hints(grey: Image.Image, longest: int) -> list[Hint]:
    """Whether a face looks out of the picture, large enough to speak; `longest`: its true side."""
    found = faces(grey)
    if not found:
        return [("faceless", {})]
    largest = max(found, key=lambda box: box.width)
    across = round(largest.width * longest / max(grey.size))
    if across < SMALL_FACE:
        return [("small_face", {"width": across, "limit": SMALL_FACE})]
    row = near(found)
    if len(row) < 2:
        return []
    place = {0: "left", len(row) - 1: "right"}.get(row.index(largest), "middle")
    return [("faces", {"count": len(row), "choice": place})]


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
    if keep_seconds and _range(levels) < NOISY:
        hints.append(("noisy", {}))
    if clipped > CLIPPED:
        hints.append(("clipping", {}))
    if keep_seconds and seconds > keep_seconds + 0.5:
        start = liveliest_start(levels, keep_seconds) / LEVELS_A_SECOND
        latest = round(seconds - keep_seconds, 2)
        hints.append(("part", {"keep": keep_seconds, "start": start, "latest": latest}))
    return hints


def _range(levels: Levels) -> float:
    """From the quietest tenth to the loudest twentieth, in dB: noise fills the pauses of speech."""
    quiet, loud = np.percentile(levels, (10, 95))
    return float(20 * np.log10(max(loud, 1e-9) / max(quiet, 1e-9)))


def _clipped(file: soundfile.SoundFile) -> float:
    file.seek(0)
    counts = [int((np.abs(block) >= FULL_SCALE).sum()) for block in file.blocks(file.samplerate)]
    return float(sum(counts) / max(1, file.frames))

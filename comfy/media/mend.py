"""Better copies of inputs that would hurt the result: louder, brighter."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageStat

from comfy.errors import InputError
from comfy.media.files import content_name, written_whole
from comfy.media.pictures import BROKEN, FORMATS

PEAK = 0.9  # of full scale, after `louder`
GREY = 90.0  # mean of 8-bit grey, after `brighter`
BLACK = 2.0  # a mean below this shows nothing that could be brought out


def louder(path: Path, folder: Path) -> Path:
    """A copy of a WAV (16-bit PCM) whose loudest sample is at 0.9 of full scale.

    Silence stays as it is: there is nothing in it to hear.
    """
    target = folder / content_name(path, f"louder-1-{PEAK:g}", ".wav")
    if target.exists():
        return target
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        peak = max((float(np.abs(block).max()) for block in file.blocks(rate)), default=0.0)
        gain = PEAK / peak if peak else 1.0
        file.seek(0)
        with (
            written_whole(target) as part,
            soundfile.SoundFile(part, "w", rate, file.channels, "PCM_16") as louder_file,
        ):
            for block in file.blocks(rate):
                louder_file.write(block * gain)
    return target


def brighter(path: Path, folder: Path) -> Path:
    """A copy of an 8-bit RGB PNG whose shadows are lifted until its mean grey is about 90 of 255.

    A gamma curve: black and white stay, nothing is cut off. Raises InputError picture_unusable.
    """
    target = folder / content_name(path, f"brighter-1-{GREY:g}", ".png")
    if target.exists():
        return target
    try:
        with Image.open(path, formats=FORMATS) as image:
            picture = image.convert("RGB")
    except BROKEN as exc:
        raise InputError("picture_unusable") from exc
    gamma = _gamma(picture)
    curve = [round(255 * (value / 255) ** gamma) for value in range(256)]
    with written_whole(target) as part:
        picture.point(curve * 3).save(part, "PNG", compress_level=1)
    return target


def _gamma(picture: Image.Image) -> float:
    """The exponent that takes the picture's mean grey to `GREY`, found by halving."""
    counts = np.array(picture.convert("L").histogram(), np.float64)
    if ImageStat.Stat(picture.convert("L")).mean[0] < BLACK:
        return 1.0
    levels, low, high = np.arange(256) / 255, 0.1, 1.0
    for _ in range(20):
        middle = math.sqrt(low * high)
        mean = 255 * float((counts * levels**middle).sum() / counts.sum())
        low, high = (middle, high) if mean > GREY else (low, middle)
    return high

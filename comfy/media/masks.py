"""A painted mask: white where something goes, black elsewhere; nothing black ever changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from comfy.errors import InputError
from comfy.media.files import Limits, check_size, content_name, written_whole
from comfy.media.pictures import FORMATS, opened

HALF = 127  # of 255; what is brighter is painted
PAINTED = [255 * (value > HALF) for value in range(256)]
OTHER_SHAPE = 0.02  # of the ratio of the sides; less is rounding by whoever made a smaller copy
SOFT = 2  # pixels from the edge inwards in which old and new are mixed
INWARDS = [max(0, 2 * value - 255) for value in range(256)]  # what is half, at the edge, is nothing

Stroke = tuple[float, Sequence[float]]
"""The brush's width, and x, y of each point; all as shares of the picture's width or height: the
width of the longer side."""


def accept_mask(source: Path, folder: Path, limits: Limits, size: tuple[int, int] | None) -> Path:
    """Turn an upload into a PNG of 0 and 255 in `folder`, of the `size` of its picture if known.

    What is bright and not transparent is painted. Raises InputError as `accept_picture` does, and
    mask_unfit (another shape than the picture's), mask_empty.
    """
    check_size(source, limits)
    target = folder / content_name(source, f"mask-1-{size}", ".png")
    if target.exists():
        return target
    with opened(source, limits) as image:
        painted = _painted(image)
    if size is not None:
        painted = _fitted(painted, size)
    if painted.getbbox() is None:
        raise InputError("mask_empty")
    return _saved(painted, target)


def draw_mask(
    strokes: Sequence[Stroke], size: tuple[int, int], layer: Path | None, folder: Path
) -> Path:
    """A mask of this size with these strokes on top of an older mask of ours, if there is one."""
    if layer is None:
        painted = Image.new("L", size, 0)
    else:
        with Image.open(layer, formats=FORMATS) as image:
            painted = image.convert("L").resize(size, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(painted)
    width, height = size
    for share, places in strokes:
        radius = max(0.5, share * max(size) / 2)
        points = [(x * width, y * height) for x, y in zip(places[::2], places[1::2], strict=True)]
        pen.line(points, fill=255, width=round(2 * radius))
        for x, y in points:  # round ends and bends
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    about = json.dumps([strokes, size, str(layer)])
    name = hashlib.sha256(about.encode()).hexdigest()[:40]
    return _saved(painted, folder / f"{name}.png")


def paste_inside(original: Path, result: Path, mask: Path, target: Path) -> float:
    """Put what is painted of the result into the original, as a PNG; the share that may differ.

    The original keeps its size, and every bit of what is black. Raises OSError or ValueError for a
    file that is no picture.
    """
    with Image.open(original, formats=FORMATS) as image:
        before = image.convert("RGB")
    with Image.open(result, formats=FORMATS) as image:
        after = image.convert("RGB").resize(before.size, Image.Resampling.LANCZOS)
    with Image.open(mask, formats=FORMATS) as image:
        painted = image.convert("L").resize(before.size, Image.Resampling.NEAREST)
    soft = painted.filter(ImageFilter.BoxBlur(SOFT)).point(INWARDS)
    before.paste(after, mask=ImageChops.darker(soft, painted))
    with written_whole(target) as part:
        before.save(part, "PNG", compress_level=1)
    return float(np.count_nonzero(np.asarray(painted))) / (before.width * before.height)


def _painted(image: Image.Image) -> Image.Image:
    image.seek(0)
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("1", "L") and not upright.has_transparency_data:  # as ours are
        return upright.convert("L").point(PAINTED)
    *colours, alpha = (np.asarray(channel) for channel in upright.convert("RGBA").split())
    bright = np.maximum.reduce(colours) > HALF
    return Image.fromarray(((bright & (alpha > HALF)) * 255).astype(np.uint8))


def _fitted(painted: Image.Image, size: tuple[int, int]) -> Image.Image:
    if painted.size == size:
        return painted
    width, height = painted.size
    if abs(width * size[1] / (height * size[0]) - 1) > OTHER_SHAPE:
        raise InputError(
            "mask_unfit", width=width, height=height, wanted_width=size[0], wanted_height=size[1]
        )
    return painted.resize(size, Image.Resampling.NEAREST)


def _saved(painted: Image.Image, target: Path) -> Path:
    with written_whole(target) as part:
        painted.save(part, "PNG", compress_level=1)
    return target

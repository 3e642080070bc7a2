"""Filling holes in a picture: a smooth guess, edges carried on, pieces borrowed, grain added."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.borrow import borrow
from comfy.engine.image.edges import continue_edges
from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, Window, dilate, parts

_MAX_PIXELS = 1_500_000  # pixels of one membrane; larger windows are solved on a coarser grid
_EDGE_PIXELS = 600_000  # the same where edges and pieces of the scene are carried into the hole
_MAX_GRAIN = 6.0  # grey levels


def fill(picture: Picture, hole: Mask, check: Callable[[], None], *, detailed: bool = True) -> None:
    """Replace the pixels in `hole`, in place. All others keep their bytes.

    `detailed`: whether edges and pieces of the scene are carried into it; a thin hole needs none.
    """
    height = picture.shape[0]
    grain_size = int(max(15, height / 40)) | 1
    rng = np.random.default_rng(0)
    for window in parts(hole, margin=max(32, height // 8)):
        check()
        view, missing = picture[window.slices], hole[window.slices]
        factor = _factor(window, _EDGE_PIXELS if detailed else _MAX_PIXELS)
        colours, gaps = _reduced(view, missing, factor)
        smooth = membrane(colours, gaps)
        plain = np.ones(gaps.shape, np.float32)  # where grain must be made
        if detailed:
            smooth = continue_edges(smooth, gaps)
            smooth, borrowed = borrow(smooth, gaps, check)
            plain -= borrowed
        guess = np.dstack([smooth, plain])
        for rows in _strips(missing.shape, grain_size):
            check()
            _fill_strip(view, missing, guess, factor, rows, grain_size, rng)


def _factor(window: Window, most: int) -> int:
    factor = 1
    while window.area > most * factor * factor:
        factor *= 2
    return factor


def _reduced(view: Picture, hole: Mask, factor: int) -> tuple[Floats, Mask]:
    """Means over blocks of known pixels, and which blocks have none."""
    if factor == 1:
        return view.astype(np.float32), hole
    rows, columns = -(-hole.shape[0] // factor), -(-hole.shape[1] // factor)
    means = np.zeros((rows, columns, 3), np.float32)
    known = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        lines = slice(row * factor, (row + 1) * factor)
        weight = (~hole[lines]).sum(axis=0, dtype=np.float32)
        colour = (view[lines] * ~hole[lines][..., None]).sum(axis=0, dtype=np.float32)
        starts = np.arange(0, hole.shape[1], factor)
        known[row] = np.add.reduceat(weight, starts)
        means[row] = np.add.reduceat(colour, starts, axis=0)
    means /= np.maximum(known, 1)[..., None]
    return means, known == 0


def _strips(shape: tuple[int, ...], margin: int) -> Iterator[tuple[int, int, int, int]]:
    """Rows to fill and the rows to look at for it: (first, last, first seen, last seen)."""
    height, width = shape[:2]
    step = height if height * width <= _MAX_PIXELS else max(margin, _MAX_PIXELS // width)
    for first in range(0, height, step):
        last = min(height, first + step)
        yield first, last, max(0, first - margin), min(height, last + margin)


def _fill_strip(
    view: Picture,
    hole: Mask,
    guess: Floats,
    factor: int,
    rows: tuple[int, int, int, int],
    grain_size: int,
    rng: np.random.Generator,
) -> None:
    first, last, seen_first, seen_last = rows
    missing = hole[first:last]
    if not missing.any():
        return
    grain = _grain(view[seen_first:seen_last], hole[seen_first:seen_last], grain_size)
    noise = cv2.GaussianBlur(rng.normal(size=missing.shape).astype(np.float32), (0, 0), 0.7)
    noise *= grain[first - seen_first : last - seen_first] / max(float(noise.std()), 1e-6)
    values = _enlarged(guess, factor, first, last, missing.shape[1])[missing]
    colour = values[:, :3] + values[:, 3:] * noise[missing][:, None]
    view[first:last][missing] = np.clip(colour, 0, 255).round().astype(np.uint8)


def _enlarged(smooth: Floats, factor: int, first: int, last: int, width: int) -> Floats:
    """Rows `first` to `last` of the coarse membrane at full size."""
    if factor == 1:
        return smooth[first:last]
    xs = (np.arange(width, dtype=np.float32) + 0.5) / factor - 0.5
    ys = (np.arange(first, last, dtype=np.float32) + 0.5) / factor - 0.5
    map_x, map_y = np.meshgrid(xs, ys)
    result = cv2.remap(smooth, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, np.float32)


def _grain(view: Picture, hole: Mask, size: int) -> npt.NDArray[np.float32]:
    """Strength of fine noise around each pixel: low on purpose, so that edges do not count."""
    fine = np.zeros(hole.shape, np.float32)
    for channel in cv2.split(view):  # one at a time: a strip of a large photo is large too
        plane = channel.astype(np.float32)
        fine += np.abs(plane - cv2.GaussianBlur(plane, (0, 0), 1.6)) / 3
    known = (~dilate(hole, 5)).astype(np.float32)
    seen = cv2.blur(np.minimum(fine, 12) * known, (size, size))
    strength = seen / np.maximum(cv2.blur(known, (size, size)), 1e-3)
    calm = cv2.erode(strength, np.ones((size // 2 | 1, size // 2 | 1), np.uint8))
    return np.asarray(np.clip(calm * 1.25, 0, _MAX_GRAIN), np.float32)

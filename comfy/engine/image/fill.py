"""Filling holes in a picture: a smooth guess, pieced together from the scene, grain added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.piecing import piece_together
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, Window, dilate, parts

_MAX_PIXELS = 1_500_000  # pixels of one membrane; larger windows are solved on a coarser grid
_EDGE_PIXELS = 600_000  # the same where edges and pieces of the scene are carried into the hole
_NOISE_SIDE = 512  # px after which the noise repeats, which nobody sees
_THICK = 28.0  # px from its border to the middle of a hole; what spans more needs a coarser grid
_ROW = 1024  # OpenCV's maps have a longest side
_MAX_GRAIN = 6.0  # grey levels


def fill(picture: Picture, hole: Mask, check: Callable[[], None], *, detailed: bool = True) -> None:
    """Replace the pixels in `hole`, in place. All others keep their bytes.

    `detailed`: whether edges and pieces of the scene are carried into it; a thin hole needs none.
    """
    height = picture.shape[0]
    grain_size = int(max(15, height / 40)) | 1
    for window in parts(hole, margin=max(32, height // 8)):
        check()
        view, missing = picture[window.slices], hole[window.slices]
        factor = _factor(window, missing, detailed)
        colours, gaps = _reduced(view, missing, factor)
        smooth = membrane(colours, gaps)
        guess = smooth
        if detailed:
            guess = np.dstack(piece_together(smooth, gaps, check))
        for rows in _strips(missing.shape, grain_size):
            check()
            _fill_strip(view, missing, guess, factor, rows, grain_size)


def _factor(window: Window, hole: Mask, detailed: bool) -> int:
    """How much coarser the grid is on which this hole is solved."""
    most, factor = _EDGE_PIXELS if detailed else _MAX_PIXELS, 1
    while window.area > most * factor * factor:
        factor *= 2
    if detailed:
        inner = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 3)
        while float(inner.max()) > _THICK * factor:
            factor *= 2
    return factor


def _reduced(view: Picture, hole: Mask, factor: int) -> tuple[Floats, Mask]:
    """Means over blocks of known pixels, and which blocks have none."""
    if factor == 1:
        return view.astype(np.float32), hole
    rows, columns = -(-hole.shape[0] // factor), -(-hole.shape[1] // factor)
    means = np.zeros((rows, columns, 3), np.float32)
    known = np.zeros((rows, columns), np.float32)
    step = max(1, _MAX_PIXELS // (factor * factor * columns * 4))  # rows of blocks at once
    for row in range(0, rows, step):
        lines, blocks = slice(row * factor, (row + step) * factor), slice(row, row + step)
        seen = (~hole[lines]).view(np.uint8)
        known[blocks] = _block_means(seen, factor)
        means[blocks] = _block_means(cv2.copyTo(view[lines], seen), factor)
    means /= np.maximum(known, 1e-6)[..., None]
    return means, known == 0


def _block_means(image: npt.NDArray[np.uint8], factor: int) -> Floats:
    """What lies beyond the last rows and columns counts as 0."""
    height, width = image.shape[:2]
    framed = cv2.copyMakeBorder(
        image, 0, -height % factor, 0, -width % factor, cv2.BORDER_CONSTANT, value=0
    )
    size = framed.shape[1] // factor, framed.shape[0] // factor
    return np.asarray(
        cv2.resize(framed.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32
    )


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
) -> None:
    first, last, seen_first, seen_last = rows
    missing = hole[first:last]
    if not missing.any():
        return
    grain = _grain(view[seen_first:seen_last], hole[seen_first:seen_last], grain_size)
    down, right = np.arange(first, last), np.arange(missing.shape[1])
    noise = _noise()[down % _NOISE_SIDE][:, right % _NOISE_SIDE]
    noise *= grain[first - seen_first : last - seen_first]
    values = _enlarged(guess, factor, first, last, missing.shape[1])[missing]
    colour, share = values[:, :3], values[:, 3:4] if values.shape[1] > 3 else np.float32(0)
    if factor > 1 and values.shape[1] > 3:
        colour = colour + _finest(view, hole, guess, factor, first, missing)
    colour = colour + (1 - share) * noise[missing][:, None]
    view[first:last][missing] = np.clip(colour, 0, 255).round().astype(np.uint8)


def _finest(
    view: Picture, hole: Mask, guess: Floats, factor: int, first: int, missing: Mask
) -> Floats:
    """What the pieces [n, 3] of the missing pixels show beyond the coarse grid."""
    rows, columns = np.nonzero(missing)
    rows += first
    at = guess[rows // factor, columns // factor, 3:]
    down = rows + factor * at[:, 2].astype(np.intp)
    right = columns + factor * at[:, 1].astype(np.intp)
    height, width = hole.shape
    inside = (down >= 0) & (down < height) & (right >= 0) & (right < width) & (at[:, 0] > 0)
    down, right = np.where(inside, down, 0), np.where(inside, right, 0)
    inside &= ~hole[down, right]
    x, y = ((place + 0.5) / factor - 0.5 for place in (right, down))
    coarse = _sampled(guess[..., :3], x.astype(np.float32), y.astype(np.float32))
    return np.asarray((view[down, right] - coarse) * (at[:, :1] * inside[:, None]), np.float32)


def _sampled(image: Floats, x: Floats, y: Floats) -> Floats:
    """The image [height, width, 3] between its pixels, at these n places."""
    shape = -(-x.size // _ROW), min(_ROW, max(1, x.size))
    places = np.resize(x, shape), np.resize(y, shape)
    colours = cv2.remap(
        np.ascontiguousarray(image), *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(colours.reshape(-1, 3)[: x.size], np.float32)


def _enlarged(smooth: Floats, factor: int, first: int, last: int, width: int) -> Floats:
    """Rows `first` to `last` of the coarse membrane at full size."""
    if factor == 1:
        return smooth[first:last]
    xs = (np.arange(width, dtype=np.float32) + 0.5) / factor - 0.5
    ys = (np.arange(first, last, dtype=np.float32) + 0.5) / factor - 0.5
    map_x, map_y = np.meshgrid(xs, ys)
    result = cv2.remap(smooth, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, np.float32)


@cache
def _noise() -> Floats:
    """Fine noise of mean 0 and deviation 1, [side, side]; copies of it join without a seam."""
    raw = np.random.default_rng(0).normal(size=(_NOISE_SIDE, _NOISE_SIDE)).astype(np.float32)
    soft = cv2.GaussianBlur(np.pad(raw, 8, "wrap"), (0, 0), 0.7)[8:-8, 8:-8]
    return np.asarray((soft - soft.mean()) / soft.std(), np.float32)


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

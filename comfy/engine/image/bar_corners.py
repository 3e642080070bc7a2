"""The corners of a bar: how far they are rounded, and which pixels lie outside the arc."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, Window

_MOST = 40.0  # grey levels of error that count: an edge of the scene must not decide
_LEAST_GAIN = 12.0  # grey levels times px, for each px of radius


def corner_radius(before: Picture, after: Picture, bar: Window) -> int:
    """Radius in px (0: square corners) that agrees best with the scene around the bar.

    `before`, `after`: the picture with the bar on, and with its whole rectangle taken off, cut to
    the same window; `bar` is in that window's coordinates.
    """
    most = min(bar.bottom - bar.top, bar.right - bar.left) // 2
    hole = np.zeros(before.shape[:2], bool)
    hole[bar.slices] = True
    scene = membrane(after.astype(np.float32), hole)
    gain = _error(after, scene) - _error(before, scene)  # where the bar's absence explains more
    gain[~_corners(hole.shape, bar, most)] = 0
    gains = [float(gain[outside_arcs(hole.shape, bar, radius)].sum()) for radius in range(most + 1)]
    best = int(np.argmax(gains))
    return best if gains[best] > _LEAST_GAIN * best else 0


def _error(view: Picture, scene: Floats) -> Floats:
    error = np.abs(view.astype(np.float32) - scene).mean(axis=2)
    return np.asarray(np.minimum(error, _MOST), np.float32)


def _corners(shape: tuple[int, ...], bar: Window, most: int) -> Mask:
    """The four triangles in which rounding can happen, and no text stands."""
    rows, columns = (_overlap(size, most) for size in (bar.bottom - bar.top, bar.right - bar.left))
    result = np.zeros(shape[:2], bool)
    result[bar.slices] = rows[:, None] + columns[None] > most
    return result


def outside_arcs(shape: tuple[int, ...], bar: Window, radius: int) -> Mask:
    """Pixels of the bar's rectangle that its rounded corners leave free."""
    result = np.zeros(shape[:2], bool)
    result[bar.slices] = ~rounded((bar.bottom - bar.top, bar.right - bar.left), radius)
    return result


def rounded(shape: tuple[int, int], radius: int) -> Mask:
    """A rectangle of this shape with rounded corners."""
    rows, columns = (_overlap(size, radius) for size in shape)
    inside = rows[:, None] ** 2 + columns[None] ** 2 <= max(radius, 0.5) ** 2
    return np.asarray(inside, bool)


def _overlap(size: int, radius: int) -> npt.NDArray[np.float32]:
    """How far each place lies in the zone of a corner: 0 in the middle, `radius` at the ends."""
    place = np.arange(size, dtype=np.float32) + 0.5
    away = np.maximum(radius - place, place - (size - radius))
    return np.asarray(np.maximum(away, 0), np.float32)

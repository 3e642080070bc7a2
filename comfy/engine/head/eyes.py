"""Blinks: where the opening of an eye is, and how the upper lid comes down over it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Axes, Floats, Pixels, smoothstep

VIEW = 64  # side of the square view an eye is measured in
SPAN = 0.275  # half of that view, in eye distances
# height of the skin above the eye that stretches down over it, in half eye widths: as a rule, and
# at least: under a lower brow, the brow would come down
LID, LEAST_LID = 0.5, 0.15
BROW_DARKER = 0.87  # of the skin's brightness: there the brow begins
HALF_WIDTHS = (0.24, 0.27)  # of an eye, in eye distances: adults
WHITE = 15  # pixels of the view from the iris to the white beside it
BROW = 1.0  # how much that counts against the darkness of the spot itself
MOST_ABOVE, MOST_BELOW = 0.7, 0.62  # larger finds are brows and cheeks
LASHES = 0.6  # how much darker the edge of a shut lid is


@dataclass(frozen=True)
class Eye:
    """`axes`: origin between the eye's corners, unit = half its width. `above` and `below` are how
    far the opening reaches over and under the line through the corners, in that unit; `lid`: how
    far the skin above it goes before the brow begins."""

    axes: Axes
    above: float
    below: float
    lid: float = LID


def find_eyes(picture: Pixels, face: Face) -> tuple[Eye, ...]:
    """Both eyes, or none if a blink would look wrong: unseen, behind glasses, right under brows."""
    if face.eyes_seen < 2 or face.glasses:
        return ()
    eyes = tuple(_measure(picture, face.axes.at(u, 0, 1)) for u in (-0.5, 0.5))
    return eyes if min(eye.lid for eye in eyes) > LEAST_LID else ()


def _measure(picture: Pixels, near: Axes) -> Eye:
    """The iris is the darkest compact spot; the upper lid is the arch above it with the steepest
    step from skin to lashes, the lower lid the step back to skin below it."""
    shown = cv2.cvtColor(near.patch(picture, VIEW, VIEW, SPAN), cv2.COLOR_RGB2GRAY)
    # catch-lights would look like lids
    grey = cv2.morphologyEx(shown, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    grey = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.5)
    row, column = _iris(grey)
    slope = np.gradient(grey, axis=0)
    corners, rise, half_width = _upper_lid(slope, row, column)
    below = slope[row + 3 : row + 16, max(0, column - 5) : column + 6].mean(axis=1)
    fall = max(row + 3 + int(np.argmax(below)) - corners, 3)
    step = 2 * SPAN / VIEW  # view pixels -> eye distances
    axes = near.at((column - VIEW / 2) * step, (corners - VIEW / 2) * step, half_width)
    above, below = (rise + 1.5) * step / half_width, (fall + 1) * step / half_width
    beside = shown[:, max(0, column - 6) : column + 7].mean(axis=1)
    lid = min(LID, _skin_above(beside, corners - rise) * step / half_width)
    return Eye(axes, min(above, MOST_ABOVE), min(below, MOST_BELOW), lid)


def _skin_above(light: npt.NDArray[np.float64], edge: int) -> int:
    """How many rows of skin lie above the upper lid's edge, before the brow darkens them."""
    upwards = light[max(0, edge - VIEW // 3) : max(1, edge - 1)][::-1]
    brow = np.flatnonzero(upwards < BROW_DARKER * np.maximum.accumulate(upwards))
    return int(brow[0]) if brow.size else VIEW


def _iris(grey: Floats) -> tuple[int, int]:
    """A dark spot with white to its left and right; in a brow, all is dark along the row."""
    rows, columns = np.mgrid[0:VIEW, 0:VIEW].astype(np.float32)
    off_centre = (columns - VIEW / 2) ** 2 + (1.3 * (rows - VIEW * 0.52)) ** 2
    spot = cv2.GaussianBlur(grey, (0, 0), 4)
    beside = (np.roll(spot, WHITE, 1) + np.roll(spot, -WHITE, 1)) / 2
    darkness = spot + BROW * (spot - beside) + 0.05 * off_centre
    row, column = np.unravel_index(int(darkness.argmin()), darkness.shape)
    return int(np.clip(row, 20, VIEW - 20)), int(np.clip(column, 20, VIEW - 20))


def _upper_lid(slope: Floats, row: int, column: int) -> tuple[int, int, float]:
    """Row of the eye's corners, how many rows the lid arches above them, and half its width."""
    u = np.linspace(-0.75, 0.75, 15)
    best, found = -np.inf, (row, 8, HALF_WIDTHS[0])
    for half_width in HALF_WIDTHS:
        columns = np.clip(column + u * half_width * VIEW / (2 * SPAN), 0, VIEW - 1).astype(int)
        for corners in range(row - 3, row + 8):
            for rise in range(max(4, corners - row + 3), 17):
                rows = np.clip(np.round(corners - rise * (1 - u * u)), 0, VIEW - 1).astype(int)
                steepness = float(-slope[rows, columns].mean())
                if steepness > best:
                    best, found = steepness, (corners, rise, half_width)
    return found


def shut(eye: Eye, x: Floats, y: Floats, lids: float) -> tuple[Floats, Floats, Floats]:
    """Pull the upper lid down over the eye by `lids` (0 open .. 1 shut).

    `x` and `y` say for every pixel of the result where in the picture it comes from. Returns
    them changed, and how much darker (0..1) the lashes make each pixel.
    """
    u, v = eye.axes.local(x, y)
    bulge = 1 - np.clip(u, -1, 1) ** 2
    # the lower lid is flatter than the upper one: white must not show in the corners
    open_edge, shut_edge = -eye.above * bulge, eye.below * np.power(bulge, 0.7)
    edge = open_edge + (shut_edge - open_edge) * lids
    crease = -eye.above - eye.lid
    part = (v - crease) / (edge - crease)
    on_lid = (part > 0) & (part < 1)
    beside = smoothstep(1.15, 0.85, np.abs(u))
    pulled = np.where(on_lid, crease + part * (open_edge - crease) - v, 0) * beside
    dx, dy = eye.axes.shift(np.zeros_like(pulled), pulled)
    thin = eye.axes.unit / (1.1 + 0.05 * eye.axes.unit)
    dark = np.exp(-(((v - edge) * thin - 0.6) ** 2)) * np.sqrt(bulge)
    lashes = dark * (LASHES * min(1.0, 1.5 * lids))
    return x + dx, y + dy, lashes.astype(np.float32)

"""Tilted coordinate axes on a picture: where a face, an eye or a mouth is, and how large."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""A picture: shape [height, width, 3], RGB."""

Floats = npt.NDArray[np.float32]
"""Everything per pixel is float32: one np.float64 scalar makes a whole frame twice as slow."""


@dataclass(frozen=True)
class Axes:
    """Local axes (u to the right, v down the face) on a picture.

    (`x`, `y`) is the origin in pixels, `angle` the turn of the u axis in radians (clockwise on the
    screen) and `unit` the length of one local unit in pixels.
    """

    x: float
    y: float
    angle: float
    unit: float

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Pixel position of a local point."""
        dx, dy = self.step(u, v)
        return self.x + dx, self.y + dy

    def step(self, u: float, v: float) -> tuple[float, float]:
        """A local vector in pixels."""
        cos, sin = math.cos(self.angle) * self.unit, math.sin(self.angle) * self.unit
        return u * cos - v * sin, u * sin + v * cos

    def local(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Local coordinates (u, v) of pixel positions."""
        cos, sin = math.cos(self.angle) / self.unit, math.sin(self.angle) / self.unit
        across, down = x - self.x, y - self.y
        return across * cos + down * sin, down * cos - across * sin

    def shift(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Local displacements in pixels; the same as `step`, for whole arrays."""
        cos, sin = math.cos(self.angle) * self.unit, math.sin(self.angle) * self.unit
        return u * cos - v * sin, u * sin + v * cos

    def at(self, u: float, v: float, unit: float) -> Axes:
        """Parallel axes with the origin at a local point and a new unit, given in old units."""
        x, y = self.point(u, v)
        return replace(self, x=x, y=y, unit=self.unit * unit)

    def moved(self, scale: float, dx: float, dy: float) -> Axes:
        """The same axes after the picture was scaled, then shifted by (dx, dy) pixels."""
        return replace(self, x=self.x * scale + dx, y=self.y * scale + dy, unit=self.unit * scale)

    def patch(self, picture: Pixels, columns: int, rows: int, span: float) -> Pixels:
        """An upright view of `columns` x `rows` around the origin, `span` units to either side."""
        step = 2 * span * self.unit / columns
        cos, sin = math.cos(self.angle) * step, math.sin(self.angle) * step
        matrix = np.array(
            [
                [cos, -sin, self.x - cos * columns / 2 + sin * rows / 2],
                [sin, cos, self.y - sin * columns / 2 - cos * rows / 2],
            ]
        )
        corners = matrix @ np.array([[0, columns, 0, columns], [0, 0, rows, rows], [1, 1, 1, 1]])
        source, left, top = _part(picture, corners, 2 * step + 3)
        matrix[:, 2] -= left, top
        if step > 1:  # else shrinking would turn skin texture into false lines
            source = cv2.GaussianBlur(source, (0, 0), step * 0.5)
        view: Pixels = cv2.warpAffine(
            source,
            matrix,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return view


def _part(
    picture: Pixels, points: npt.NDArray[np.float64], margin: float
) -> tuple[Pixels, int, int]:
    """What of a picture lies around these points, and where it begins: x, y."""
    height, width = picture.shape[:2]
    left, top = np.clip(points.min(axis=1) - margin, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(points.max(axis=1) + margin + 2, (left + 1, top + 1), (width, height))
    return picture[top : int(bottom), left : int(right)], int(left), int(top)


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between; `low` > `high` turns it round."""
    part: Floats = np.clip((value - low) * (1 / (high - low)), 0, 1)
    return part * part * (3 - 2 * part)

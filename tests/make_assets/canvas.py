"""A supersampled drawing surface: coordinates, soft masks, curves, compositing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Points = Sequence[tuple[float, float]]
Colour = tuple[float, float, float]

_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Canvas:
    """`width` x `height` design units with the origin at `origin`, `scale` pixels per unit."""

    width: int
    height: int
    origin: tuple[float, float]
    scale: int = 2

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns in pixels."""
        return self.height * self.scale, self.width * self.scale

    @cached_property
    def x(self) -> Array:
        """Design x of every column, shape [1, columns]."""
        columns = (np.arange(self.shape[1]) + 0.5) / self.scale - self.origin[0]
        return columns[None, :].astype(np.float32)

    @cached_property
    def y(self) -> Array:
        """Design y of every row, shape [rows, 1]; y grows downwards."""
        rows = (np.arange(self.shape[0]) + 0.5) / self.scale - self.origin[1]
        return rows[:, None].astype(np.float32)

    def pixels(self, points: Points | Array) -> npt.NDArray[np.int32]:
        """Design points as OpenCV fixed-point pixels."""
        moved = (np.asarray(points, np.float64) + self.origin) * self.scale - 0.5
        return np.round(moved * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def polygon(self, points: Points | Array, soft: float = 0.0) -> Array:
        """Mask 0..1 of a closed polygon, its rim blurred by `soft` units."""
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [self.pixels(points)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        return self.blur(_share(mask), soft)

    def stroke(self, points: Points | Array, width: float, soft: float = 0.0) -> Array:
        """Mask 0..1 of an open line of constant `width`."""
        mask = np.zeros(self.shape, np.uint8)
        thickness = max(1, round(width * self.scale))
        line = [self.pixels(points)]
        cv2.polylines(mask, line, False, 255, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        return self.blur(_share(mask), soft)

    def hairs(
        self, lines: Sequence[Array], widths: Sequence[float], tones: Sequence[float]
    ) -> Array:
        """Mask 0..1 of many thin lines, each with its own width and opacity."""
        mask = np.zeros(self.shape, np.uint8)
        for line, width, tone in zip(lines, widths, tones, strict=True):
            thickness, value = max(1, round(width * self.scale)), round(255 * tone)
            path = [self.pixels(line)]
            cv2.polylines(mask, path, False, value, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        return _share(mask)

    def blur(self, image: Array, sigma: float) -> Array:
        """Gaussian blur, `sigma` in design units; wide blurs work on a reduced copy."""
        pixels = sigma * self.scale
        if pixels < 0.2:
            return image
        if pixels <= 8:
            return np.asarray(cv2.GaussianBlur(image, (0, 0), pixels), np.float32)
        rows, columns = image.shape[:2]
        factor = pixels / 4
        small = (max(8, round(columns / factor)), max(8, round(rows / factor)))
        reduced = cv2.GaussianBlur(
            cv2.resize(image, small, interpolation=cv2.INTER_AREA), (0, 0), 4
        )
        return np.asarray(cv2.resize(reduced, (columns, rows), interpolation=cv2.INTER_CUBIC))

    def shifted(self, mask: Array, right: float, down: float) -> Array:
        """The mask moved by units; what comes in from outside is 0."""
        move = np.array([[1, 0, right * self.scale], [0, 1, down * self.scale]], np.float32)
        return np.asarray(cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0])), np.float32)

    def bump(self, x: float, y: float, across: float, down: float, turn: float = 0.0) -> Array:
        """A Gaussian hill of height 1 with the given spreads, turned by `turn` radians."""
        dx, dy = self.x - x, self.y - y
        cos, sin = np.cos(turn), np.sin(turn)
        along, aside = dx * cos + dy * sin, dy * cos - dx * sin
        hill = np.exp(-0.5 * ((along / across) ** 2 + (aside / down) ** 2))
        return np.asarray(hill, np.float32)

    def pair(self, x: float, y: float, across: float, down: float, turn: float = 0.0) -> Array:
        """Two mirrored hills at +x and -x."""
        left = self.bump(-x, y, across, down, -turn)
        return left + self.bump(x, y, across, down, turn)

    def noise(self, size: float, seed: int, stretch: float = 1.0) -> Array:
        """Smooth noise of unit variance; `size` units across, `stretch` times that down."""
        rows = max(4, round(self.height / (size * stretch)))
        columns = max(4, round(self.width / size))
        grid = np.random.default_rng(seed).normal(0, 1, (rows, columns)).astype(np.float32)
        size_px = (self.shape[1], self.shape[0])
        field = np.asarray(cv2.resize(grid, size_px, interpolation=cv2.INTER_CUBIC))
        return np.asarray(field / (field.std() + 1e-6), np.float32)


def _share(mask: npt.NDArray[np.uint8]) -> Array:
    return np.asarray(mask / 255, np.float32)


def smoothstep(start: float, stop: float, value: npt.ArrayLike) -> Array:
    """Hermite step from 0 at `start` to 1 at `stop` (which may be the smaller one)."""
    part = np.clip((np.asarray(value) - start) / (stop - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def spline(points: Points | Array, count: int = 64) -> Array:
    """Catmull-Rom curve through the points, evenly sampled per piece; shape [count, 2]."""
    knots = np.asarray(points, np.float32)
    first, last = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
    padded = np.vstack([first, knots, last])
    place = np.linspace(0, len(knots) - 1, count)
    piece = np.minimum(place.astype(int), len(knots) - 2)
    part = (place - piece)[:, None]
    before, start, stop, after = (padded[piece + step] for step in range(4))
    linear = stop - before
    square = 2 * before - 5 * start + 4 * stop - after
    cube = 3 * (start - stop) + after - before
    curve = start + 0.5 * part * (linear + part * (square + part * cube))
    return np.asarray(curve, np.float32)


def profile(at: Array, knots: Points) -> Array:
    """A smooth function of one variable given by (place, value) knots."""
    curve = spline(knots, 64 * len(knots))
    return np.interp(at, curve[:, 0], curve[:, 1]).astype(np.float32)


def mirrored(points: Points) -> list[tuple[float, float]]:
    """A right half outline (top to bottom) completed with its left half."""
    right = list(points)
    return right + [(-x, y) for x, y in reversed(right)]


def linear(colour: Colour | Array) -> Array:
    """sRGB 0..255 to linear light 0..1 (a plain 2.2 power)."""
    return np.asarray((np.asarray(colour, np.float32) / 255) ** 2.2, np.float32)


def display(light: Array) -> npt.NDArray[np.uint8]:
    """Linear light to 8-bit sRGB; values above 0.8 roll off instead of clipping."""
    knee = 0.8
    excess = np.maximum(light - knee, 0)
    rolled = np.where(light > knee, knee + (1 - knee) * (1 - np.exp(-excess / (1 - knee))), light)
    return np.round(np.clip(rolled, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def over(base: Array, colour: Array | Colour, mask: Array) -> None:
    """Put `colour` (linear light) over `base` in place where `mask` says."""
    base += (np.asarray(colour, np.float32) - base) * mask[..., None]

"""Painted eyes and brows: sclera, iris, lids, lashes, brow hairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.make_assets.canvas import Array, Canvas, Colour, linear, over, profile, smoothstep

_UPPER_LID = [
    (-1, 2.6),
    (-0.82, -3.4),
    (-0.5, -9.6),
    (-0.1, -13),
    (0.3, -12.9),
    (0.7, -8.6),
    (1, -2.0),
]
_LOWER_LID = [(-1, 2.8), (-0.7, 5.6), (-0.3, 8.4), (0.15, 9.5), (0.55, 8.0), (0.82, 3.9), (1, -1.8)]


@dataclass(frozen=True)
class Eyes:
    """Both eyes, mirrored: centres, half width, opening and colours (units)."""

    x: float = 66.0
    half: float = 38.0
    open: float = 1.2
    iris: float = 16.8
    colour: Colour = (104, 66, 44)
    lash: Colour = (28, 18, 18)
    lash_length: float = 5.6
    liner: float = 1.0
    crease: float = 6.0
    brow: Colour = (66, 42, 34)
    brow_weight: float = 1.25
    brow_line: tuple[tuple[float, float], ...] = ((25, -38), (50, -45), (82, -49), (110, -40))
    brow_width: float = 8.6
    seed: int = 3


def paint_eyes(canvas: Canvas, image: Array, eyes: Eyes) -> None:
    """Paint both eyes and brows over the lit skin, in place."""
    for side in (-1, 1):
        _Eye(canvas, eyes, side).paint(image)
        _paint_brow(canvas, image, eyes, side)


class _Eye:
    """One eye in its own coordinates: u from the inner (-1) to the outer (1) corner, v down."""

    def __init__(self, canvas: Canvas, eyes: Eyes, side: int) -> None:
        self.canvas, self.eyes, self.side = canvas, eyes, side
        self.u = (side * canvas.x - eyes.x) / eyes.half
        self.v = canvas.y
        inside = np.clip(self.u, -1, 1)
        self.upper, self.lower = self.lid(inside, _UPPER_LID), self.lid(inside, _LOWER_LID)
        soft = 0.55
        opening = smoothstep(-soft, soft, self.v - self.upper)
        opening = opening * smoothstep(-soft, soft, self.lower - self.v)
        self.mask = opening * (np.abs(self.u) < 1)

    def lid(self, u: Array, knots: list[tuple[float, float]]) -> Array:
        """Height of a lid at u."""
        return profile(u, knots) * np.float32(self.eyes.open)

    def points(self, u: Array, v: Array) -> Array:
        """Eye coordinates as design points."""
        return np.stack([self.side * (self.eyes.x + u * self.eyes.half), v + 0 * u], 1)

    def paint(self, image: Array) -> None:
        """Ball, iris, lids, lashes, from the back to the front."""
        self._lid_shading(image)
        self._ball(image)
        self._lines(image)
        self._lashes(image)

    def _lid_shading(self, image: Array) -> None:
        u = np.linspace(-0.98, 1.12, 60, dtype=np.float32)
        inside = np.clip(u, -1, 1)
        gap = self.eyes.crease * (0.35 + 0.65 * np.sin(np.pi * (np.clip(u, -1, 1) + 1.15) / 2.6))
        crease = self.canvas.stroke(self.points(u, self.lid(inside, _UPPER_LID) - gap), 1.5, 0.8)
        fold = self.canvas.stroke(self.points(u, self.lid(inside, _UPPER_LID) - gap * 0.6), 5, 2.2)
        bag = self.canvas.stroke(
            self.points(inside[8:-8], self.lid(inside[8:-8], _LOWER_LID) + 7), 2.4, 2
        )
        for mask, depth in ((crease, 0.62), (fold, 0.22), (bag, 0.10)):
            image *= np.exp(-depth * mask[..., None] * np.array([0.9, 1.25, 1.25], np.float32))

    def _ball(self, image: Array) -> None:
        u, v, eyes = self.u, self.v, self.eyes
        white = np.broadcast_to(linear((236, 230, 228)), image.shape).copy()
        corner = np.clip((np.abs(u) - 0.45) / 0.55, 0, 1)[..., None]
        white *= 1 - corner * np.array([0.18, 0.42, 0.40], np.float32)
        lacrimal = self.canvas.bump(self.side * (eyes.x - eyes.half * 0.9), 2.5, 3.4, 2.6)
        over(white, linear((214, 134, 124)), lacrimal * 0.9)
        self._iris(white)
        lid_shadow = np.exp(-np.maximum(v - self.upper, 0) / 4.2)
        lower_shadow = np.exp(-np.maximum(self.lower - v, 0) / 1.8)
        white *= (1 - 0.62 * lid_shadow - 0.16 * lower_shadow)[..., None]
        self._catchlights(white)
        over(image, white, self.mask)

    def _iris(self, white: Array) -> None:
        eyes = self.eyes
        dx, dy = self.canvas.x - self.side * eyes.x, self.v + 2.2
        radius = np.sqrt(dx * dx + dy * dy) / eyes.iris
        angle = np.arctan2(dy, dx)
        rng = np.random.default_rng(eyes.seed)
        waves = rng.integers(9, 60, 14)
        fibres = sum(np.sin(n * angle + rng.uniform(0, 6.28)) for n in waves) / 3.7
        tone = (
            0.62
            + 0.55 * smoothstep(0.35, 0.8, radius)
            + 0.13 * fibres * smoothstep(0.3, 0.6, radius)
        )
        tone *= 1 - 0.78 * smoothstep(0.74, 1.0, radius)
        # Light that enters from above leaves through the lower half of the iris.
        bright = np.clip(0.75 + 0.75 * dy / eyes.iris + 0.25 * dx / eyes.iris, 0.35, 1.9)
        colour = linear(eyes.colour) * (tone * bright)[..., None]
        over(white, np.asarray(colour, np.float32), smoothstep(1.05, 0.94, radius))
        over(white, (0.006, 0.005, 0.005), smoothstep(0.44, 0.35, radius))

    def _catchlights(self, white: Array) -> None:
        x, iris = self.side * self.eyes.x, self.eyes.iris
        aside, above = self.canvas.x - x + 0.36 * iris, self.v + 2 + 0.42 * iris
        window = ((aside / 3.6) ** 4 + (above / 3.2) ** 4) ** 0.25
        over(white, (1.0, 1.0, 1.0), 0.96 * smoothstep(1.1, 0.75, window))
        over(white, (0.75, 0.85, 1.0), 0.45 * self.canvas.bump(x + 0.42 * iris, 4.4, 1.9, 1.5))
        rim = smoothstep(2.4, 0.4, np.abs(self.lower - 1.0 - self.v))
        over(white, linear((236, 188, 178)), 0.5 * rim * smoothstep(0.95, 0.5, np.abs(self.u)))

    def _lines(self, image: Array) -> None:
        u = np.linspace(-1.0, 1.0, 90, dtype=np.float32)
        thick = self.eyes.liner * (0.9 + 1.5 * smoothstep(-0.9, 0.8, u))
        top = self.lid(u, _UPPER_LID)
        wing = np.array(
            [[self.side * (self.eyes.x + 1.10 * self.eyes.half), -4.6 * self.eyes.open]]
        )
        outline = np.vstack([self.points(u, top - thick), wing, self.points(u, top + 0.7)[::-1]])
        over(image, linear(self.eyes.lash), 0.93 * self.canvas.polygon(outline, 0.45))
        low = np.linspace(-0.5, 0.98, 60, dtype=np.float32)
        line = self.canvas.stroke(self.points(low, self.lid(low, _LOWER_LID) + 0.6), 1.0, 0.5)
        over(image, linear((96, 58, 50)), 0.55 * line)

    def _lashes(self, image: Array) -> None:
        eyes = self.eyes
        rng = np.random.default_rng(eyes.seed + self.side + 1)
        lines: list[Array] = []
        for place in np.linspace(-0.78, 1.0, 46):
            u = np.array([place + rng.normal(0, 0.012)], np.float32)
            v = float(self.lid(np.clip(u, -1, 1), _UPPER_LID)[0]) - 0.6
            growth = 0.55 + 0.45 * float(smoothstep(-0.8, 0.7, u)[0])
            length = eyes.lash_length * growth * rng.uniform(0.6, 1.1)
            lean = 0.10 + 0.62 * float(u[0]) + rng.normal(0, 0.13)
            t = np.linspace(0, 1, 6)
            x = eyes.x + u[0] * eyes.half + length * (lean * t + 0.15 * t * t * np.sign(lean))
            y = v - length * (0.35 * t + 0.65 * t * t) * np.cos(lean * 0.7)
            lines.append(np.stack([self.side * x, y], 1).astype(np.float32))
        roots = [line[:4] for line in lines]
        count = len(lines)
        hairs = self.canvas.hairs(lines, [0.5] * count, [0.7] * count)
        hairs = np.maximum(hairs, self.canvas.hairs(roots, [0.9] * count, [1.0] * count))
        over(image, linear(eyes.lash), 0.8 * hairs)


def _paint_brow(canvas: Canvas, image: Array, eyes: Eyes, side: int) -> None:
    rng = np.random.default_rng(eyes.seed + 50 + side)
    knots = np.asarray(eyes.brow_line, np.float32)
    place = rng.uniform(0, 1, round(420 * eyes.brow_weight))
    xs = np.interp(place, np.linspace(0, 1, len(knots)), knots[:, 0])
    middle = profile(xs.astype(np.float32), [(float(x), float(y)) for x, y in knots])
    wide = np.interp(place, [0, 0.18, 0.55, 1], [0.75, 1.0, 0.85, 0.25]) * eyes.brow_width
    lines: list[Array] = []
    for part, x, y, width in zip(place, xs, middle, wide, strict=True):
        offset = rng.uniform(-0.65, 0.65)
        rise = np.interp(part, [0, 0.2, 0.6, 1], [1.25, 0.75, 0.25, -0.25]) + rng.normal(0, 0.12)
        t = np.linspace(0, 1, 5)[:, None]
        bend = (rise + 0.6 * offset) * (1 - 0.35 * t)
        length = eyes.brow_width * rng.uniform(1.1, 1.7)
        hair = [x, y + offset * width] + length * t * np.hstack([np.cos(bend), -np.sin(bend)])
        lines.append(np.asarray(hair * [side, 1], np.float32))
    hairs = canvas.hairs(lines, [0.5] * len(lines), list(rng.uniform(0.5, 0.85, len(lines))))
    mask = canvas.blur(hairs, 0.4) + 0.38 * canvas.blur(hairs, 2.6)
    fade = smoothstep(knots[0, 0] - 4, knots[0, 0] + 14, side * canvas.x)
    over(image, linear(eyes.brow), np.clip(mask, 0, 0.92) * (0.35 + 0.65 * fade))

"""Neck, chest and clothes: skin below the chin, a top, a jacket with lapels and folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.make_assets.canvas import (
    Array,
    Canvas,
    Colour,
    Points,
    linear,
    mirrored,
    over,
    profile,
    spline,
)
from tests.make_assets.lighting import Lights, lit_cloth, lit_skin


@dataclass(frozen=True)
class Outfit:
    """Colours and cut of the clothes (units); `collar` adds a shirt collar."""

    jacket: Colour = (40, 62, 96)
    top: Colour = (226, 214, 202)
    neck: float = 62.0
    shoulder: float = 266.0
    slope: float = 338.0
    neckline: float = 440.0
    lapel: float = 1.0
    collar: bool = False
    chain: bool = True
    weave: float = 0.05
    seed: int = 11


def _shoulders(outfit: Outfit) -> list[tuple[float, float]]:
    wide, top = outfit.shoulder, outfit.slope
    right = [(outfit.neck + 4, top - 46), (outfit.neck + 52, top - 14), (wide * 0.70, top + 20)]
    right += [(wide * 0.90, top + 52), (wide * 1.02, top + 112), (wide * 1.10, 570)]
    curve = spline(right, 60)
    return mirrored([(float(x), float(y)) for x, y in curve])


def paint_neck(
    canvas: Canvas, image: Array, outfit: Outfit, skin: Colour, lights: Lights, chin: Array
) -> None:
    """Neck and chest under the head; `chin` is the mask of the face that shades them."""
    neck, top = outfit.neck, outfit.slope
    knots = [(100, neck + 6), (200, neck), (top - 70, neck + 2), (top - 30, neck + 20)]
    knots += [(top, neck + 90), (top + 40, neck + 190), (570, neck + 210)]
    half = profile(canvas.y, knots)
    round_neck = 62 * np.clip(1 - (canvas.x / (neck + 8)) ** 2, 0, 1) ** 0.5
    chest = 46 * (1 - np.exp(-np.maximum(canvas.y - top + 60, 0) / 50))
    height = np.maximum(round_neck, chest + 0 * canvas.x)
    height = canvas.blur(np.asarray(height, np.float32), 5)
    height += 7 * canvas.pair(30, 300, 7, 60, -0.42) - 6 * canvas.bump(0, top + 4, 10, 11)
    height += 5 * canvas.pair(84, top + 14, 52, 6, 0.10) - 4 * canvas.pair(90, top + 30, 46, 9, 0.1)
    under = canvas.blur(canvas.shifted(chin, 8, 26), 11)
    tone = np.broadcast_to(linear(skin), image.shape) * np.array([0.95, 0.90, 0.89], np.float32)
    shine = np.full(canvas.shape, 0.35, np.float32)
    lit = lit_skin(canvas, tone, height, lights, 1 - 0.85 * under, shine)
    lit *= np.exp(-under[..., None] * np.array([0.55, 0.78, 0.78], np.float32))
    mask = canvas.blur((np.abs(canvas.x) < half).astype(np.float32), 0.8)
    inside = np.maximum(np.abs(canvas.x) < neck + 40, canvas.y < top - 40)
    over(image, lit, mask * (canvas.y > 60) * inside)
    if outfit.chain:
        _paint_chain(canvas, image, outfit)


def _paint_chain(canvas: Canvas, image: Array, outfit: Outfit) -> None:
    low = outfit.slope + 44
    line = spline([(-52, low - 96), (-36, low - 42), (0, low), (36, low - 42), (52, low - 96)], 200)
    shadow = canvas.stroke(line + np.array([1.5, 2.5], np.float32), 1.4, 1.0)
    image *= 1 - 0.30 * shadow[..., None]
    links = 0.65 + 0.35 * np.sin(canvas.y * 2.4) * np.cos(canvas.x * 1.3)
    over(image, linear((232, 190, 112)), canvas.stroke(line, 1.1, 0.3) * links)
    over(image, linear((250, 244, 236)), 0.95 * (canvas.bump(0, low + 6, 3.6, 3.8) > 0.5))
    over(image, (1.0, 1.0, 1.0), 0.9 * canvas.bump(-1.4, low + 4.4, 1.1, 1.1))
    image *= 1 - 0.35 * (canvas.bump(1.6, low + 12, 4, 2.2))[..., None]


def _inflated(canvas: Canvas, mask: Array) -> Array:
    """A soft body over a mask: flat inside, rounded to its rim."""
    height = 0.9 * canvas.blur(mask, 2) + 5 * canvas.blur(mask, 10) + 26 * canvas.blur(mask, 34)
    return np.asarray(height, np.float32)


def paint_top(canvas: Canvas, image: Array, outfit: Outfit, lights: Lights) -> None:
    """The garment under the jacket, with a V neckline."""
    top, low, neck = outfit.slope, outfit.neckline, outfit.neck
    body = canvas.polygon(_shoulders(outfit), 0.6)
    right = [(neck + 26, top - 60), (neck + 16, top - 30), (neck - 12, top + 22), (0, low)]
    opening = canvas.polygon(mirrored([(float(x), float(y)) for x, y in spline(right, 50)]), 0.5)
    # Only what the jacket leaves free: a pale rim must not show around the sleeves.
    mask = body * (1 - opening) * (np.abs(canvas.x) < neck + 34)
    height = _inflated(canvas, mask) + 2.4 * canvas.blur(canvas.stroke(mirrored(right), 5), 1.2)
    for x, y, turn in (
        (30, low + 40, 1.1),
        (-26, low + 54, 2.0),
        (6, low + 80, 1.5),
        (52, low, 1.0),
    ):
        height += 2.6 * canvas.bump(x, y, 44, 5, turn) - 2.0 * canvas.bump(x + 9, y, 40, 5, turn)
    tone = linear(outfit.top) * (1 + 0.02 * canvas.noise(30, outfit.seed))[..., None]
    image *= 1 - 0.35 * canvas.blur(mask, 4)[..., None] * np.array([0.7, 1, 1], np.float32)
    over(image, lit_cloth(canvas, tone, height, lights, 0.12), mask)


def _lapels(outfit: Outfit) -> tuple[Points, Points]:
    """Right lapel and right collar of the jacket."""
    top, neck, wide = outfit.slope, outfit.neck, outfit.lapel
    edge = neck + 14
    lapel = [(edge + 6, top + 2), (edge + 62 * wide, top + 52), (edge + 44 * wide, top + 74)]
    lapel += [(edge + 74 * wide, top + 92), (46, 572), (14, 572), (36, top + 110)]
    collar = [(neck - 6, top - 62), (neck + 10, top - 52), (edge + 66 * wide, top + 44)]
    collar += [(edge + 40 * wide, top + 72), (edge - 8, top + 14)]
    return lapel, collar


def paint_jacket(canvas: Canvas, image: Array, outfit: Outfit, lights: Lights) -> None:
    """Jacket over the top: body, folds, lapels with their shadows and stitched rims."""
    lapel, collar = _lapels(outfit)
    front = [(0, 200), (outfit.neck + 16, 200), (outfit.neck + 20, outfit.slope + 8)]
    front += [(40, outfit.slope + 112), (18, 572), (0, 572)]
    opening = canvas.polygon(mirrored(front), 0.6)
    body = canvas.polygon(_shoulders(outfit), 0.6) * (1 - opening)
    flaps = [
        canvas.polygon([(side * x, y) for x, y in part], 0.4)
        for part in (lapel, collar)
        for side in (-1, 1)
    ]
    mask = np.maximum(body, np.maximum.reduce(flaps))
    height = _inflated(canvas, mask) + _folds(canvas, outfit)
    for flap in flaps:
        height += 2.2 * canvas.blur(flap, 1.4) + 1.6 * canvas.blur(flap, 5)
    threads = canvas.noise(1.1, outfit.seed, 3) + canvas.noise(1.1, outfit.seed + 1, 0.4)
    tone = linear(outfit.jacket) * (1 + outfit.weave * threads)[..., None]
    lit = lit_cloth(canvas, np.asarray(tone, np.float32), height, lights)
    for flap in flaps:
        cast = canvas.blur(canvas.shifted(flap, 3, 5), 3.5)
        lit *= 1 - 0.42 * (cast * (1 - flap))[..., None]
    image *= 1 - 0.45 * canvas.blur(canvas.shifted(mask, 0, 4), 5)[..., None]
    over(image, lit, mask)


def _folds(canvas: Canvas, outfit: Outfit) -> Array:
    """Folds that run from the arm holes and the closed front."""
    rng = np.random.default_rng(outfit.seed)
    field = 2.2 * canvas.noise(70, outfit.seed + 3) + 1.0 * canvas.noise(30, outfit.seed + 4, 1.6)
    wide, top = outfit.shoulder, outfit.slope
    for side in (-1, 1):
        field -= 12 * canvas.bump(side * wide * 0.72, 590, 8, 92, side * 0.10)
        field += 7 * canvas.bump(side * wide * 0.82, 580, 9, 80, side * 0.12)
        for _ in range(9):
            x, y = side * wide * rng.uniform(0.48, 0.98), rng.uniform(top + 70, 565)
            turn, size = side * rng.uniform(0.4, 1.25), rng.uniform(2.0, 4.5)
            field += size * canvas.bump(x, y, rng.uniform(28, 62), rng.uniform(4, 8), turn)
    return np.asarray(field, np.float32)


def paint_collar(canvas: Canvas, image: Array, outfit: Outfit, lights: Lights) -> None:
    """The two wings of an open shirt collar, over the jacket."""
    top, neck = outfit.slope, outfit.neck
    wing = [(neck - 2, top - 62), (neck + 8, top - 44), (neck + 22, top + 6), (neck - 2, top + 64)]
    wing += [(22, top + 40), (14, top + 30), (neck - 18, top - 16)]
    for side in (-1, 1):
        mask = canvas.polygon([(side * x, y) for x, y in wing], 0.5)
        height = _inflated(canvas, mask) + 1.5 * canvas.blur(mask, 1.5)
        image *= 1 - 0.40 * canvas.blur(canvas.shifted(mask, 0, 6), 4)[..., None]
        over(image, lit_cloth(canvas, linear(outfit.top) + 0 * image, height, lights, 0.06), mask)

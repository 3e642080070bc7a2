"""Blurred rooms behind a presenter: gradients, window light and bokeh discs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.make_assets.canvas import Array, Canvas, Colour, linear, over, smoothstep


@dataclass(frozen=True)
class Backdrop:
    """Colours from top to bottom, glow of the key side, and the discs of distant lights."""

    top: Colour
    bottom: Colour
    glow: Colour
    lights: tuple[Colour, ...]
    discs: int = 46
    largest: float = 46.0
    panels: bool = True
    seed: int = 5


def paint(canvas: Canvas, backdrop: Backdrop) -> Array:
    """The backdrop in linear light, shape [rows, columns, 3]."""
    left, upper = -canvas.origin[0], -canvas.origin[1]
    part = (canvas.y - upper) / canvas.height
    tone = linear(backdrop.top) * (1 - part)[..., None] + linear(backdrop.bottom) * part[..., None]
    image = np.broadcast_to(tone, (*canvas.shape, 3)).astype(np.float32).copy()
    if backdrop.panels:
        _panels(canvas, backdrop, image)
    side = canvas.bump(left * 0.75, upper * 0.6, canvas.width * 0.33, canvas.height * 0.40)
    image += side[..., None] * linear(backdrop.glow) * 0.55
    _bokeh(canvas, backdrop, image)
    return image


def _panels(canvas: Canvas, backdrop: Backdrop, image: Array) -> None:
    """Out-of-focus uprights and shelves."""
    rng = np.random.default_rng(backdrop.seed)
    x = -canvas.origin[0]
    while x < canvas.width - canvas.origin[0]:
        wide = rng.uniform(50, 150)
        top = -canvas.origin[1] + canvas.height * rng.uniform(-0.6, 0.35)
        low = canvas.height * rng.uniform(0.45, 1.2) - canvas.origin[1]
        box = [(x, top), (x + wide, top), (x + wide, low), (x, low)]
        mask = canvas.polygon(box, 22)
        over(image, image * rng.uniform(0.55, 1.6), 0.8 * mask)
        x += wide * rng.uniform(0.8, 1.6)


def _bokeh(canvas: Canvas, backdrop: Backdrop, image: Array) -> None:
    rng = np.random.default_rng(backdrop.seed + 1)
    for _ in range(backdrop.discs):
        x = rng.uniform(0, canvas.width) - canvas.origin[0]
        y = canvas.height * rng.beta(1.6, 2.4) - canvas.origin[1]
        radius = backdrop.largest * rng.uniform(0.25, 1.0)
        colour = linear(backdrop.lights[rng.integers(len(backdrop.lights))])
        away = np.sqrt((canvas.x - x) ** 2 + (canvas.y - y) ** 2) / radius
        disc = smoothstep(1.04, 0.93, away) * (0.62 + 0.38 * np.clip(away, 0, 1) ** 4)
        image += disc[..., None] * colour * rng.uniform(0.05, 0.30)


def paint_studio(canvas: Canvas) -> Array:
    """A small news studio out of focus: slatted wall, light strips, a screen, warm lamps."""
    left, upper = -canvas.origin[0], -canvas.origin[1]
    part = np.clip((canvas.y - upper) / canvas.height, 0, 1)
    wall = linear((52, 58, 84)) * (1 - part)[..., None] + linear((30, 30, 48)) * part[..., None]
    image = np.broadcast_to(wall, (*canvas.shape, 3)).astype(np.float32).copy()
    slats = 0.5 + 0.5 * np.sin((canvas.x - left) * 2 * np.pi / 46)
    image *= (0.72 + 0.56 * smoothstep(0.2, 0.8, slats))[..., None]
    for place, colour in (
        (0.06, (120, 140, 255)),
        (0.60, (168, 110, 255)),
        (0.97, (255, 176, 120)),
    ):
        x = left + place * canvas.width
        strip = np.exp(-np.abs(canvas.x - x) / 5) + 0.35 * np.exp(-np.abs(canvas.x - x) / 70)
        image += (strip * (0.9 - 0.3 * part))[..., None] * linear(colour)
    _screen(canvas, image, left + 0.13 * canvas.width, upper + 0.16 * canvas.height)
    image = canvas.blur(image, 5)
    _bokeh(canvas, Backdrop((0, 0, 0), (0, 0, 0), (0, 0, 0), _LAMPS, 24, 40, seed=19), image)
    return image


_LAMPS: tuple[Colour, ...] = ((255, 200, 140), (160, 170, 255), (214, 150, 255))


def _screen(canvas: Canvas, image: Array, x: float, y: float) -> None:
    """A wall screen with a rising chart."""
    wide, high = 0.33 * canvas.width, 0.36 * canvas.height
    box = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
    glow = canvas.polygon(box, 60)
    image += glow[..., None] * linear((70, 96, 190)) * 0.8
    across = np.clip((canvas.x - x) / wide, 0, 1)[..., None]
    tone = linear((38, 76, 168)) * (1 - across) + linear((96, 70, 190)) * across
    over(image, np.asarray(tone + 0 * image, np.float32), canvas.polygon(box, 1))
    for index, share in enumerate((0.22, 0.34, 0.30, 0.48, 0.62, 0.78)):
        bar = x + wide * (0.10 + 0.14 * index)
        top = y + high * (0.9 - 0.75 * share)
        column = [(bar, top), (bar + wide * 0.09, top), (bar + wide * 0.09, y + high * 0.9)]
        mask = canvas.polygon([*column, (bar, y + high * 0.9)], 1)
        over(image, linear((150, 214, 255)), 0.75 * mask)


def paint_desk(canvas: Canvas, image: Array, top: float) -> None:
    """A presenter's desk from `top` down, with a light edge and a faint mirror on its front."""
    mask = smoothstep(-0.6, 0.6, canvas.y - top + 0 * canvas.x)
    image *= 1 - 0.55 * (canvas.blur(mask, 7) * (1 - mask))[..., None]
    depth = np.clip((canvas.y - top) / 190, 0, 1)[..., None]
    across = ((canvas.x + canvas.origin[0]) / canvas.width)[..., None]
    front = linear((58, 54, 104)) * (1 - depth) + linear((26, 26, 50)) * depth
    sheen = np.exp(-(((across - 0.36) / 0.22) ** 2)) * (1 - depth)
    over(image, np.asarray(front * (1 + 0.7 * sheen), np.float32), mask)
    edge = (
        np.exp(-(((canvas.y - top - 3) / 2.2) ** 2)) + 0.18 * np.exp(-(canvas.y - top) / 12) * mask
    )
    image += edge[..., None] * linear((150, 170, 255)) * (0.55 + 0.45 * sheen)

"""Ears at both sides of the face, for people whose hair does not hide them."""

from __future__ import annotations

import numpy as np

from tests.make_assets.canvas import Array, Canvas, Colour, linear, over, spline
from tests.make_assets.lighting import Lights, lit_skin

_RIM = [(140, -14), (150, -30), (164, -31), (172, -14), (169, 14), (162, 38), (154, 56), (143, 60)]
_FOLD = [(148, -12), (156, -20), (164, -10), (161, 12), (154, 30)]


def paint_ears(canvas: Canvas, image: Array, skin: Colour, lights: Lights) -> None:
    """Paint both ears in place; the face goes over their inner halves."""
    for side in (-1, 1):
        turn = np.array([side, 1], np.float32)
        rim = spline(_RIM, 60) * turn
        mask = canvas.polygon(rim, 0.7)
        height = 12 * canvas.blur(mask, 5) + 5 * canvas.stroke(rim, 7, 2.4)
        height -= 7 * canvas.bump(side * 152, 16, 6, 13)
        inner = canvas.stroke(spline(_FOLD, 40) * turn, 4.5, 1.8)
        tone = linear(skin) * np.exp(-inner[..., None] * np.array([0.5, 0.9, 0.9], np.float32))
        tone = tone * np.array([0.96, 0.82, 0.78], np.float32)
        shade = np.ones(canvas.shape, np.float32)
        lit = lit_skin(canvas, tone, height, lights, shade, 0.4 * shade)
        near = canvas.bump(side * 140, 10, 9, 60)[..., None]
        over(image, lit * (1 - 0.45 * near), mask)

"""The mouth's movement as a warp: lips part along the seam, jaw drops, corners spread or round."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from comfy.engine.head.geometry import Floats, smoothstep
from comfy.engine.head.mouth import Mouth

DROP = 0.46  # how far the lower lip goes for opening 1, in half mouth widths
DROP_WITH_TEETH = 0.34  # a smile already shows a gap
# and one that is open wide is hardly opened further: its lower teeth are in the picture, they
# would stay behind
WIDEST, LEAST_DROP = 0.64, 0.08
# of the teeth that the picture shows, when the lips should be shut; and the most that a jaw goes up
COVERED, HIGHEST = 0.9, 0.42
RISE = 0.12  # how far the upper lip goes, as a share of the lower one's way
SPREAD, ROUND = 0.13, 0.22  # how much wider and narrower the mouth gets
CHIN = (1.2, 3.0)  # the jaw moves down to the first, and fades out to the second
NARROW = 0.07  # and how much narrower as the jaw drops
JAW_WIDTH = 1.75


class Parted(NamedTuple):
    """Lips that are apart, per pixel in half mouth widths: `u` along the mouth, `below_upper` and
    `above_lower` the distances to the lips' edges (positive inside the mouth), `gap` the height
    of the opening at that `u`."""

    u: Floats
    below_upper: Floats
    above_lower: Floats
    gap: Floats


def part_lips(
    mouth: Mouth, x: Floats, y: Floats, fade: Floats, opening: float, width: float
) -> tuple[Floats, Floats, Parted]:
    """Where each pixel comes from when the mouth is `opening` and `width` (see MouthTrack).

    `x`, `y`: where it came from so far; `fade`: 0 at the border of the region .. 1 inside.
    """
    u, v = mouth.axes.local(x, y)
    spread = _spread(u, v, opening, width) * fade
    squeezed = u - spread
    inside = np.clip(squeezed, -1, 1)
    # the lips stay together in the corners, the more so the wider the mouth opens
    apart = np.clip(inside * (1 + 0.1 * opening), -1, 1)
    arch = np.power(1 - apart * apart, 0.6)
    seam = v - mouth.slope * inside - mouth.curve * inside * inside
    drop, rise = _reach(mouth, opening)
    below_lower, below_upper = seam - drop * arch, seam + rise * arch
    down = -drop * _jaw(squeezed, arch, np.maximum(below_lower, 0)) * fade
    up = rise * arch * np.exp(-((np.minimum(below_upper, 0) / 0.55) ** 2)) * fade
    # the opening itself gets the nearer lip's skin: its painted edge is half transparent
    nearer_lower = (below_lower >= 0) | (-below_lower < below_upper)
    pulled = np.where(nearer_lower, down, up)
    dx, dy = mouth.axes.shift(-spread, pulled)
    parted = Parted(
        np.where(np.abs(squeezed) < 1, inside, 2),
        below_upper,
        -below_lower,
        np.maximum((drop + rise) * arch, 1e-3),
    )
    return x + dx, y + dy, parted


def _spread(u: Floats, v: Floats, opening: float, width: float) -> Floats:
    """Shift of the corners, outwards if positive; a wide open mouth cannot spread much."""
    amount = (SPREAD * max(width, 0) + ROUND * min(width, 0)) * (1 - 0.3 * opening)
    amount -= NARROW * opening
    near = np.exp(-(0.55 * u * u + 0.9 * (v - 0.1) ** 2))
    spread: Floats = amount * u * near
    return spread


def _reach(mouth: Mouth, opening: float) -> tuple[float, float]:
    """How far the lower lip goes down and the upper one up, in half mouth widths."""
    if not mouth.teeth_gap:
        return opening * DROP, opening * DROP * RISE
    covered = min(mouth.teeth_gap * COVERED, HIGHEST) * (1 - min(1, 2.5 * opening))
    most = min(DROP_WITH_TEETH, max(LEAST_DROP, WIDEST - mouth.teeth_gap))
    return opening * most - covered, opening * most * RISE


def _jaw(u: Floats, arch: Floats, below: Floats) -> Floats:
    """1 where the skin follows the lower lip fully: the lip first, then the whole chin."""
    chin = smoothstep(0, 0.75, below)
    follows = arch * (1 - chin) + np.exp(-((u / JAW_WIDTH) ** 2)) * chin
    moved: Floats = follows * (1 - smoothstep(*CHIN, below))
    return moved

"""How far a text reaches beyond its letters: their outline, their shadow and the soft edge of both.

Told by how much of a colour is mixed into the scene at each distance from the letters. Medians
over all pixels at one distance tell that to a pixel, also where the scene is busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from comfy.engine.image.membrane import Floats
from comfy.engine.image.windows import Mask

_TOLD = 12.0  # L*a*b* distance of a colour from the scene at which a share of it can be told
_OTHER = 25.0  # L*a*b* distance of an outline from the letters
_WHOLE = 0.93  # share of an outline's colour in its middle
_TRACE = 0.1  # share of a colour that is still seen
_ENOUGH = 20  # pixels at one distance


class Border(NamedTuple):
    """`width` in px and `colour` (L*a*b*) of the outline, 0 and None without one, and how many px
    beyond it something is mixed into the scene."""

    width: int
    soft: int
    colour: Floats | None


def find_border(
    lab: Floats, behind: Floats, fill: Floats, distance: Floats, inside: Mask, reach: int
) -> Border:
    """The border of letters of the colour `fill`, up to `reach` px wide.

    `lab` is CIE L*a*b*, [height, width, 3], `behind` the scene as it is without the text, as far
    as one can tell; `distance` that to the next letter in px, and `inside` where the text is.
    """
    near = inside & (distance > 0.5) & (distance <= reach + 0.5)
    radii = np.ceil(distance[near] - 0.5)
    rings = [radii == radius for radius in range(1, reach + 1)]
    seen, scene = lab[near], behind[near]
    own = _mixed(seen, scene, rings, fill)
    for radius in (2, 1):
        colours = seen[rings[radius - 1]]
        if len(colours) < _ENOUGH or (radius == 1 and own[0] > -_TRACE):
            continue  # next to letters without an outline is a mixture of them with the scene
        colour = np.median(colours, axis=0)
        shares = _mixed(seen, scene, rings, colour)
        width = _last(shares, 0.5, radius)
        whole = width and max(shares[:width]) > _WHOLE
        if whole and width < reach and np.linalg.norm(colour - fill) > _OTHER:
            return Border(width, max(1, min(2, _last(shares[width:], _TRACE, 1))), colour)
    shadow = _fading(_mixed(seen, scene, rings, np.zeros(3, np.float32)))
    return Border(0, max(1, min(2, _last(own, _TRACE, 1)), shadow), None)


def _fading(dark: list[float]) -> int:
    """px that a shadow reaches; what does not become weaker with the distance is none."""
    radius = 2  # the first is half letter
    while radius < len(dark) and dark[radius - 1] > max(_TRACE, dark[radius]):
        radius += 1
    return radius if radius > 2 else 0


def _mixed(seen: Floats, scene: Floats, rings: Sequence[Mask], colour: Floats) -> list[float]:
    """The usual share of `colour` in the pixels `seen` [n, 3] of each ring, as a mixture with the
    `scene` [n, 3] behind them; where that looks alike, nothing can be told."""
    toward = colour - scene
    size = np.square(toward).sum(axis=1)
    told = size > _TOLD * _TOLD
    share = ((seen - scene) * toward).sum(axis=1) / np.maximum(size, 1)
    each = [share[ring & told] for ring in rings]
    return [float(np.median(ring)) if len(ring) >= _ENOUGH else 0.0 for ring in each]


def _last(shares: list[float], least: float, first: int) -> int:
    """The last of the radii, without a gap from `first` on, at which the share is so large."""
    radius = first
    while radius <= len(shares) and shares[radius - 1] > least:
        radius += 1
    return radius - 1 if radius > first else 0

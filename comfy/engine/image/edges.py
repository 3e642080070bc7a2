"""Carrying the edges of the scene through a hole, which a membrane alone would blur.

Each missing pixel becomes the mean of its neighbours along the direction in which the scene around
it runs, as far as there is one. The direction comes from the structure tensor of the known pixels;
after J. Weickert, "Coherence-Enhancing Diffusion Filtering" (1999), with explicit steps.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats
from comfy.engine.image.windows import Mask, dilate

_ROUNDS = 24
_STEPS = (4.0, 2.0, 1.0)  # px to the neighbours, coarse first
_INTEGRATION = 12.0  # px over which a direction is averaged
_ROW = 1024  # OpenCV's maps have a longest side
_LEAST = 0.02  # of coherence that moves anything
_PLAIN = 20.0  # squared grey levels: weaker gradients have no direction


class _Flow(NamedTuple):
    """Unit vector along the scene's edges, and how much there is of one direction, 0..1."""

    right: Floats
    down: Floats
    coherence: Floats


def continue_edges(smooth: Floats, hole: Mask) -> Floats:
    """`smooth` [height, width, 3], whose pixels in `hole` are a membrane, with edges in them."""
    flow = _flow(smooth, hole)
    moved = np.flatnonzero(hole & (flow.coherence > _LEAST))
    if not moved.size:
        return smooth
    # only the pixels that change, laid out as a picture that OpenCV takes
    spots = np.resize(moved, (-(-moved.size // _ROW), min(_ROW, moved.size)))
    down, right = (np.asarray(at, np.float32) for at in np.divmod(spots, hole.shape[1]))
    share = flow.coherence.ravel()[spots][..., None]
    result = smooth.copy()
    colours = result.reshape(-1, 3)
    for step in _STEPS:
        along = step * flow.right.ravel()[spots], step * flow.down.ravel()[spots]
        places = [
            cv2.convertMaps(*_place(right, down, along, side), cv2.CV_16SC2) for side in (1, -1)
        ]
        for _ in range(_ROUNDS):
            one, other = (
                cv2.remap(result, *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for place in places
            )
            now = colours[spots]
            colours[spots] = now + share * ((one + other) / 2 - now)
    return result


def _place(
    right: Floats, down: Floats, along: tuple[Floats, Floats], side: int
) -> tuple[Floats, Floats]:
    return (
        np.asarray(right + side * along[0], np.float32),
        np.asarray(down + side * along[1], np.float32),
    )


def _flow(smooth: Floats, hole: Mask) -> _Flow:
    grey = cv2.GaussianBlur(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *order) / 4 for order in ((1, 0), (0, 1)))
    known = (~dilate(hole, 3)).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), _INTEGRATION) + 1e-5

    def mean(values: npt.NDArray[np.float32]) -> Floats:
        return np.asarray(cv2.GaussianBlur(values * known, (0, 0), _INTEGRATION) / weight)

    xx, xy, yy = mean(x * x), mean(x * y), mean(y * y)
    across = 0.5 * np.arctan2(2 * xy, xx - yy)  # direction of the steepest change
    spread = np.hypot(xx - yy, 2 * xy)
    coherence = (spread / (xx + yy + _PLAIN)) ** 2
    return _Flow(
        (-np.sin(across)).astype(np.float32),
        np.cos(across).astype(np.float32),
        np.clip(coherence, 0, 1).astype(np.float32),
    )

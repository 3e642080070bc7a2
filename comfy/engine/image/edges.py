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
_PLAIN = 20.0  # squared grey levels: weaker gradients have no direction


class _Flow(NamedTuple):
    """Unit vector along the scene's edges, and how much there is of one direction, 0..1."""

    right: Floats
    down: Floats
    coherence: Floats


def continue_edges(smooth: Floats, hole: Mask) -> Floats:
    """`smooth` [height, width, 3], whose pixels in `hole` are a membrane, with edges in them."""
    flow = _flow(smooth, hole)
    rows, columns = np.mgrid[0 : hole.shape[0], 0 : hole.shape[1]].astype(np.float32)
    share = (flow.coherence * hole)[..., None]
    result = smooth
    for step in _STEPS:
        right, down = step * flow.right, step * flow.down
        places = (columns + right, rows + down), (columns - right, rows - down)
        for _ in range(_ROUNDS):
            one, other = (
                cv2.remap(result, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for x, y in places
            )
            result = result + share * ((one + other) / 2 - result)
    return np.asarray(result, np.float32)


def _flow(smooth: Floats, hole: Mask) -> _Flow:
    grey = cv2.GaussianBlur(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *order) / 4 for order in ((1, 0), (0, 1)))
    known = (~dilate(hole, 3)).astype(np.float32)

    def mean(values: npt.NDArray[np.float32]) -> Floats:
        weight = cv2.GaussianBlur(known, (0, 0), _INTEGRATION) + 1e-5
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

"""Smooth interpolation of holes in a picture: the push-pull membrane.

Averages of the known pixels are pushed down a Gaussian pyramid until no hole is left, then pulled
up again where pixels are missing. After Gortler et al., "The Lumigraph", SIGGRAPH 1996, 3.4.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.windows import bounds

Floats = npt.NDArray[np.float32]

_ROUNDS = 6
_SATURATION = 0.05  # a coarse pixel with this share of known pixels counts as known


def membrane(image: Floats, hole: npt.NDArray[np.bool_]) -> Floats:
    """`image` [height, width] or [height, width, 3], float32, with the pixels in `hole`
    [height, width] interpolated."""
    known = (~hole).astype(np.float32)
    return _pull(_times(image, known), known)


def _pull(weighted: Floats, known: Floats) -> Floats:
    """Fill `weighted` (colour times its weight `known`, 0..1), in place, from ever coarser
    levels."""
    if min(known.shape) <= 2 or known.min() > 1e-3:
        mean = weighted.sum((0, 1)) / max(float(known.sum()), 1e-6)
        weight = known if weighted.ndim == 2 else known[..., None]
        return np.asarray((weighted + 1e-6 * mean) / (weight + 1e-6), np.float32)
    share = np.asarray(cv2.pyrDown(known), np.float32)
    weight = np.minimum(share / _SATURATION, 1)
    coarse = _times(cv2.pyrDown(weighted), weight / np.maximum(share, 1e-6))
    upper = cv2.pyrUp(_pull(coarse, weight), dstsize=known.shape[::-1])
    # only around what is missing: all else stays as it is
    spot = bounds(known < 1).grown(1, known.shape).slices
    missing, start = 1 - known[spot], weighted[spot].copy()
    filled = start + _times(upper[spot], missing)
    for _ in range(_ROUNDS):  # towards the true membrane: every missing pixel the mean around it
        filled = start + _times(cv2.blur(filled, (3, 3)), missing)
    weighted[spot] = filled
    return weighted


def _times(image: npt.NDArray[np.generic], weight: Floats) -> Floats:
    """Each channel times the weight; NumPy takes four times as long over a short axis."""
    weights = weight if image.ndim == 2 else cv2.merge([weight] * 3)
    return np.asarray(cv2.multiply(image, weights), np.float32)

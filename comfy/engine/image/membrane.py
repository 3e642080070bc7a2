"""Smooth interpolation of holes in a picture: the push-pull membrane.

Averages of the known pixels are pushed down a Gaussian pyramid until no hole is left, then pulled
up again where pixels are missing. After Gortler et al., "The Lumigraph", SIGGRAPH 1996, 3.4.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_ROUNDS = 6
_SATURATION = 0.05  # a coarse pixel with this share of known pixels counts as known


def membrane(image: Floats, hole: npt.NDArray[np.bool_]) -> Floats:
    """`image` [height, width, 3] with the pixels in `hole` [height, width] interpolated."""
    known = (~hole).astype(np.float32)
    return _pull(image * known[..., None], known)


def _pull(weighted: Floats, known: Floats) -> Floats:
    """Fill `weighted` (colour times its weight `known`, 0..1) from ever coarser levels."""
    if min(known.shape) <= 2 or known.min() > 1e-3:
        mean = weighted.sum((0, 1)) / max(float(known.sum()), 1e-6)
        return np.asarray((weighted + 1e-6 * mean) / (known[..., None] + 1e-6), np.float32)
    share = cv2.pyrDown(known)
    weight = np.minimum(share / _SATURATION, 1).astype(np.float32)
    coarse = cv2.pyrDown(weighted) * (weight / np.maximum(share, 1e-6))[..., None]
    size = known.shape[1], known.shape[0]
    upper = cv2.pyrUp(_pull(coarse, weight), dstsize=size)
    missing = 1 - known[..., None]
    filled = np.asarray(weighted + upper * missing, np.float32)
    for _ in range(_ROUNDS):  # towards the true membrane: every missing pixel the mean around it
        filled = weighted + cv2.blur(filled, (3, 3)) * missing
    return np.asarray(filled, np.float32)

"""Distances between colours, for whole pictures: NumPy is slow over an axis of three."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from comfy.engine.image.membrane import Floats


def colour_distance(
    colours: Floats, other: Floats, weights: Sequence[float] = (1.0, 1.0, 1.0)
) -> Floats:
    """Euclidean distance of each pixel of `colours` [..., 3] from the one in `other`, which may be
    a single colour [3] for all; `weights` of the three channels."""
    rows = np.ascontiguousarray(colours, np.float32).reshape(1, -1)
    if not rows.size:
        return np.zeros(colours.shape[:-1], np.float32)
    others = np.tile(other, rows.size // 3) if other.ndim == 1 else other.reshape(1, -1)
    apart = np.asarray(rows - others, np.float32).reshape(1, -1, 3)
    squares = cv2.transform(cv2.multiply(apart, apart), np.square([weights]).astype(np.float32))
    return np.asarray(np.sqrt(squares).reshape(colours.shape[:-1]), np.float32)

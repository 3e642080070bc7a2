"""A hole made to look like the scene around it: pieces of that, sharp where it has borders."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from comfy.engine.image.borrow import PLAIN, Borrowed, borrow, mean_square
from comfy.engine.image.edges import continue_edges
from comfy.engine.image.membrane import Floats
from comfy.engine.image.patches import match_patches
from comfy.engine.image.windows import Mask

_FINE = 2.0  # px; deviation of the blur beyond which detail is fine
_KEPT = 0.8  # of the fine detail that means over patches lose
_AROUND = (15, 15)  # px over which detail is compared


def piece_together(smooth: Floats, hole: Mask, check: Callable[[], None]) -> Borrowed:
    """`smooth` [height, width, 3] with edges and pieces of the scene in `hole`."""
    borrowed = borrow(continue_edges(smooth, hole), hole, check)
    if not borrowed.share.any():
        return borrowed
    pieces = borrowed.colours
    matched = match_patches(pieces, hole, check)
    matched += _lost_fineness(matched, pieces, hole)[..., None] * _fine(pieces)
    # a calm scene has no borders to sharpen, and one sees each patch that is a trace too light
    needed = np.clip(borrowed.lost / PLAIN - 1, 0, 1) * hole
    colours = pieces + needed[..., None] * (matched - pieces)
    return borrowed._replace(colours=np.asarray(colours, np.float32))


def _fine(colours: Floats) -> Floats:
    return np.asarray(colours - cv2.GaussianBlur(colours, (0, 0), _FINE), np.float32)


def _lost_fineness(matched: Floats, pieces: Floats, hole: Mask) -> Floats:
    """The share of the fine detail of the pieces that patches would need to be as rough."""
    inside = hole.astype(np.float32)
    there, left = (
        cv2.blur(mean_square(_fine(image)) * inside, _AROUND) for image in (pieces, matched)
    )
    return np.asarray(
        _KEPT * np.sqrt(np.maximum(there - left, 0) / np.maximum(there, 1e-3)), np.float32
    )

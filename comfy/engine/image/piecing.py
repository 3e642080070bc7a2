"""A hole made to look like the scene around it: pieces of that, sharp where it has borders."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from comfy.engine.image.borrow import Borrowed, borrow, mean_square
from comfy.engine.image.edges import continue_edges
from comfy.engine.image.membrane import Floats
from comfy.engine.image.patches import match_patches
from comfy.engine.image.windows import Mask

_FINE = 2.0  # px; deviation of the blur beyond which detail is fine
_KEPT = 0.8  # of the fine detail that means over patches lose
_AROUND = (15, 15)  # px over which detail is compared
_NEAR = (15, 15)  # px in which there must be a border
_CONTRAST = 28.0  # grey levels from which on it is one
_FEATHER = (7, 7)


def piece_together(smooth: Floats, hole: Mask, check: Callable[[], None]) -> Borrowed:
    """`smooth` [height, width, 3] with edges and pieces of the scene in `hole`."""
    borrowed = borrow(continue_edges(smooth, hole), hole, check)
    if not borrowed.share.any():
        return borrowed
    pieces = borrowed.colours
    matched = match_patches(pieces, hole, check)
    fine = _fine(pieces)
    matched = matched + _lost(fine, _fine(matched), hole)[..., None] * fine
    colours = pieces + _bordered(pieces, hole)[..., None] * (matched - pieces)
    return borrowed._replace(colours=np.asarray(colours, np.float32))


def _bordered(pieces: Floats, hole: Mask) -> Floats:
    """How far to follow the patches, 0..1: a calm scene has no borders to sharpen, and there one
    sees each patch that is a trace too light."""
    pen = np.ones(_NEAR, np.uint8)
    contrast = (cv2.dilate(pieces, pen) - cv2.erode(pieces, pen)).max(axis=2)
    needed = np.clip(contrast / _CONTRAST - 1, 0, 1)
    return np.asarray(cv2.blur(needed, _FEATHER) * hole, np.float32)


def _fine(colours: Floats) -> Floats:
    return np.asarray(colours - cv2.GaussianBlur(colours, (0, 0), _FINE), np.float32)


def _lost(fine: Floats, kept: Floats, hole: Mask) -> Floats:
    """The share of the `fine` detail of the pieces that patches, with what they `kept` of it, would
    need to be as rough."""
    inside = hole.astype(np.float32)
    there, left = (cv2.blur(mean_square(detail) * inside, _AROUND) for detail in (fine, kept))
    return np.asarray(
        _KEPT * np.sqrt(np.maximum(there - left, 0) / np.maximum(there, 1e-3)), np.float32
    )

"""The faint rim that compression leaves around letters, where the scene is calm enough to show it.

JPEG spreads the contrast of a letter over its 8 x 8 blocks, and its colour over 16 x 16. Left in
the picture, those pixels colour the fill between them: a smudge in the shape of the text.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, ellipse, parts

_REACH = 13  # px from a letter: most of a block of colour
_BLOCK = 6  # px: most of a block of brightness
LUMINANCE: Floats = np.array((0.299, 0.587, 0.114), np.float32)  # BT.601, as in JPEG
_CALM = 2.6  # grey levels of fine detail; in a busier scene nobody sees the rim
_VISIBLE = 1.2  # grey levels of difference, over some pixels, that an eye finds on a calm scene
_MOST = 9.0  # grey levels; what differs by more is an object that the guess does not know
_BESIDE = 3  # px; a difference of any size so close to a letter is a rest of it
_PATCH = (5, 5)  # px over which a difference is averaged: grain is no rim
_WRONG = 0.06  # share of unlike pixels from which there is an object behind the letters
_AROUND = (4 * _REACH + 1, 4 * _REACH + 1)
_MAX_PIXELS = 1_500_000  # larger windows hold letters so large that a block is little beside them


def grow_into_calm(picture: Picture, hole: Mask) -> None:
    """Widen `hole`, in place, over the rim where the scene is smooth."""
    for window in parts(hole, margin=3 * _REACH):
        if window.area <= _MAX_PIXELS:
            missing = hole[window.slices]
            missing |= _rim(picture[window.slices], missing)


def _rim(view: Picture, hole: Mask) -> Mask:
    """Pixels near the hole that differ a little, but visibly, from what the calm scene expects."""
    near, block, beside = (
        cv2.dilate(hole.view(np.uint8), ellipse(reach)) > 0 for reach in (_REACH, _BLOCK, _BESIDE)
    )
    colours = view.astype(np.float32)
    smooth = membrane(colours, near)
    known = (~hole).astype(np.float32)
    share = np.maximum(cv2.blur(known, _PATCH), 1e-3)[..., None]
    change = cv2.blur((colours - smooth) * known[..., None], _PATCH) / share
    size, light = np.abs(change).max(axis=2), np.abs(change @ LUMINANCE)
    calm = (_detail(colours, smooth, near) < _CALM) & _predictable(size, hole, near & ~beside)
    # far from the letters only colour is smeared: a change of light there is the scene's own
    rim = (size < _MOST) & (block | (light < _VISIBLE)) | beside
    return np.asarray(near & ~hole & calm & (size > _VISIBLE) & rim, bool)


def _predictable(size: npt.NDArray[np.float32], hole: Mask, judged: Mask) -> Mask:
    """Where the guess is right about the pixels that no letter can have touched much."""
    counted = judged.astype(np.float32)
    wrong = cv2.blur(counted * (size > _MOST), _AROUND)
    seen = cv2.blur(counted, _AROUND)
    return np.asarray((wrong < _WRONG * seen) | (seen < 1e-3), bool)


def _detail(colours: Floats, smooth: Floats, near: Mask) -> npt.NDArray[np.float32]:
    """Mean size of the fine detail of the known pixels around each pixel."""
    fine = np.abs(colours - cv2.GaussianBlur(smooth, (0, 0), 2)).mean(axis=2)
    known = (~near).astype(np.float32)
    share = cv2.blur(known, _AROUND)
    return np.asarray(cv2.blur(fine * known, _AROUND) / np.maximum(share, 1e-3), np.float32)

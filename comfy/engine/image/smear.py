"""The colour of letters that compression has spread over the scene right beside them.

JPEG and video keep colour at half the resolution: some pixels beside letters have the brightness
of the scene, but partly the letters' colour. Filling would spread that: grey patches on skin under
white letters. Only the colour of these pixels is mended.
"""

from __future__ import annotations

import cv2
import numpy as np

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, dilate, parts

_SPREAD = 0.8  # px; deviation of the blur that halved resolution amounts to
_REACH = 8  # px beside letters in which the smear is told from what the scene does by itself
_LETTERS = (17, 17)  # px over which the letters' colour is averaged
_AROUND = (145, 145)  # px in which the smear is equally strong
_UNSURE, _SURE = 0.2, 0.4  # share of the change of colour beside letters that a smear explains
_MOST_SIZE = 40.0  # grey levels; a letter's colour that differs by more tells no more
_MOST_SHARE = 0.9
_MAX_PIXELS = 1_500_000  # larger windows hold letters so large that a smear is little beside them

# BT.601, as in JPEG: how red, green and blue follow Cr and Cb
_TO_RGB: Floats = np.array([[1.402, 0], [-0.714, -0.344], [0, 1.772]], np.float32)


def mend_colour(picture: Picture, hole: Mask) -> None:
    """Take the colour of what is in `hole` [height, width] out of the pixels around it, in place,
    as far as it is there; their brightness stays."""
    for window in parts(hole, margin=4 * _REACH):
        if window.area <= _MAX_PIXELS:
            _mend(picture[window.slices], hole[window.slices])


def _mend(view: Picture, hole: Mask) -> None:
    colours = cv2.cvtColor(view, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    chroma, behind = colours[..., 1:], membrane(colours, dilate(hole, 3))[..., 1:]
    toward = _letters(chroma, hole) - behind
    near = dilate(hole, 2 * _REACH + 1) & ~hole
    change = _smeared(chroma - behind, toward, hole, near)[..., None] * toward
    touched = near & (np.abs(change).max(axis=2) > 0.5)
    mended = view[touched] - change[touched] @ _TO_RGB.T
    view[touched] = np.clip(mended, 0, 255).round().astype(np.uint8)


def _letters(chroma: Floats, hole: Mask) -> Floats:
    """The colour of the letters near each pixel."""
    known = hole.astype(np.float32)
    weight = cv2.blur(known, _LETTERS) + 1e-3
    return np.asarray(cv2.blur(chroma * known[..., None], _LETTERS) / weight[..., None], np.float32)


def _smeared(apart: Floats, toward: Floats, hole: Mask, near: Mask) -> Floats:
    """The share of the letters' colour in each pixel that is there because letters are beside it.

    `apart` and `toward`, [height, width, 2], lead from the scene's colour to that of a pixel and
    to the letters'. How much of it grows with the nearness of letters is told by regression: what
    the scene itself has of that colour does not.
    """
    size = np.square(toward).sum(axis=2)
    share = (apart * toward).sum(axis=2) / np.maximum(size, 1)
    spread = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), _SPREAD)
    weight = near * np.minimum(size, _MOST_SIZE**2)

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(weight * values, _AROUND) / counted, np.float32)

    counted = np.maximum(cv2.blur(weight, _AROUND), 1e-3)
    mean_spread, mean_share = mean(spread), mean(share)
    varied = np.maximum(mean(spread * spread) - mean_spread * mean_spread, 1e-4)
    common = np.maximum(mean(spread * share) - mean_spread * mean_share, 0)
    total = np.maximum(mean(share * share) - mean_share * mean_share, 1e-4)
    sure = (common * common / (varied * total) - _UNSURE) / (_SURE - _UNSURE)
    smeared = np.clip(sure, 0, 1) * common / varied * spread
    return np.asarray(np.clip(smeared, 0, _MOST_SHARE), np.float32)

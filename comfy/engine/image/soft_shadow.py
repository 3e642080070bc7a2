"""The blurred shadow of letters, which has no edge that a colour could tell apart."""

from __future__ import annotations

import cv2
import numpy as np

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.windows import Mask, dilate, parts_with

_REACH = 0.34  # of the letter height: how far a usual shadow spreads
_DARK = 5  # L* units; the darkest tenth next to the letters is at least so much darker
_MIN_CHANGE = 1.5  # L* units; less is not seen
_MAX_DETAIL = 2.0  # L* units; in a busier scene a shadow cannot be told from the scene
_MAX_RISE = 20.0  # L* units over the reach; beside an object the guess at the scene is poor
_MIN_SHARE = 0.25  # of the pixels next to the letters: an offset shadow is on two of four sides


def soft_shadow(light: Floats, mask: Mask, glyph: float) -> Mask:
    """Pixels near `mask` that are darker than the calm scene farther away lets expect.

    `light` is CIE L*, 0..100; `mask` the letters and outlines found so far. Empty unless the
    darkening fades with the distance.
    """
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    reach = max(4.0, glyph * _REACH)
    outside = distance > reach
    if not mask.any() or np.count_nonzero(outside) < 100:
        return np.zeros_like(mask)
    expected = membrane(light, ~outside)
    detail = _detail(light, outside, reach)
    calm = (detail < _MAX_DETAIL) & (_slope(expected) * reach < _MAX_RISE)
    near = calm & (distance > 0) & (distance <= max(2.0, reach * 0.35))
    rim = calm & (distance > reach * 0.85) & ~outside
    if min(np.count_nonzero(near), np.count_nonzero(rim)) < 50:
        return np.zeros_like(mask)
    change = expected - cv2.GaussianBlur(light, (0, 0), 1)
    darker = calm & ~outside & (change > np.maximum(_MIN_CHANGE, 2 * detail))
    share = float(darker[near].mean())
    if np.percentile(change[near], 90) < _DARK:
        return np.zeros_like(mask)
    if share < _MIN_SHARE or darker[rim].mean() > 0.5 * share:
        return np.zeros_like(mask)
    return _joined(darker & ~mask, mask)


def _detail(light: Floats, known: Mask, reach: float) -> Floats:
    """Mean size of the scene's fine detail around each pixel, in L* units."""
    weight = known.astype(np.float32)

    def mean(image: Floats, sigma: float) -> Floats:
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        return np.asarray(
            cv2.GaussianBlur(image * weight, (0, 0), sigma) / (total + 1e-4), np.float32
        )

    fine = cv2.GaussianBlur(light, (0, 0), 1) - mean(light, max(2.0, reach * 0.6))
    return mean(np.abs(fine), reach)


def _slope(light: Floats) -> Floats:
    """L* units per pixel, of the steepest place nearby."""
    smooth = cv2.GaussianBlur(light, (0, 0), 2)
    steepness = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.dilate(steepness / 8, np.ones((9, 9), np.uint8)), np.float32)


def _joined(darker: Mask, mask: Mask) -> Mask:
    """The parts of `darker` that begin at the mask, with a little of what fades out."""
    return dilate(parts_with(darker | mask, mask) & darker, 3)

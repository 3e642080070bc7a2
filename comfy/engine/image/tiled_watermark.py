"""Taking a repeated half-transparent watermark off: inverting the mixing gives the scene back."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from comfy.engine.image.matte import TRACE, Matte, affine, corners_of
from comfy.engine.image.membrane import Floats
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.tiling import Tiling
from comfy.engine.image.windows import Mask, Window, around

_CALM, _PLAIN = 6.0, 2.0  # grey levels of fine detail: a ghost's rim shows where it is plain


def take_off(
    picture: Picture, tiling: Tiling, matte: Matte, check: Callable[[], None]
) -> list[tuple[Window, Mask]]:
    """Un-mix every copy, in place. Returns the edges of the letters, which stay uncertain."""
    edges = []
    for center in tiling.centers:
        check()
        placed = _placed(matte, center, tiling.angle, picture.shape)
        if placed is None:
            continue
        window, alpha = placed
        marked = alpha > TRACE
        view, share = picture[window.slices], alpha[marked][:, None]
        scene = (view[marked] - share * matte.colour) / (1 - share)
        view[marked] = np.clip(scene, 0, 255).round().astype(np.uint8)
        edges.append((window, _visible_edges(view, alpha, float(matte.alpha.max()))))
    return edges


def _placed(
    matte: Matte, center: Floats, angle: float, shape: tuple[int, ...]
) -> tuple[Window, Floats] | None:
    """The matte at its place in the picture."""
    size = matte.alpha.shape[1], matte.alpha.shape[0]
    matrix = affine(center, size, angle, matte.step)
    window = around(corners_of(matrix, size)).grown(1, shape)
    if window.right <= window.left or window.bottom <= window.top:
        return None
    matrix[:, 2] -= window[:2]
    target = window.right - window.left, window.bottom - window.top
    alpha = cv2.warpAffine(matte.alpha, matrix, target, flags=cv2.INTER_CUBIC)
    return window, np.asarray(alpha, np.float32)


def _visible_edges(view: Picture, alpha: Floats, full: float) -> Mask:
    """The letters' edges where the scene is calm enough for a ghost of them to be seen.

    Elsewhere the un-mixed pixels, though uncertain, are better than a smooth guess.
    """
    letters = (alpha > 0.35 * full).view(np.uint8)
    wide, narrow = (
        cv2.morphologyEx(letters, cv2.MORPH_GRADIENT, np.ones((size, size), np.uint8)) > 0
        for size in (5, 3)
    )
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 2))
    known = 1 - wide.astype(np.float32)
    texture = cv2.blur(fine * known, (15, 15)) / np.maximum(cv2.blur(known, (15, 15)), 0.02)
    return np.asarray((narrow & (texture < _CALM)) | (wide & (texture < _PLAIN)), bool)

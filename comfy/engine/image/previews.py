"""Small pictures that show how far the work is: what was found, what is masked, what is filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from PIL import Image as PILImage

from comfy.engine.image.text_boxes import Picture, TextBox, reduced
from comfy.engine.image.windows import Mask

Progress = Callable[[int, int, PILImage.Image | None], None]
"""`progress(step, steps, preview)`."""

_SIDE = 512  # px, the longer side


def small(picture: Picture) -> PILImage.Image:
    return PILImage.fromarray(_reduced(picture))


def boxes(picture: Picture, found: Sequence[TextBox]) -> PILImage.Image:
    """The lines that will go, in red frames."""
    view = _reduced(picture).copy()
    scale = np.divide(view.shape[1::-1], picture.shape[1::-1])
    outlines = [np.round(box.corners * scale).astype(np.int32) for box in found]
    cv2.polylines(view, outlines, isClosed=True, color=(255, 64, 64), thickness=1)
    return PILImage.fromarray(view)


def mask(picture: Picture, hole: Mask) -> PILImage.Image:
    """The pixels that will be filled, reddened."""
    view = _reduced(picture).copy()
    size = view.shape[1], view.shape[0]
    marked = cv2.resize(hole.view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 32
    view[marked] = (view[marked] // 2 + np.array([127, 20, 20])).astype(np.uint8)
    return PILImage.fromarray(view)


def _reduced(picture: Picture) -> Picture:
    """Half by half as far as it goes: OpenCV does that five times as fast as any other part."""
    while max(picture.shape[:2]) >= 2 * _SIDE and min(picture.shape[:2]) > 1:
        size = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return reduced(picture, _SIDE / max(picture.shape[:2]))

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
    return PILImage.fromarray(reduced(picture, _scale(picture)))


def boxes(picture: Picture, found: Sequence[TextBox]) -> PILImage.Image:
    """The lines that will go, in red frames."""
    scale = _scale(picture)
    view = reduced(picture, scale).copy()
    outlines = [np.round(box.corners * scale).astype(np.int32) for box in found]
    cv2.polylines(view, outlines, isClosed=True, color=(255, 64, 64), thickness=1)
    return PILImage.fromarray(view)


def mask(picture: Picture, hole: Mask) -> PILImage.Image:
    """The pixels that will be filled, reddened."""
    view = reduced(picture, _scale(picture)).copy()
    size = view.shape[1], view.shape[0]
    marked = cv2.resize(hole.view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 32
    view[marked] = (view[marked] // 2 + np.array([127, 20, 20])).astype(np.uint8)
    return PILImage.fromarray(view)


def _scale(picture: Picture) -> float:
    return min(1.0, _SIDE / int(max(picture.shape[:2])))

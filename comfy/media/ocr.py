"""Lines of text in a picture, read by RapidOCR, whose models ship in its wheel."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from rapidocr import RapidOCR

Picture = npt.NDArray[np.uint8]
"""Shape [height, width, 3], RGB."""

_MIN_SIDE = 12  # px; nothing legible fits, and RapidOCR's resizing divides by such sides
_THREADS = 2


class Line(NamedTuple):
    """`corners`: float32 [4, 2], x and y in pixels, clockwise from the start of the line's top
    edge. `score`: the recogniser's confidence 0..1."""

    corners: npt.NDArray[np.float32]
    text: str
    score: float


def read_lines(picture: Picture, most: int) -> list[Line]:
    """All lines RapidOCR sees, also those it only imagines, in a copy whose longer side is at
    most so many pixels: at its default it takes 730 MB for a 1080p picture."""
    height, width = picture.shape[:2]
    if min(height, width) < _MIN_SIDE:
        return []
    small = reduced(picture, min(1.0, most / max(height, width)))
    found = _reader(most)(np.ascontiguousarray(small[..., ::-1]), use_cls=False)  # it expects BGR
    if found.boxes is None or found.txts is None:
        return []
    stretch = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    return [
        Line(np.asarray(corners, np.float32) * stretch, str(text), float(score))
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


@cache
def _reader(most: int) -> RapidOCR:
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": most,
            "Global.text_score": 0.3,
            "Det.limit_type": "max",
            "Det.limit_side_len": most,
            "Det.box_thresh": 0.4,
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def reduced(picture: Picture, scale: float) -> Picture:
    """The picture made smaller by `scale` <= 1, with antialiasing."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

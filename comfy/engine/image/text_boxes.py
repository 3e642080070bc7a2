"""Finding and reading lines of text in a picture with RapidOCR, whose models ship in its wheel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from rapidocr import RapidOCR

from comfy.engine.image.instruction import Kind

Picture = npt.NDArray[np.uint8]
"""Shape [height, width, 3], RGB."""

MAX_SIDE = 1280
"""Longest side the detector sees, px: at its default RapidOCR takes 730 MB for a 1080p picture."""

_MIN_SIDE = 12  # px; nothing legible fits, and RapidOCR's resizing divides by such sides
_THREADS = 2


@dataclass(frozen=True, eq=False)
class TextBox:
    """One line of text.

    `corners`: float32 [4, 2], x and y in pixels, clockwise from the start of the line's top edge.
    `score`: the recogniser's confidence 0..1. `repeated`: one of many equal lines, as a tiled
    watermark has them.
    """

    corners: npt.NDArray[np.float32]
    text: str
    score: float
    kind: Kind = Kind.TEXT
    repeated: bool = False

    @property
    def width(self) -> float:
        a, b, c, d = self.corners
        return float(np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2

    @property
    def height(self) -> float:
        a, b, c, d = self.corners
        return float(np.linalg.norm(d - a) + np.linalg.norm(c - b)) / 2

    @property
    def glyph_size(self) -> float:
        """Height of the letters in px; for a vertical line that is the width of the box."""
        return max(1.0, min(self.width, self.height))

    @property
    def angle(self) -> float:
        """Direction of the line in degrees, -180..180, clockwise as y points down."""
        dx, dy = self.corners[1] - self.corners[0]
        return float(np.degrees(np.arctan2(dy, dx)))

    @property
    def center(self) -> tuple[float, float]:
        x, y = self.corners.mean(axis=0)
        return float(x), float(y)


@cache
def _reader() -> RapidOCR:
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": MAX_SIDE,
            "Global.text_score": 0.3,
            "Det.limit_type": "max",
            "Det.limit_side_len": MAX_SIDE,
            "Det.box_thresh": 0.4,
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_text(picture: Picture) -> list[TextBox]:
    """All lines RapidOCR sees, also those it only imagines (see classify.is_believable)."""
    height, width = picture.shape[:2]
    if min(height, width) < _MIN_SIDE:
        return []
    scale = min(1.0, MAX_SIDE / max(height, width))
    small = reduced(picture, scale)
    found = _reader()(np.ascontiguousarray(small[..., ::-1]), use_cls=False)  # it expects BGR
    if found.boxes is None or found.txts is None:
        return []
    stretch = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    return [
        TextBox(np.asarray(corners, np.float32) * stretch, str(text), float(score))
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def reduced(picture: Picture, scale: float) -> Picture:
    """The picture made smaller by `scale` <= 1, with antialiasing."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

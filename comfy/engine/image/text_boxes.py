"""Lines of text in a picture, as boxes with a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from comfy.engine.image.instruction import Kind
from comfy.engine.image.windows import around, merged
from comfy.media.ocr import Picture, read_lines, reduced

__all__ = ["Check", "Picture", "TextBox", "detector_scale", "read_near", "read_text", "reduced"]

Check = Callable[[], None]
"""Called now and then; it may raise to stop."""

MAX_SIDE = 1280
"""Longest side the detector sees, px."""

_AROUND = 48  # px of what the detector sees: a line is not found without its surroundings


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

    @cached_property
    def width(self) -> float:
        a, b, c, d = self.corners
        return float(np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2

    @cached_property
    def height(self) -> float:
        a, b, c, d = self.corners
        return float(np.linalg.norm(d - a) + np.linalg.norm(c - b)) / 2

    @cached_property
    def glyph_size(self) -> float:
        """Height of the letters in px; for a vertical line that is the width of the box."""
        return max(1.0, min(self.width, self.height))

    @cached_property
    def angle(self) -> float:
        """Direction of the line in degrees, -180..180, clockwise as y points down."""
        dx, dy = self.corners[1] - self.corners[0]
        return float(np.degrees(np.arctan2(dy, dx)))

    @cached_property
    def center(self) -> tuple[float, float]:
        x, y = self.corners.mean(axis=0)
        return float(x), float(y)


def read_text(picture: Picture, check: Check) -> list[TextBox]:
    """All lines RapidOCR sees, also those it only imagines (see classify.is_believable)."""
    return [TextBox(*line) for line in read_lines(picture, detector_scale(picture), check)]


def read_near(picture: Picture, boxes: Iterable[TextBox], check: Check) -> list[TextBox]:
    """The lines at and around these boxes, seen as large as in the whole picture."""
    scale = detector_scale(picture)
    margin = _AROUND / scale
    windows = merged(around(box.corners).grown(margin, picture.shape) for box in boxes)
    return [
        replace(found, corners=found.corners + np.array(window[:2], np.float32))
        for window in windows
        for found in (TextBox(*line) for line in read_lines(picture[window.slices], scale, check))
    ]


def detector_scale(picture: Picture) -> float:
    """How much smaller the detector sees it."""
    return min(1.0, MAX_SIDE / int(max(picture.shape[:2])))

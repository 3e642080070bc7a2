"""Lines of text in a picture, as boxes with a kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.image.instruction import Kind
from comfy.media.ocr import Picture, read_lines, reduced

__all__ = ["Picture", "TextBox", "read_text", "reduced"]

MAX_SIDE = 1280
"""Longest side the detector sees, px."""


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


def read_text(picture: Picture) -> list[TextBox]:
    """All lines RapidOCR sees, also those it only imagines (see classify.is_believable)."""
    return [TextBox(*line) for line in read_lines(picture, MAX_SIDE)]

"""The mark that people see: small letters in a corner of a video or a picture."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

LETTERS = Path(__file__).parent.parent.parent / "assets" / "ai-mark.png"  # grey: how opaque
HEIGHT = 0.05  # of the shortest side: GB 45438-2025 asks for letters at least so high
MARGIN = 0.02
WIDEST = 0.9  # of the width
STRENGTH = 0.85
SHADE = 0.45  # of the darkness behind the letters

Alpha = npt.NDArray[np.float32]
Plane = npt.NDArray[np.uint8]


def mark_picture(picture: Image.Image) -> Image.Image:
    """The picture with the mark in its lower right corner."""
    pixels = np.asarray(picture.convert("RGB")).copy()
    letters, x, y = _place(pixels.shape[1], pixels.shape[0])
    for channel in range(3):
        _blend(pixels[:, :, channel], letters, x, y, white=255)
    return Image.fromarray(pixels)


def mark_frame(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame, as yuv420p, with the mark; it is in the brightness alone."""
    plain = frame.reformat(format="yuv420p")
    planes = plain.to_ndarray()
    height, width = plain.height, plain.width
    letters, x, y = _place(width, height)
    _blend(planes[:height], letters, x, y, white=235)
    marked = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    marked.pts, marked.time_base = frame.pts, frame.time_base
    marked.color_range, marked.colorspace = plain.color_range, plain.colorspace
    return marked


def _blend(plane: Plane, letters: Alpha, x: int, y: int, *, white: int) -> None:
    """White letters over a darkened patch; the patch makes them legible on anything."""
    height, width = letters.shape
    under = plane[y : y + height, x : x + width].astype(np.float32)
    shaded = under * (1 - SHADE)
    blended = shaded + (white - shaded) * letters * STRENGTH
    plane[y : y + height, x : x + width] = blended.round().astype(np.uint8)


@cache
def _place(width: int, height: int) -> tuple[Alpha, int, int]:
    """The letters for this size (0..1), and where their patch begins."""
    with Image.open(LETTERS) as drawn:
        tall = max(8, round(HEIGHT * min(width, height) * drawn.height / letter_height(drawn)))
        wide = round(drawn.width * tall / drawn.height)
        if wide > WIDEST * width:
            wide, tall = int(WIDEST * width), max(4, int(tall * WIDEST * width / wide))
        scaled = drawn.convert("L").resize((wide, tall), Image.Resampling.LANCZOS)
    margin = round(MARGIN * min(width, height))
    letters: Alpha = np.asarray(scaled, dtype=np.float32) / np.float32(255)
    return letters, max(0, width - wide - margin), max(0, height - tall - margin)


def letter_height(drawn: Image.Image) -> int:
    """Of the letters without the space around them, in pixels of the drawing."""
    box = drawn.convert("L").point(lambda value: 255 if value > 64 else 0).getbbox()
    return box[3] - box[1] if box else drawn.height

"""Small copies of pictures, for previews and lists."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from comfy.errors import InputError
from comfy.media.clips import first_frame
from comfy.media.pictures import BROKEN, FORMATS, MOST_PIXELS

QUALITY = 80  # of the JPEG: 96 pixels are about 3 kB


def thumbnail(path: Path, pixels: int) -> bytes:
    """A JPEG that fits into a square of so many pixels; b"" if the picture cannot be read.

    A video is shown by its first frame.
    """
    try:
        small = first_frame(path) if path.suffix == ".mp4" else _picture(path, pixels)
    except (*BROKEN, InputError):
        return b""
    small.thumbnail((pixels, pixels))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _picture(path: Path, pixels: int) -> Image.Image:
    with Image.open(path, formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise InputError("picture_too_large")
        picture.draft("RGB", (pixels, pixels))  # a JPEG is decoded small from the start
        return picture.convert("RGB")

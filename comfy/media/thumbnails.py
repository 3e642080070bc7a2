"""Small copies of pictures, for previews and lists."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from comfy.media.pictures import BROKEN, FORMATS, MOST_PIXELS

QUALITY = 80  # of the JPEG: 96 pixels are about 3 kB


def thumbnail(path: Path, pixels: int) -> bytes:
    """A JPEG that fits into a square of so many pixels; b"" if the picture cannot be read."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return b""
            picture.draft("RGB", (pixels, pixels))  # a JPEG is decoded small from the start
            small = picture.convert("RGB")
    except BROKEN:
        return b""
    small.thumbnail((pixels, pixels))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()

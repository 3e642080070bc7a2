"""Subtitles, corner marks and tiled watermarks, as people find them on pictures."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

# Debian's fonts-noto-cjk (SIL Open Font License); only the pixels it draws are shipped.
_FONT = "NotoSansCJK-Bold.ttc"
_WHITE = (255, 255, 255)


def font(size: float) -> ImageFont.FreeTypeFont:
    """The CJK font in pixels; Pillow searches the system's font folders for it."""
    return ImageFont.truetype(_FONT, round(size), index=2)


def subtitle(picture: Image.Image, lines: Iterable[tuple[str, float, float]]) -> Image.Image:
    """Centred white lines with a black outline; each is (text, size, middle) in picture heights."""
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for text, size, middle in lines:
        pixels = size * picture.height
        pen.text(
            (picture.width / 2, middle * picture.height),
            text,
            font=font(pixels),
            fill=(*_WHITE, 255),
            anchor="mm",
            stroke_width=max(2, round(pixels * 0.07)),
            stroke_fill=(12, 12, 16, 255),
        )
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def corner_mark(picture: Image.Image, text: str, size: float = 0.045) -> Image.Image:
    """A round play icon and a name in the upper right corner, slightly transparent."""
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    pixels = size * picture.height
    face = font(pixels)
    x = picture.width * 0.965 - pen.textlength(text, font=face)
    y, radius = picture.height * 0.085, pixels * 0.72
    middle = x - radius - pixels * 0.35
    pen.ellipse((middle - radius, y - radius, middle + radius, y + radius), fill=(232, 58, 78, 220))
    wing = radius * 0.5
    triangle = [
        (middle - wing * 0.7, y - wing),
        (middle - wing * 0.7, y + wing),
        (middle + wing, y),
    ]
    pen.polygon(triangle, fill=(*_WHITE, 235))
    pen.text((x, y), text, font=face, fill=(*_WHITE, 220), anchor="lm")
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def tiled(
    picture: Image.Image, text: str, *, size: float = 0.052, opacity: float = 0.30, turn: float = 28
) -> Image.Image:
    """The same words all over the picture, slanted and half transparent."""
    pixels = size * picture.height
    side = round((picture.width**2 + picture.height**2) ** 0.5) + 8
    layer = Image.new("RGBA", (side, side), (*_WHITE, 0))
    pen = ImageDraw.Draw(layer)
    face = font(pixels)
    step = round(pen.textlength(text, font=face) * 1.55)
    for row, y in enumerate(range(0, side, round(pixels * 3.3))):
        for x in range(-(row % 2) * step // 2, side, step):
            pen.text((x, y), text, font=face, fill=(*_WHITE, round(255 * opacity)))
    layer = layer.rotate(turn, Image.Resampling.BICUBIC)
    left, top = (side - picture.width) // 2, (side - picture.height) // 2
    layer = layer.crop((left, top, left + picture.width, top + picture.height))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")

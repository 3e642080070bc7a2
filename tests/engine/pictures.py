"""Small made pictures with known text on them. No system font is needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 640, 360


def scene() -> Picture:
    """A soft scene of gradients and waves with a little grain."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    red = 90 + 60 * np.sin(x / 90) + 20 * np.cos(y / 50)
    green = 110 + 50 * np.cos(y / 70 + x / 200)
    blue = 70 + x / 8 + 20 * np.sin(y / 40)
    grain = np.random.default_rng(0).normal(0, 2, (HEIGHT, WIDTH, 1))
    return np.clip(np.stack([red, green, blue], axis=2) + grain, 0, 255).astype(np.uint8)


def font(size: int) -> ImageFont.FreeTypeFont:
    loaded = ImageFont.load_default(size)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    return loaded


def write(
    picture: Picture, text: str, center: tuple[float, float], size: int, *, outline: int = 2
) -> Picture:
    """White text with a black outline; `center` in shares of the width and height."""
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text(
        (picture.shape[1] * center[0], picture.shape[0] * center[1]),
        text,
        font=font(size),
        fill=(255, 255, 255),
        anchor="mm",
        stroke_width=outline,
        stroke_fill=(0, 0, 0),
    )
    return np.asarray(image)


def tile(
    picture: Picture, text: str, size: int, opacity: float, angle: float, *,
    shade: int = 255, offset: float = 0.5,
) -> Picture:  # fmt: skip
    """A half-transparent text all over the picture, each second row moved by a part of a step."""
    height, width = picture.shape[:2]
    side = int(np.hypot(width, height)) + 10
    layer = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(layer)
    step = int(draw.textlength(text, font=font(size)) * 1.4)
    for row, y in enumerate(range(0, side, int(size * 2.6))):
        for x in range(-round(row % 2 * step * offset), side, step):
            draw.text((x, y), text, font=font(size), fill=round(255 * opacity))
    left, top = (side - width) // 2, (side - height) // 2
    turned = layer.rotate(angle, Image.Resampling.BICUBIC)
    mask = turned.crop((left, top, left + width, top + height))
    image = Image.fromarray(picture)
    image.paste((shade, shade, shade), (0, 0), mask)
    return np.asarray(image)


def psnr(one: Picture, other: Picture) -> float:
    """Likeness of two pictures in dB."""
    error = (one.astype(np.float64) - other) ** 2
    return float(10 * np.log10(255**2 / max(float(error.mean()), 1e-9)))

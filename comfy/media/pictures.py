"""Pictures: any common format in, one upright RGB frame out."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from comfy.errors import InputError
from comfy.media.files import Limits, check_size, content_name, written_whole

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # EPS, PDF and SVG run code
SMALLEST = 32  # pixels; below this no model and no engine node does anything useful
MOST_PIXELS = (
    300_000_000  # that are decoded only to look at them; uploads have a limit of their own
)
LYING = (5, 6, 7, 8)  # EXIF orientations in which width and height change places
LONGEST_SIDE = 16_384  # pixels; the limit of most image libraries and of WebP
BROKEN = (
    *(OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError),
    *(struct.error, zlib.error, MemoryError, RuntimeError, ArithmeticError),
    Image.DecompressionBombError,
)

# We look at the size in the header before anything is decoded, with a limit of the operator.
Image.MAX_IMAGE_PIXELS = None


def accept_picture(source: Path, folder: Path, limits: Limits) -> Path:
    """Turn an upload into a PNG (8-bit RGB, upright, one frame, sRGB, no metadata) in `folder`.

    Raises InputError: file_empty, file_too_large, picture_unusable, picture_too_large,
    picture_too_small.
    """
    check_size(source, limits)
    target = folder / content_name(source, "picture-1", ".png")
    if target.exists():
        return target
    with opened(source, limits) as image:
        picture = _plain_rgb(image)
    with written_whole(target) as part:
        picture.save(part, "PNG", compress_level=1)
    return target


@contextmanager
def opened(source: Path, limits: Limits) -> Iterator[Image.Image]:
    """A picture whose size was checked before it is decoded. Raises InputError as `accept_picture`
    does, also for what turns out to be broken while somebody reads it."""
    try:
        with Image.open(source, formats=FORMATS) as image:
            _check_pixels(image.size, limits)
            yield image
    except InputError:
        raise
    except BROKEN as exc:
        raise InputError("picture_unusable") from exc


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright. Raises InputError for a file that is no picture."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            lies = image.getexif().get(ExifTags.Base.Orientation) in LYING
            return (height, width) if lies else (width, height)
    except BROKEN as exc:
        raise InputError("picture_unusable") from exc


def _check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Raise InputError picture_too_small or picture_too_large."""
    width, height = size
    if min(size) < SMALLEST:
        raise InputError("picture_too_small", width=width, height=height, limit=SMALLEST)
    if width * height > limits.megapixels * 1_000_000 or max(size) > LONGEST_SIDE:
        megapixels = max(1, round(width * height / 1_000_000))
        raise InputError(
            "picture_too_large",
            width=width,
            height=height,
            megapixels=megapixels,
            limit=limits.megapixels,
        )


def _plain_rgb(image: Image.Image) -> Image.Image:
    image.seek(0)  # an animation: its first frame
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("I", "F") or upright.mode.startswith("I;16"):
        upright = _eight_bit(upright)
    if upright.has_transparency_data:
        return _on_white(upright.convert("RGBA"))
    return _to_srgb(upright)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Pillow would clip 16-bit grey to 255; keep the full range instead."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    high = 65_535.0 if values.max(initial=0.0) > 255 else 255.0
    return Image.fromarray((np.clip(values / high, 0, 1) * 255).round().astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken profile is no reason to refuse the picture
        if converted is not None:
            return converted
    return image.convert("RGB")

"""Pictures as people really have them: rotated, transparent, animated, in print colours, broken."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comfy.errors import InputError
from comfy.media.files import Limits
from comfy.media.pictures import accept_picture, picture_size

LIMITS = Limits(megabytes=5, megapixels=4)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def accepted(source: Path, folder: Path) -> Image.Image:
    with Image.open(accept_picture(source, folder / "in", LIMITS)) as image:
        image.load()
        return image


def refusal(source: Path, folder: Path, limits: Limits = LIMITS) -> InputError:
    with pytest.raises(InputError) as caught:
        accept_picture(source, folder / "in", limits)
    assert not list((folder / "in").glob("*"))  # nothing is left behind
    return caught.value


def halves(width: int = 64, height: int = 48) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (200, 30, 30)
    return Image.fromarray(pixels)


def test_a_plain_picture_keeps_its_pixels(tmp_path):
    image = accepted(saved(tmp_path / "a.png", halves()), tmp_path)
    assert (image.mode, image.format) == ("RGB", "PNG")
    assert np.array_equal(np.asarray(image), np.asarray(halves()))


def test_equal_files_share_one_copy(tmp_path):
    one = accept_picture(saved(tmp_path / "a.png", halves()), tmp_path / "in", LIMITS)
    two = accept_picture(saved(tmp_path / "b.png", halves()), tmp_path / "in", LIMITS)
    assert one == two


def test_a_phone_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to show
    source = saved(tmp_path / "a.jpg", halves(), exif=exif.tobytes())
    image = accepted(source, tmp_path)
    assert image.size == (48, 64)
    assert image.getpixel((24, 4))[0] > 150
    assert image.getpixel((24, 60))[0] < 60
    assert not image.getexif()


def test_print_colours_become_rgb(tmp_path):
    image = accepted(saved(tmp_path / "a.jpg", halves().convert("CMYK"), quality=95), tmp_path)
    assert image.mode == "RGB"
    assert abs(image.getpixel((8, 8))[0] - 200) < 25


def test_transparency_becomes_white(tmp_path):
    source = saved(tmp_path / "a.png", Image.new("RGBA", (64, 64), (255, 0, 0, 0)))
    assert accepted(source, tmp_path).getpixel((5, 5)) == (255, 255, 255)


def test_of_an_animation_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    source = tmp_path / "a.gif"
    frames[0].save(source, save_all=True, append_images=frames[1:])
    assert accepted(source, tmp_path).getpixel((5, 5)) == (255, 0, 0)


def test_sixteen_bit_grey_keeps_its_range(tmp_path):
    values = np.full((40, 40), 32768, np.uint16)
    source = saved(tmp_path / "a.png", Image.fromarray(values))
    assert accepted(source, tmp_path).getpixel((5, 5)) == (128, 128, 128)


def test_a_name_that_lies_does_not_matter(tmp_path):
    data = io.BytesIO()
    halves().save(data, "WEBP", lossless=True)
    source = tmp_path / "a.png"
    source.write_bytes(data.getvalue())
    assert accepted(source, tmp_path).size == (64, 48)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"hello, I am a text", "picture_unusable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_unusable"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "picture_unusable"),
    ],
)
def test_what_is_no_picture_is_refused(content, code, tmp_path):
    source = tmp_path / "a.jpg"
    source.write_bytes(content)
    assert refusal(source, tmp_path).code == code


def test_a_picture_cut_in_the_middle_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    data = saved(tmp_path / "a.png", Image.fromarray(noise)).read_bytes()
    source = tmp_path / "cut.png"
    source.write_bytes(data[: len(data) // 2])
    assert refusal(source, tmp_path).code == "picture_unusable"


def test_a_huge_picture_is_refused_by_its_header(tmp_path):
    def chunk(name: bytes, body: bytes) -> bytes:
        whole = name + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", 15_000, 12_000, 8, 2, 0, 0, 0)
    source = tmp_path / "bomb.png"
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))
    error = refusal(source, tmp_path)
    assert error.code == "picture_too_large"
    assert error.details == {"width": 15000, "height": 12000, "megapixels": 180, "limit": 4}


def test_a_tiny_picture_is_refused(tmp_path):
    error = refusal(saved(tmp_path / "a.png", halves(10, 10)), tmp_path)
    assert (error.code, error.details["limit"]) == ("picture_too_small", 32)


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    source = tmp_path / "a.jpg"
    with source.open("wb") as file:
        file.truncate(5_200_000)
    assert refusal(source, tmp_path).details == {"size": 5, "limit": 5}


def test_the_size_is_read_from_the_header(tmp_path):
    assert picture_size(saved(tmp_path / "a.png", halves(70, 50))) == (70, 50)

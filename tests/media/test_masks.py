"""A painted mask: taken in, drawn from strokes, and the border that no change crosses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from comfy.errors import InputError
from comfy.media.files import Limits
from comfy.media.masks import accept_mask, draw_mask, paste_inside

SIZE = (160, 120)


def pixels(path: Path, mode: str = "L") -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert(mode))


def saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def with_box(mode: str, size: tuple[int, int], colour: object) -> Image.Image:
    image = Image.new(mode, size)
    ImageDraw.Draw(image).rectangle((40, 30, 79, 59), fill=colour)  # type: ignore[arg-type]
    return image


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("L", 255), ("1", 1), ("RGB", (255, 40, 40)), ("RGBA", (255, 255, 255, 255)), ("I;16", 65535)],
)
def test_what_is_bright_and_not_clear_is_painted(tmp_path: Path, mode: str, colour: object) -> None:
    given = saved(tmp_path / "mask.png", with_box(mode, SIZE, colour))
    taken = pixels(accept_mask(given, tmp_path / "kept", Limits(), SIZE))
    expected = np.zeros(SIZE[::-1], np.uint8)
    expected[30:60, 40:80] = 255
    assert np.array_equal(taken, expected)


def test_a_smaller_mask_is_brought_to_the_pictures_size(tmp_path: Path) -> None:
    given = saved(tmp_path / "mask.png", with_box("L", SIZE, 255))
    taken = pixels(accept_mask(given, tmp_path / "kept", Limits(), (400, 300)))
    assert taken.shape == (300, 400)
    assert taken.mean() / 255 == pytest.approx(40 * 30 / (160 * 120), abs=0.005)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (Image.new("L", SIZE), "mask_empty"),
        (Image.new("RGBA", SIZE, (255, 255, 255, 0)), "mask_empty"),
        (with_box("L", (120, 120), 255), "mask_unfit"),
        (with_box("L", (2000, 1500), 255), "picture_too_large"),
    ],
)
def test_a_mask_of_no_use_has_a_sentence(tmp_path: Path, image: Image.Image, code: str) -> None:
    given = saved(tmp_path / "mask.png", image)
    with pytest.raises(InputError) as refused:
        accept_mask(given, tmp_path / "kept", Limits(megapixels=1), SIZE)
    assert refused.value.code == code


def test_strokes_are_drawn_round_and_on_top_of_what_was_there(tmp_path: Path) -> None:
    dot = draw_mask([(0.1, [0.5, 0.5])], SIZE, None, tmp_path)
    area = np.count_nonzero(pixels(dot))
    assert area == pytest.approx(np.pi * 8**2, rel=0.12)
    line = pixels(draw_mask([(0.1, [0.1, 0.25, 0.9, 0.25])], SIZE, dot, tmp_path))
    assert line.shape == SIZE[::-1]
    assert set(np.unique(line)) == {0, 255}
    assert line[30, 20:140].all() and line[60, 80] and not line[80:].any()


def test_no_bit_outside_the_mask_changes_and_the_middle_is_the_results(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (120, 160, 3), np.uint8)
    original = saved(tmp_path / "original.png", Image.fromarray(noise))
    result = saved(tmp_path / "result.png", Image.new("RGB", (80, 60), (10, 200, 30)))
    mask = draw_mask([(0.3, [0.3, 0.3, 0.5, 0.6, 0.7, 0.3])], SIZE, None, tmp_path)
    share = paste_inside(original, result, mask, tmp_path / "mended.png")
    mended, painted = pixels(tmp_path / "mended.png", "RGB"), pixels(mask) > 0
    assert np.array_equal(mended[~painted], noise[~painted])
    assert share == painted.mean()
    assert tuple(mended[50, 70]) == (10, 200, 30)

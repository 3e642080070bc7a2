"""Plain coloured panels behind text: they go with their text, a wall or a shaded sign stays."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from comfy.engine.image.panel import find_panels
from comfy.engine.image.remove_text import remove_text
from comfy.engine.image.text_boxes import TextBox
from tests.engine.pictures import Picture, font, psnr, scene

RED, BLUE, YELLOW = (200, 30, 40), (20, 40, 90), (255, 190, 0)
NAME, TITLE = (40, 230, 360, 272), (40, 272, 320, 306)


def plate(picture: Picture, radius: float = 0) -> Picture:
    """A two-tone name plate with a yellow strip on its left, after JPEG."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle(_last(NAME), radius, fill=RED)
    pen.rounded_rectangle(_last(TITLE), radius, fill=BLUE)
    if not radius:
        pen.rectangle(_last((32, 230, 40, 272)), fill=YELLOW)
    pen.text((56, 251), "Ada Lovelace", font=font(24), fill="white", anchor="lm")
    pen.text((56, 289), "Analyst of engines", font=font(18), fill="white", anchor="lm")
    return _jpeg(image)


def _last(area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = area
    return left, top, right - 1, bottom - 1


def _jpeg(image: Image.Image) -> Picture:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file).convert("RGB"))


def _line(left: int, top: int, right: int, bottom: int) -> TextBox:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return TextBox(corners, "Ada Lovelace", 1.0)


@pytest.mark.parametrize("radius", [0, 9])
def test_a_name_plate_goes_with_its_text(radius: float) -> None:
    dirty = plate(scene(), radius)
    cleaned, found = remove_text(dirty, "", lambda *_: None, lambda: None)
    assert {item.text for item in found} == {"Ada Lovelace", "Analyst of engines"}
    assert psnr(cleaned, scene()) > 32
    outside = np.ones(dirty.shape[:2], bool)
    outside[210:326, 12:380] = False  # what compression smeared around goes too
    assert (cleaned[outside] == dirty[outside]).all()


@pytest.mark.parametrize(
    ("instruction", "goes"), [("Remove the subtitles", True), ("Remove the watermark", False)]
)
def test_a_line_on_a_panel_is_a_caption_in_the_middle_too(instruction: str, goes: bool) -> None:
    image = Image.fromarray(scene())
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((180, 190, 460, 229), 8, fill=YELLOW)
    pen.text((320, 210), "Travel alone", font=font(26), fill="black", anchor="mm")
    pen.text((320, 140), "Old harbour", font=font(26), fill="white", anchor="mm")
    _, found = remove_text(_jpeg(image), instruction, lambda *_: None, lambda: None)
    assert [item.text for item in found] == (["Travel alone"] if goes else [])


def test_a_panel_on_which_a_line_stays_stays_too() -> None:
    dirty = plate(scene())
    cleaned, _ = remove_text(dirty, 'remove "Analyst of engines"', lambda *_: None, lambda: None)
    left, top, right, bottom = NAME
    bottom -= 16  # what compression smeared of the other panel goes with it
    assert (cleaned[top:bottom, left:right] == dirty[top:bottom, left:right]).all()
    assert not (np.abs(cleaned[276:300, 48:312].astype(int) - BLUE).max(axis=2) < 20).any()


def test_a_strip_beside_a_panel_belongs_to_it() -> None:
    (panel,) = find_panels(plate(scene()), [_line(52, 236, 210, 266)])
    assert np.abs(np.array(panel) - np.array((29, 227, 363, 275))).max() <= 1


def test_a_sign_with_shades_and_a_wall_are_no_panels() -> None:
    sign = scene()
    shade = np.linspace(-20, 20, 320)[None, :, None]
    sign[230:272, 40:360] = np.clip(np.array(RED) + shade, 0, 255).astype(np.uint8)
    wall = np.full((360, 640, 3), 200, np.uint8)
    for picture in (sign, wall):
        image = Image.fromarray(picture)
        ImageDraw.Draw(image).text(
            (56, 251), "Ada Lovelace", font=font(24), fill="white", anchor="lm"
        )
        assert find_panels(_jpeg(image), [_line(52, 236, 210, 266)]) == []

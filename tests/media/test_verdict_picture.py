"""What is wrong with a cleaned picture: each fault by itself, and nothing in a good one."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comfy.media.verdict_picture import picture_findings
from tests.app_process import ROOT


def portrait(name="portrait"):
    with Image.open(ROOT / "assets" / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB").resize((384, 480)))


def lettered():
    image = Image.fromarray(CLEAN)
    font = ImageFont.load_default(28)
    ImageDraw.Draw(image).text((90, 420), "Hello subtitle", "white", font, stroke_width=2)
    return np.asarray(image)


CLEAN = portrait()
DIRTY = lettered()
NOISE = np.random.default_rng(1).normal(0, 2, CLEAN.shape)  # no pixel is quite the same
GOOD = np.clip(CLEAN + NOISE, 0, 255).astype(np.uint8)


def warped(matrix):
    moved = cv2.warpAffine(GOOD, np.array(matrix), (384, 480), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def other_face():
    picture = GOOD.copy()
    picture[90:290, 110:270] = portrait("portrait2")[90:290, 110:270]
    return picture


FAULTS = {
    "shifted": warped([[1.0, 0, 6], [0, 1.0, 4]]),
    "scaled": warped([[0.97, 0, 6], [0, 0.97, 7]]),
    "cropped": np.asarray(cv2.resize(GOOD[40:, 40:], (384, 480))),
    "recoloured": np.clip(GOOD * (1.1, 1.0, 0.85), 0, 255).astype(np.uint8),
    "smaller": np.asarray(cv2.resize(GOOD, (192, 240), interpolation=cv2.INTER_AREA)),
    "other": portrait("portrait2")[::-1],
    "face": other_face(),
}


def found(folder, result, **asked):
    paths = folder / "before.png", folder / "after.png"
    for path, picture in zip(paths, (DIRTY, result), strict=True):
        Image.fromarray(np.ascontiguousarray(picture)).save(path)
    return picture_findings(paths[1], original=paths[0], **asked)


@pytest.mark.parametrize("result", [CLEAN, GOOD], ids=["the same bits", "noise"])
def test_a_good_one_has_nothing(tmp_path, result):
    assert found(tmp_path, result, read=False) == []


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_found(tmp_path, code):
    assert [name for name, _ in found(tmp_path, FAULTS[code], read=False)] == [code]


def test_text_that_is_left_is_read_where_it_should_be_gone(tmp_path):
    assert found(tmp_path, DIRTY, instruction="Remove all text") == [
        ("text", {"text": "Hello subtitle", "count": 1})
    ]
    assert found(tmp_path, DIRTY, instruction="去掉字幕，保留其他文字") == []
    assert found(tmp_path, GOOD, instruction="去除字幕、水印、文字") == []


def test_what_was_asked_for_is_no_fault(tmp_path):
    wish = "把整张图改成水彩风格"
    assert found(tmp_path, FAULTS["recoloured"], instruction=wish, read=False) == []

"""No pixel changes but where text stands or somebody painted: held over many made pictures."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfy.engine.image.remove_text import AREA, Removed, remove_text
from comfy.engine.image.text_boxes import TextBox
from comfy.engine.image.text_columns import join_columns
from tests.engine.pictures import HEIGHT, WIDTH, Picture, psnr, scene, write

WORDS = ["The story begins here", "SUNNY WEEKEND", "Good evening", "Channel 42"]
FEW = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def cleaned(picture: Picture, painted: npt.NDArray[np.bool_] | None = None) -> Picture:
    before = picture.copy()
    result = remove_text(picture, "", lambda *_: None, lambda: None, painted).picture
    assert np.array_equal(picture, before)
    return result


def noisy_scene(seed: int, grain: float) -> Picture:
    noise = np.random.default_rng(seed).normal(0, grain, (HEIGHT, WIDTH, 1))
    return np.clip(np.roll(scene(), 37 * seed, axis=1) + noise, 0, 255).astype(np.uint8)


@FEW
@given(
    word=st.sampled_from(WORDS),
    x=st.floats(0.35, 0.65),
    y=st.floats(0.1, 0.9),
    size=st.integers(20, 44),
    outline=st.integers(0, 3),
    seed=st.integers(0, 9),
    grain=st.sampled_from([0.0, 3.0, 9.0]),
)
def test_only_pixels_at_the_letters_change(
    word: str, x: float, y: float, size: int, outline: int, seed: int, grain: float
) -> None:
    clean = noisy_scene(seed, grain)
    dirty = write(clean, word, (x, y), size, outline=outline)
    result = cleaned(dirty)
    text = (dirty != clean).any(axis=2).astype(np.uint8)
    reach = 2 * (size // 2 + 8) + 1
    allowed = cv2.dilate(text, np.ones((reach, reach), np.uint8)) > 0
    assert not (result != dirty).any(axis=2)[~allowed].any()


@FEW
@given(
    box=st.tuples(
        st.integers(0, WIDTH - 30),
        st.integers(0, HEIGHT - 30),
        st.integers(1, 300),
        st.integers(1, 90),
    ),
    seed=st.integers(0, 9),
)
def test_only_painted_pixels_change(box: tuple[int, int, int, int], seed: int) -> None:
    left, top, width, height = box
    dirty = write(noisy_scene(seed, 2), "The story begins here", (0.5, 0.5), 30)
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[top : top + height, left : left + width] = True
    assert not (cleaned(dirty, painted) != dirty).any(axis=2)[~painted].any()


@pytest.mark.parametrize("seed", range(4))
def test_clean_pictures_keep_every_byte(seed: int) -> None:
    picture = noisy_scene(seed, 4.0 * seed)
    assert np.array_equal(cleaned(picture), picture)


def test_paint_over_a_line_removes_its_letters_alone() -> None:
    dirty = write(scene(), "The story begins here", (0.5, 0.5), 30)
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[150:210, 120:520] = True
    result, removed = remove_text(dirty, "", lambda *_: None, lambda: None, painted)
    assert [(item.kind, item.text) for item in removed] == [("text", "The story begins here")]
    assert psnr(result, scene()) > 45
    assert (result != dirty).any(axis=2)[painted].mean() < 0.7


def test_paint_over_a_thing_removes_all_of_it() -> None:
    dirty = scene()
    dirty[100:140, 300:360] = (250, 20, 20)
    painted = np.zeros((HEIGHT, WIDTH), bool)
    painted[96:144, 296:364] = True
    result, removed = remove_text(dirty, "字幕", lambda *_: None, lambda: None, painted)
    assert removed == [Removed(AREA, "")]
    assert psnr(result, scene()) > 40


def test_letters_below_each_other_go_too() -> None:
    dirty = scene()
    for index, letter in enumerate("SMOKED"):
        dirty = write(dirty, letter, (0.85, 0.16 + 0.115 * index), 40)
    result, removed = remove_text(dirty, "", lambda *_: None, lambda: None)
    assert sum(len(item.text) for item in removed) == 6
    assert psnr(result, scene()) > 40


def test_single_letters_in_a_column_are_one_line() -> None:
    def letter(text: str, x: float, y: float) -> TextBox:
        corners = np.array([[x, y], [x + 30, y], [x + 30, y + 30], [x, y + 30]], np.float32)
        return TextBox(corners, text, 0.5 + 0.01 * y / 10)

    column = [letter("春", 100, 10), letter("绿", 104, 90), letter("风", 98, 50)]
    other = [letter("A", 300, 10), letter("B", 302, 48)]
    *kept, line = join_columns([*column, *other])
    assert kept == other
    assert (line.text, line.score) == ("春风绿", column[1].score)
    assert line.corners.tolist() == [[98, 10], [134, 10], [134, 120], [98, 120]]

"""Removing text from made pictures, through the real OCR."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PILImage

from comfy.engine.image.remove_text import Removed, remove_text
from comfy.engine.node import Interrupted, NodeError
from tests.engine.pictures import Picture, psnr, scene, tile, write

SUBTITLE = Removed("subtitle", "The story begins here")
WATERMARK = Removed("watermark", "@channel")


def removed(picture: Picture, instruction: str = "") -> tuple[Picture, list[Removed]]:
    result, found = remove_text(picture, instruction, lambda *_: None, lambda: None)
    assert (result.shape, result.dtype) == (picture.shape, np.dtype(np.uint8))
    return result, found


def marked() -> Picture:
    """The scene with a subtitle and a corner mark."""
    subtitled = write(scene(), SUBTITLE.text, (0.5, 0.9), 26)
    return write(subtitled, WATERMARK.text, (0.86, 0.08), 18, outline=0)


def test_subtitle_and_corner_mark_are_filled_in() -> None:
    result, found = removed(marked())
    assert sorted(found, key=lambda item: item.kind) == [SUBTITLE, WATERMARK]
    assert psnr(result, scene()) > 45


@pytest.mark.parametrize(
    "instruction", ["去除字幕", "remove all text but keep the watermark", "remove the bottom text"]
)
def test_only_the_subtitle_goes_if_only_it_is_meant(instruction: str) -> None:
    result, found = removed(marked(), instruction)
    assert found == [SUBTITLE]
    assert np.array_equal(result[:180], marked()[:180])
    assert psnr(result[180:], scene()[180:]) > 45


def test_pixels_away_from_the_text_keep_their_bytes() -> None:
    result, _ = removed(marked(), "remove the watermark")
    changed = (result != marked()).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.max() < 60 and columns.min() > 460


def test_a_quoted_word_is_cut_out_of_its_line() -> None:
    picture = write(scene(), "BIG SALE TODAY", (0.5, 0.5), 36)
    result, found = removed(picture, "remove the text 'SALE'")
    assert found == [Removed("text", "SALE")]
    changed = (result != picture).any(axis=2).any(axis=0)
    assert changed[270:330].mean() > 0.7 and not changed[:225].any() and not changed[375:].any()


@pytest.mark.parametrize("angle", [0.0, 25.0])
def test_a_tiled_mark_is_unmixed_at_any_angle(angle: float) -> None:
    result, found = removed(tile(scene(), "SAMPLE PIC", 22, 0.35, angle))
    assert len(found) > 15 and set(found) == {Removed("watermark", "SAMPLE PIC")}
    assert psnr(result, scene()) > 44


@pytest.mark.parametrize("offset", [0.5, 0.3])
def test_a_grey_mark_goes_from_paper_and_from_ink(offset: float) -> None:
    """It is darker than one and lighter than the other; with an offset of 0.3 its copies stand on
    no lattice."""
    clean = scene() // 6 + np.uint8(200)
    clean[90:300, 200:440] //= 6
    result, found = removed(tile(clean, "SAMPLE", 26, 0.4, 20, shade=128, offset=offset))
    assert set(found) == {Removed("watermark", "SAMPLE")}
    visible = np.abs(result.astype(int) - clean).max(axis=2) > 16
    assert visible.sum() < 250  # filling instead would leave 440 to 600


def test_a_half_transparent_bar_goes_with_its_subtitle() -> None:
    barred = scene()
    barred[300:344, 150:490] //= 2
    result, found = removed(write(barred, "On a dark bar", (0.5, 0.894), 26, outline=0))
    assert found == [Removed("subtitle", "On a dark bar")]
    assert psnr(result, scene()) > 45


def test_a_picture_without_text_stays_as_it_is() -> None:
    result, found = removed(scene())
    assert found == []
    assert np.array_equal(result, scene())


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (40, 40)])
def test_tiny_pictures_stay_as_they_are(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, np.uint8)
    result, found = removed(picture)
    assert found == []
    assert np.array_equal(result, picture)


@pytest.mark.parametrize(
    ("instruction", "code"),
    [("replace the background", "cannot_do"), ("upscale", "cannot_do"), ("hi", "not_understood")],
)
def test_an_instruction_that_cannot_be_done_is_an_error(instruction: str, code: str) -> None:
    with pytest.raises(NodeError) as error:
        removed(scene(), instruction)
    assert error.value.code == code


def test_progress_shows_small_previews() -> None:
    steps: list[tuple[int, int, PILImage.Image | None]] = []
    large = np.repeat(np.repeat(marked(), 2, axis=0), 2, axis=1)
    remove_text(large, "", lambda *step: steps.append(step), lambda: None)
    assert [(step, total) for step, total, _ in steps] == [(n, 5) for n in range(6)]
    assert [preview and preview.size for _, _, preview in steps] == [None] + 5 * [(512, 288)]


def test_an_interrupt_stops_the_work() -> None:
    def check() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        remove_text(marked(), "", lambda *_: None, check)

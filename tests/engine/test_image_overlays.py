"""Overlays that were once mistaken: a bar beside an edge of the scene, an outline for letters."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from comfy.engine.image.caption_bar import find_bar
from comfy.engine.image.icon import icon_mask
from comfy.engine.image.panel import strips_beside
from comfy.engine.image.stroke_mask import stroke_mask
from comfy.engine.image.text_boxes import TextBox
from tests.bench.picture_cases import (
    Layer,
    barred,
    blocks,
    cloth,
    drawn,
    font,
    rock,
    subtitle,
)


def test_a_bar_does_not_reach_to_where_the_scene_would_be_brighter_than_white() -> None:
    """Left of this bar stands a blue house, whose edge is stronger than the bar's own."""
    case = drawn("bar", blocks(49), (), lambda size: barred(size, "星河入梦来", round_=0.45))
    bar = find_bar(case.dirty, [_box(533, 605, 748, 669)])
    columns = np.flatnonzero(case.marked.any(axis=0))
    assert bar is not None
    assert np.abs(np.array([bar.window.left, bar.window.right - 1]) - columns[[0, -1]]).max() <= 1


def test_where_the_outline_is_taken_for_the_letters_their_middle_goes_too() -> None:
    def karaoke(size: tuple[int, int]) -> Layer:
        yellow, blue = (255, 240, 0, 255), (20, 40, 200)
        return subtitle(size, "星河入梦来", fill=yellow, stroke=blue, width=0.09, serif=True)

    case = drawn("karaoke", cloth(56), (), karaoke)
    window, mask = stroke_mask(case.dirty, _box(519, 617, 763, 687))
    left = case.dirty[window.slices][~mask].astype(int)
    assert not ((left[:, 0] - left[:, 2]) > 100).any()  # nothing yellow


def _box(left: float, top: float, right: float, bottom: float) -> TextBox:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return TextBox(corners, "星河入梦来", 1.0)


def test_a_disc_that_the_reader_took_for_a_letter_goes_on_a_busy_scene() -> None:
    """Its white middle and its red are no colours of the scene; the box begins on its left side."""
    disc, middle = (540, 590, 580, 630), (551, 601, 569, 619)

    def badge(size: tuple[int, int]) -> Layer:
        layer = Image.new("RGBA", size, (255, 255, 255, 0))
        pen = ImageDraw.Draw(layer)
        pen.ellipse(disc, fill=(230, 22, 45, 255))
        pen.ellipse(middle, fill=(255, 255, 255, 255))
        return layer

    case = drawn("badge", rock(3), (), badge)
    hole = np.zeros(case.marked.shape, bool)
    for window, mask in icon_mask(case.dirty, _box(538, 585, 760, 635)):
        hole[window.slices] |= mask
    assert (hole & case.marked).sum() > 0.98 * case.marked.sum()
    assert hole.sum() < 2 * case.marked.sum()


def test_a_see_through_panel_may_be_wider_than_its_text_and_has_a_strip_on_its_left() -> None:
    def panel(size: tuple[int, int]) -> Layer:
        layer = Image.new("RGBA", size, (0, 0, 0, 0))
        pen = ImageDraw.Draw(layer)
        pen.rectangle((80, 540, 899, 649), fill=(0, 0, 0, 140))
        pen.rectangle((80, 540, 87, 649), fill=(255, 190, 0, 255))
        pen.text((110, 595), "星河入梦来", font=font(44), fill="white", anchor="lm")
        return layer

    case = drawn("panel", blocks(49), (), panel)
    bar = find_bar(case.dirty, [_box(106, 570, 336, 622)])
    assert bar is not None
    assert np.abs(np.array(bar.window) - np.array((88, 540, 900, 650))).max() <= 2
    assert abs(bar.keep - 115 / 255) < 0.03
    (strip,) = strips_beside(case.dirty, bar.window)
    assert np.abs(np.array(strip) - np.array((77, 537, 91, 653))).max() <= 2

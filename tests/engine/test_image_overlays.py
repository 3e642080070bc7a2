"""Overlays that were once mistaken: a bar beside an edge of the scene, an outline for letters."""

from __future__ import annotations

import numpy as np

from comfy.engine.image.caption_bar import find_bar
from comfy.engine.image.stroke_mask import stroke_mask
from comfy.engine.image.text_boxes import TextBox
from tests.bench.picture_cases import Layer, barred, blocks, cloth, drawn, subtitle


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

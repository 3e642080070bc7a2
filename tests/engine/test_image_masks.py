"""How exactly a mask follows a text: what it takes too much of hair or of a face is lost."""

from __future__ import annotations

import numpy as np
import pytest

from comfy.engine.image.stroke_mask import stroke_mask
from comfy.engine.image.text_boxes import TextBox
from comfy.engine.image.windows import Mask
from tests.bench.picture_cases import PictureCase, drawn, gradient, person, shadowed, subtitle

WORDS = "星河入梦来"
ON_HAIR, ON_CLOTHES = 0.2, 0.9


@pytest.mark.parametrize("y", [ON_HAIR, ON_CLOTHES])
@pytest.mark.parametrize("width", [0.05, 0.1])
def test_a_mask_over_a_person_holds_the_text_and_little_else(width: float, y: float) -> None:
    case = _titled(6, y=y, stroke=(0, 0, 0), width=width)
    mask = _mask(case)
    assert (case.marked & ~mask).sum() < 0.01 * case.marked.sum()
    assert (mask & ~case.marked).sum() < 0.1 * case.marked.sum()


def test_an_outline_that_looks_more_like_letters_is_told_from_them() -> None:
    """On a white scene the black outline of white letters is seen best."""
    case = _titled(6, y=0.1, stroke=(0, 0, 0), width=0.07)
    mask = _mask(case)
    assert (case.marked & ~mask).sum() < 0.02 * case.marked.sum()
    assert (mask & ~case.marked).sum() < 0.5 * case.marked.sum()


def test_the_outline_around_corners_that_jpeg_rounded_is_in_the_mask() -> None:
    case = _titled(7, y=0.55, width=0.055)
    seen = np.abs(case.dirty.astype(int) - case.clean).max(axis=2) > 40
    assert not (seen & case.marked & ~_mask(case)).any()


def test_white_letters_that_run_into_a_white_scene_are_found() -> None:
    case = _titled(6, y=ON_HAIR, width=0)
    assert (case.marked & ~_mask(case)).sum() < 0.05 * case.marked.sum()


def test_a_shadow_on_a_busy_scene_is_told_by_its_fading() -> None:
    case = drawn("shadow", person(7), (WORDS,), lambda size: shadowed(size, WORDS))
    mask = _mask(case)
    assert (case.marked & ~mask).sum() < 0.05 * case.marked.sum()
    assert (mask & ~case.marked).sum() < 0.4 * case.marked.sum()


def test_letters_taken_for_the_edge_of_their_own_shadow_are_in_the_mask() -> None:
    """A serif letter is thinner than its shadow."""
    case = drawn("shadow", gradient(102), (WORDS,), lambda size: shadowed(size, WORDS, serif=True))
    light = case.dirty.astype(int).min(axis=2) > 200
    assert not (light & case.marked & ~_mask(case)).any()


def _titled(seed: int, **how: object) -> PictureCase:
    return drawn("title", person(seed), (WORDS,), lambda size: subtitle(size, WORDS, **how))  # type: ignore[arg-type]


def _mask(case: PictureCase) -> Mask:
    """The mask of the text, as large as the picture."""
    rows, columns = np.nonzero(case.marked)
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    window, mask = stroke_mask(case.dirty, TextBox(corners, WORDS, 1.0))
    whole = np.zeros(case.marked.shape, bool)
    whole[window.slices] = mask
    return whole

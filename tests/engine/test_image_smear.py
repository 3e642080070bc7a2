"""The colour that JPEG takes from letters to the scene beside them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from comfy.engine.image.membrane import Floats
from comfy.engine.image.smear import mend_colour
from comfy.engine.image.text_boxes import Picture
from comfy.engine.image.windows import Mask, dilate
from tests.bench.picture_cases import PictureCase, drawn, person, subtitle


@pytest.fixture(scope="module")
def case() -> PictureCase:
    """White letters with a black outline over a face: neither has a colour, skin has."""
    return drawn("title", person(6), ("星河",), lambda size: subtitle(size, "星河入梦来", y=0.5))


def test_skin_beside_letters_gets_its_colour_back_and_keeps_its_light(case: PictureCase) -> None:
    clean, dirty = drawn("bare", case.clean, ()).dirty, case.dirty.copy()
    hole = case.marked
    beside = dilate(hole, 5) & ~hole
    mend_colour(dirty, hole)
    before, after = (_off(picture, clean, beside) for picture in (case.dirty, dirty))
    assert after < 0.7 * before
    assert np.array_equal(dirty[hole], case.dirty[hole])
    light = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(int) for one in (dirty, case.dirty)]
    assert np.abs(light[0] - light[1]).max() <= 2


def test_a_scene_that_nothing_was_spread_over_keeps_every_byte(case: PictureCase) -> None:
    picture = case.clean.copy()
    picture[case.marked] = 255
    exact = picture.copy()
    mend_colour(picture, case.marked)
    assert np.array_equal(picture, exact)


def _off(picture: Picture, clean: Picture, where: Mask) -> float:
    def chroma(image: Picture) -> Floats:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[..., 1:], np.float32)[where]

    return float(np.abs(chroma(picture) - chroma(clean)).mean())

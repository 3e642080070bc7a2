"""A hole becomes like the scene around it, patch by patch."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.patches import match_patches

SKY, HAIR = (150.0, 190.0, 230.0), (60.0, 40.0, 30.0)


@pytest.fixture
def scene() -> Floats:
    """A head against the sky: a slanted border between two grainy colours."""
    y, x = np.mgrid[0:120, 0:161].astype(np.float32)
    side = np.clip(y - 0.3 * x - 30, 0, 1)[..., None]
    grain = np.random.default_rng(0).normal(0, 2, (120, 161, 3))
    return ((1 - side) * np.array(SKY) + side * np.array(HAIR) + grain).astype(np.float32)


def test_a_blurred_border_turns_sharp_and_all_else_stays(scene: Floats) -> None:
    hole = np.zeros(scene.shape[:2], bool)
    hole[40:80, 60:90] = True
    guess = membrane(scene, hole)
    result = match_patches(guess, hole, lambda: None)
    assert np.array_equal(result[~hole], scene[~hole])
    blurred, sharp = (np.count_nonzero(_between(image)[hole]) for image in (guess, result))
    assert sharp < 0.25 * blurred
    assert _error(result[hole], scene[hole]) < 0.7 * _error(guess[hole], scene[hole])


def test_a_guess_stays_where_there_is_no_scene_to_take_from(scene: Floats) -> None:
    hole = np.ones(scene.shape[:2], bool)
    hole[0] = False
    assert np.array_equal(match_patches(scene, hole, lambda: None), scene)


def test_it_can_be_stopped(scene: Floats) -> None:
    def stop() -> None:
        raise InterruptedError

    hole = np.zeros(scene.shape[:2], bool)
    hole[40:80, 60:90] = True
    with pytest.raises(InterruptedError):
        match_patches(scene, hole, stop)


def _between(image: Floats) -> np.ndarray:
    """Which pixels look neither like sky nor like hair."""
    light = cv2.cvtColor(image / 255, cv2.COLOR_RGB2GRAY) * 255
    return (light > 65) & (light < 165)


def _error(one: Floats, other: Floats) -> float:
    return float(np.sqrt(np.square(one - other).mean()))

"""Distances between colours."""

from __future__ import annotations

import numpy as np
import pytest

from comfy.engine.image.colours import colour_distance

PICTURE = np.random.default_rng(1).uniform(0, 100, (5, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("other", [np.array((50, 10, -20), np.float32), PICTURE[::-1]])
def test_the_distance_is_euclidean(other: np.ndarray) -> None:
    expected = np.linalg.norm(PICTURE - other, axis=2)
    assert np.allclose(colour_distance(PICTURE, other), expected, rtol=1e-6)


def test_a_list_of_colours_and_weights() -> None:
    colours, other = PICTURE.reshape(-1, 3), np.array((1, 2, 3), np.float32)
    expected = np.linalg.norm((colours - other) * (0.5, 1, 2), axis=1)
    assert np.allclose(colour_distance(colours, other, (0.5, 1, 2)), expected, rtol=1e-6)
    assert colour_distance(colours[:0], other).shape == (0,)

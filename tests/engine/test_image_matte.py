"""The matte of a tiled mark."""

import numpy as np

from comfy.engine.image.matte import measure_matte
from comfy.engine.image.tiling import Tiling


def test_a_mark_whose_letters_were_not_made_out_has_none() -> None:
    centers = np.array([(80, 40), (240, 40), (80, 120), (240, 120), (160, 80)], np.float64)
    patch = np.ones((20, 90), np.float32)  # nothing between letters, so nothing to measure by
    tiling = Tiling(centers, 5, 90, 20, 0.0, 255.0, patch)
    picture = np.full((160, 320, 3), 120, np.uint8)
    assert measure_matte(picture, tiling, lambda: None) is None

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


def test_how_dark_a_grey_mark_is_is_told_by_the_copies_on_a_calm_scene() -> None:
    rows, columns = np.mgrid[0:400, 0:480].astype(np.float32)
    scene = np.where(columns < 240, 40, 215) + 0 * rows
    coarse = np.random.default_rng(2).integers(20, 236, (25, 60)).astype(np.float32)
    scene[200:] = np.kron(coarse, np.ones((8, 8), np.float32))  # as large as the letters are wide
    letters = np.zeros((24, 90), np.float32)
    letters[5:19, 10:80] = (np.arange(70) // 7 % 2 == 0)[None]
    centers = [(x + 44.5, y + 11.5) for x in (10, 130, 260, 380) for y in range(10, 370, 40)]
    alpha = np.zeros_like(scene)
    for x, y in centers:
        alpha[int(y - 11) : int(y + 13), int(x - 44) : int(x + 46)] = 0.4 * letters
    grey = np.clip(scene * (1 - alpha) + 150 * alpha, 0, 255).round().astype(np.uint8)
    tiling = Tiling(np.array(centers), len(centers), 90, 24, 0.0, 128.0, letters)
    measured = measure_matte(np.dstack([grey] * 3), tiling, lambda: None)
    assert measured is not None
    matte = measured[1]
    assert np.abs(matte.colour - 150).max() < 1.5  # with all copies alike 2.6
    assert abs(float(matte.alpha.max()) - 0.4) < 0.003

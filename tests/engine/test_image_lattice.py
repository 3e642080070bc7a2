"""The grid of a tiled watermark, read off places of which some are wrong."""

from __future__ import annotations

import numpy as np

from comfy.engine.image.lattice import fit_lattice


def test_a_place_of_the_scene_near_the_grid_does_not_bend_it() -> None:
    steps = np.array([(column, row) for row in range(-2, 3) for column in range(-2, 3)])
    first, second = np.array([240.0, 3.0]), np.array([118.0, 121.0])
    points = 900 + steps[:, :1] * first + steps[:, 1:] * second
    seen = points + np.random.default_rng(0).normal(0, 0.2, points.shape)
    seen[[3, 11, 20]] += [(12, -8), (-11, 9), (13, 10)]
    lattice = fit_lattice(seen, 160, 40)
    assert lattice is not None
    grid = lattice.points(2000, 2000)
    off = np.linalg.norm(points[:, None] - grid[None], axis=2).min(axis=1)
    assert off.max() < 0.5

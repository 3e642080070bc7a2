"""The regular grid on which a tiled watermark repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Shape [n, 2], x and y in pixels."""

_MAX_STEPS = 60
_FEW = 12  # points: of so few any two may be neighbours whose step no other two repeat
_ROUNDS = 3
_EXACT = 1.0  # px
_FIT = 0.12  # of a step: how far a point may lie from the grid


@dataclass(frozen=True)
class Lattice:
    """Points origin + i * first + j * second."""

    origin: Points
    first: Points
    second: Points

    def points(self, width: float, height: float) -> Points:
        """All grid points in 0..width, 0..height."""
        steps = np.arange(-_MAX_STEPS, _MAX_STEPS + 1)
        i, j = (axis.reshape(-1, 1) for axis in np.meshgrid(steps, steps))
        grid = self.origin + i * self.first + j * self.second
        inside = (grid >= 0).all(axis=1) & (grid[:, 0] <= width) & (grid[:, 1] <= height)
        return np.asarray(grid[inside], float)


@dataclass(frozen=True)
class _Fit:
    cell: float  # area of a grid cell
    share: float  # of the points that lie on the grid
    steps: npt.NDArray[np.float64]
    on_grid: npt.NDArray[np.bool_]


def fit_lattice(points: Points, width: float, height: float) -> Lattice | None:
    """The grid through at least three quarters of the points; None if there is none.

    `width` and `height` are the size of one tile: cells are not much smaller than it.
    """
    best: _Fit | None = None
    for first, second in combinations(frequent_steps(points, height), 2):
        fit = _try(points, first, second)
        if fit.cell >= 0.5 * width * height and fit.share > 0.75 and _better(fit, best):
            best = fit
    if best is None:
        return None
    return _exact(points[best.on_grid], best.steps[best.on_grid])


def _exact(points: Points, steps: Points) -> Lattice:
    """The grid that fits the points which are so many steps from its origin. Those that are off
    by much more than the others are of the scene, and lie on it by chance."""
    unknowns = np.c_[np.ones(len(points)), steps]
    grid = np.linalg.lstsq(unknowns, points, rcond=None)[0]
    for _ in range(_ROUNDS):
        off = np.linalg.norm(unknowns @ grid - points, axis=1)
        good = off <= max(_EXACT, 2 * float(np.median(off)))
        if np.linalg.matrix_rank(unknowns[good]) < len(grid):
            break  # all in one row: that tells nothing about the next
        grid = np.linalg.lstsq(unknowns[good], points[good], rcond=None)[0]
    return Lattice(*grid)


def frequent_steps(points: Points, height: float) -> list[Points]:
    """Frequent differences between two points (of few points: all), shortest first."""
    differences = (points[None] - points[:, None]).reshape(-1, 2)
    differences = differences[np.linalg.norm(differences, axis=1) > height * 0.9]
    x, y = differences.T
    differences[(x < 0) | ((x == 0) & (y < 0))] *= -1
    order = np.argsort(np.linalg.norm(differences, axis=1))
    enough = 1 if len(points) < _FEW else max(4.0, 0.12 * len(points))
    groups = [group for group in _groups(differences[order][:4000], max(3, height * 0.08))]
    frequent = [group.mean(axis=0) for group in groups if len(group) >= enough]
    return sorted(frequent, key=lambda step: float(np.linalg.norm(step)))[:10]


def _groups(vectors: Points, radius: float) -> Iterator[Points]:
    free = np.ones(len(vectors), bool)
    for index, vector in enumerate(vectors):
        if free[index]:
            near = free & (np.linalg.norm(vectors - vector, axis=1) < radius)
            free &= ~near
            yield vectors[near]


def _try(points: Points, first: Points, second: Points) -> _Fit:
    cell = abs(float(first[0] * second[1] - first[1] * second[0]))
    if cell < 1:
        return _Fit(0, 0, points, np.zeros(len(points), bool))
    best = _Fit(cell, 0, points, np.zeros(len(points), bool))
    basis = np.stack([first, second], axis=1)
    for start in points[:3]:  # a false detection must not be the origin
        steps = np.linalg.solve(basis, (points - start).T).T
        on_grid = (np.abs(steps - steps.round()) < _FIT).all(axis=1)
        if on_grid.mean() > best.share:
            best = _Fit(cell, float(on_grid.mean()), steps.round(), on_grid)
    return best


def _better(fit: _Fit, best: _Fit | None) -> bool:
    """Prefer larger cells only if clearly more points fit; smaller ones if about as many do."""
    if best is None:
        return True
    if fit.cell > best.cell:
        return fit.share > best.share + 0.1
    return fit.cell < best.cell * 0.9 and fit.share > best.share - 0.05

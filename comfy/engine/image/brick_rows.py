"""The rows of a tiled watermark that are each moved by an offset of their own, like bricks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.image.lattice import Points, frequent_steps

_OFF = 0.06  # of a step: how far a point may lie from its row's others
_SAME_ROW = 0.25  # of a tile's height
_LEVEL = 0.1  # slope of rows: they run along the text
_FIT = 0.7  # of the points in rows of several must agree on the step


@dataclass(frozen=True)
class Rows:
    """Points `starts[row]` + i * `step`; `starts` is [n, 2]."""

    step: Points
    starts: Points

    def points(self, width: float, height: float) -> list[Points]:
        """Of each row, all points in 0..width, 0..height."""
        rows = []
        for start in self.starts:
            first, last = -start[0] / self.step[0], (width - start[0]) / self.step[0]
            steps = np.arange(np.ceil(first), np.floor(last) + 1).reshape(-1, 1)
            row = start + steps * self.step
            rows.append(row[(row[:, 1] >= 0) & (row[:, 1] <= height)])
        return rows


def fit_rows(points: Points, width: float, height: float) -> Rows | None:
    """Rows through all points, which run along the text with one step; None if there are none.

    `width` and `height` are the size of one tile, the text of which is level.
    """
    best: Rows | None = None
    most = 1  # pairs that agree by chance
    for step in frequent_steps(points, height):
        if step[0] < 0.9 * width or abs(step[1]) > _LEVEL * step[0]:
            continue
        exact = _exact(step, _members(points, step, height))
        members = _members(points, exact, height)
        agreed = sum(len(row) - 1 for row, _ in members)
        asked = len(points) - len(members)
        if agreed >= _FIT * asked and agreed > most:
            starts = [(row - steps * exact).mean(axis=0) for row, steps in members]
            best, most = Rows(exact, np.array(starts)), agreed
    return best


def _members(points: Points, step: Points, height: float) -> list[tuple[Points, Points]]:
    """Of each row its points that agree with its first one, and how many steps they are from it."""
    along = points[:, 0] / step[0]
    level = points[:, 1] - along * step[1]
    rows, free = [], np.ones(len(points), bool)
    for index in range(len(points)):
        if free[index]:
            row = free & (np.abs(level - level[index]) < _SAME_ROW * height)
            steps = along - along[index]
            fits = row & (np.abs(steps - steps.round()) < _OFF)
            rows.append((points[fits], steps[fits].round()[:, None]))
            free &= ~row
    return rows


def _exact(step: Points, rows: list[tuple[Points, Points]]) -> Points:
    """The step that fits the rows best; theirs are whole numbers of it."""
    moved = sum(((row - row.mean(axis=0)) * (n - n.mean())).sum(axis=0) for row, n in rows)
    counted = sum(float(((n - n.mean()) ** 2).sum()) for _, n in rows)
    return np.asarray(moved / counted) if counted else step

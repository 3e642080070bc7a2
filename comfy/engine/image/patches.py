"""Making what fills a hole look like the scene: each patch of it becomes one that is there.

Around every pixel in or near the hole the most similar patch without a hole is found, first on half
the grid by comparing with all that are near, then on the whole grid among those its neighbours
found. Each missing pixel becomes the mean of what all patches over it say. So blurred borders turn
sharp: half way between hair and sky is nowhere in the scene. After Y. Wexler et al., "Space-Time
Completion of Video", PAMI 2007, and C. Barnes et al., "PatchMatch", SIGGRAPH 2009.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats
from comfy.engine.image.pairs import in_pairs
from comfy.engine.image.windows import Mask, Window, blocks_with, bounds, dilate

_SIDE = 5  # px of a patch
_HALF = _SIDE // 2
_FEATURES = 16  # numbers that a patch is compared by
_SAMPLES = 2000  # patches that tell which
_BLOCK = 16  # px: side of the parts of a hole that are compared with the same patches
_SEARCH = 28  # px around such a part, on half the grid
_CENTRAL = 1.5  # px; deviation of the weight of a patch for the pixels off its middle
_STEPS = [(y * step, x * step) for step in (4, 2, 1) for y, x in ((1, 0), (-1, 0), (0, 1), (0, -1))]
_ROWS = 60_000  # patches at once

Offsets = npt.NDArray[np.int32]


def match_patches(guess: Floats, hole: Mask, check: Callable[[], None]) -> Floats:
    """`guess` [height, width, 3] with every patch in `hole` [height, width] like one outside; just
    `guess` where there is next to nothing outside. `check` may raise to stop."""
    place = bounds(hole).grown(2 * _SEARCH, hole.shape).slices
    image, missing = guess[place], hole[place]
    small, gap = _half(image, missing)
    coarse = _Level(small, gap)
    if not coarse.usable:
        return guess
    offsets, cost = coarse.nearest(check)
    rough = coarse.voted(small, offsets, cost)
    enlarged = cv2.resize(rough, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    fine = _Level(np.where(missing[..., None], enlarged, image), missing)
    if not fine.usable:
        return guess
    start = np.zeros((*gap.shape, 2), np.int32)
    start[coarse.rows, coarse.columns] = 2 * offsets
    offsets, cost = fine.spread(start[fine.rows // 2, fine.columns // 2], check)
    result = guess.copy()
    result[place] = fine.voted(image, offsets, cost)
    return result


class _Level:
    """An image [height, width, 3] on one grid, and the patches in and outside its hole.

    `rows` and `columns` are where patches [n] touch the hole; offsets [n, 2] lead from there to
    other patches.
    """

    def __init__(self, image: Floats, hole: Mask) -> None:
        self.hole = hole
        touched = dilate(hole, _SIDE)
        self.rows, self.columns = np.nonzero(touched)
        self.index = np.full(hole.shape, -1, np.int32)
        self.index[self.rows, self.columns] = np.arange(len(self.rows))
        inner = np.zeros_like(hole)
        inner[_HALF:-_HALF, _HALF:-_HALF] = True
        self.source = inner & ~touched
        self.usable = bool(self.rows.size) and np.count_nonzero(self.source) > _FEATURES
        self.features = _features(image, self.source) if self.usable else image

    def nearest(self, check: Callable[[], None]) -> tuple[Offsets, Floats]:
        """The most similar patch near each, and its squared distance."""
        offsets = np.zeros((len(self.rows), 2), np.int32)
        cost = np.full(len(self.rows), np.inf, np.float32)

        def search(block: Window) -> None:
            own = self.index[block.slices]
            own = own[own >= 0]
            near = block.grown(_SEARCH, self.hole.shape)
            rows, columns = np.nonzero(self.source[near.slices])
            if not rows.size:
                return
            rows, columns = rows + near.top, columns + near.left
            there = self.features[rows, columns]
            here = self.features[self.rows[own], self.columns[own]]
            apart = (there * there).sum(axis=1) - 2 * (here @ there.T)
            best = apart.argmin(axis=1)
            cost[own] = apart[np.arange(len(own)), best] + (here * here).sum(axis=1)
            offsets[own, 0] = rows[best] - self.rows[own]
            offsets[own, 1] = columns[best] - self.columns[own]

        for _ in in_pairs(search, blocks_with(self.index >= 0, _BLOCK), check):
            pass
        return offsets, cost

    def spread(self, offsets: Offsets, check: Callable[[], None]) -> tuple[Offsets, Floats]:
        """The best of each patch's offset and those of its neighbours, again and again."""
        height, width = self.hole.shape
        cost = self._cost(offsets)
        for down, right in _STEPS:
            check()
            rows = np.clip(self.rows + down, 0, height - 1)
            beside = self.index[rows, np.clip(self.columns + right, 0, width - 1)]
            other = offsets[beside]
            other_cost = np.where(beside >= 0, self._cost(other), np.inf)
            better = other_cost < cost
            cost = np.where(better, other_cost, cost)
            offsets = np.where(better[:, None], other, offsets)
        return offsets, cost

    def _cost(self, offsets: Offsets) -> Floats:
        """Squared distance of each patch from the one at its offset."""
        height, width = self.hole.shape
        rows, columns = self.rows + offsets[:, 0], self.columns + offsets[:, 1]
        there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        rows, columns = np.where(there, rows, 0), np.where(there, columns, 0)
        apart = self.features[rows, columns] - self.features[self.rows, self.columns]
        cost = np.einsum("ij,ij->i", apart, apart)
        return np.where(there & self.source[rows, columns], cost, np.inf)

    def voted(self, image: Floats, offsets: Offsets, cost: Floats) -> Floats:
        """The image with each missing pixel the mean of what the patches over it say."""
        found = np.isfinite(cost)
        usual = float(np.percentile(cost[found], 75)) + 1e-3 if found.any() else 1.0
        trust = np.where(found, np.exp(-np.where(found, cost, 0) / usual) + 1e-6, 0)
        trust = np.append(trust, 0).astype(np.float32)  # [-1] where there is no patch
        offsets = np.append(offsets, [[0, 0]], axis=0)
        total = np.zeros((len(self.rows), 3), np.float32)
        counted = np.full(len(self.rows), 1e-9, np.float32)
        index = np.pad(self.index, _HALF, constant_values=-1)
        for down, right in product(range(_SIDE), repeat=2):
            which = index[self.rows + down, self.columns + right]
            off_centre = (down - _HALF) ** 2 + (right - _HALF) ** 2
            weight = trust[which] * np.float32(np.exp(-off_centre / (2 * _CENTRAL**2)))
            there = np.where(weight[:, None] > 0, offsets[which], 0)
            total += weight[:, None] * image[self.rows + there[:, 0], self.columns + there[:, 1]]
            counted += weight
        result = image.copy()
        told = counted > 1e-7
        spots = self.rows[told], self.columns[told]
        result[spots] = total[told] / counted[told][:, None]
        return np.where(self.hole[..., None], result, image)


def _features(image: Floats, source: Mask) -> Floats:
    """The numbers [height, width, n] by which the patches around all pixels differ most."""
    frame = (_HALF,) * 4
    framed = cv2.copyMakeBorder(image, *frame, cv2.BORDER_REFLECT_101)
    patches = np.lib.stride_tricks.sliding_window_view(framed, (_SIDE, _SIDE), axis=(0, 1))
    rows, columns = np.nonzero(source)
    step = -(-len(rows) // _SAMPLES)
    samples = patches[rows[::step], columns[::step]].reshape(-1, 3 * _SIDE * _SIDE)
    samples = samples - samples.mean(axis=0)
    _, axes = np.linalg.eigh(samples.T @ samples)
    basis = np.ascontiguousarray(axes[:, -_FEATURES:], np.float32)
    height, width = source.shape
    result = np.empty((height, width, _FEATURES), np.float32)
    step = max(1, _ROWS // width)
    for row in range(0, height, step):
        strip = patches[row : row + step].reshape(-1, len(basis))
        result[row : row + step] = (strip @ basis).reshape(-1, width, _FEATURES)
    return result


def _half(image: Floats, hole: Mask) -> tuple[Floats, Mask]:
    """Both on half the grid: means over what is known, where that is at least half of a pixel, and
    else over all."""
    height, width = hole.shape
    frame = 0, height % 2, 0, width % 2
    image = np.asarray(cv2.copyMakeBorder(image, *frame, cv2.BORDER_REPLICATE), np.float32)
    missing = cv2.copyMakeBorder(hole.view(np.uint8), *frame, cv2.BORDER_REPLICATE)
    size = image.shape[1] // 2, image.shape[0] // 2

    def means(values: npt.NDArray[np.float32]) -> Floats:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)

    known = 1 - missing.astype(np.float32)
    share = means(known)
    seen = means(image * known[..., None]) / np.maximum(share, 1e-6)[..., None]
    gap = share < 0.5
    return np.where(gap[..., None], means(image), seen), gap

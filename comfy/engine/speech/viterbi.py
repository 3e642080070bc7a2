"""Cheapest path through a lattice of candidates (Viterbi)."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech.frames import Array, Check, Indices, blocks


def cheapest_path(cost: Array, transition: Array, check: Check) -> Indices:
    """Pick one candidate per frame.

    `cost` is [frames, k]; `transition` is [frames - 1, k, k], from a candidate (second axis) to
    one of the next frame (third axis). Returns the candidate of every frame.
    """
    frames, width = cost.shape
    total = cost[0]
    origin = np.zeros((frames, width), dtype=np.intp)
    columns = np.arange(width)
    for block in blocks(frames, check):
        for frame in range(max(1, block.start), block.stop):
            reached = total[:, None] + transition[frame - 1]
            origin[frame] = reached.argmin(axis=0)
            total = reached[origin[frame], columns] + cost[frame]
    path = np.empty(frames, dtype=np.intp)
    path[-1] = total.argmin()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = origin[frame, path[frame]]
    return path

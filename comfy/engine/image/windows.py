"""Windows of a picture: work is done in them, so that memory follows the text, not the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Corners = npt.NDArray[np.float32]

_COARSE = 8  # side in px of the blocks in which a mask is searched for separate parts


class Window(NamedTuple):
    """A rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def area(self) -> int:
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def grown(self, margin: float, shape: tuple[int, ...]) -> Window:
        """Larger by `margin` px on each side, but inside a picture of this shape."""
        pad = int(np.ceil(margin))
        height, width = shape[:2]
        return Window(
            min(max(0, self.left - pad), width),
            min(max(0, self.top - pad), height),
            max(0, min(width, self.right + pad)),
            max(0, min(height, self.bottom + pad)),
        )

    def moved(self, right: int, down: int) -> Window:
        return Window(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def touches(self, other: Window) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def union(self, other: Window) -> Window:
        return Window(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def around(corners: Corners) -> Window:
    """The smallest window with these corners [n, 2] in it."""
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    return Window(int(left), int(top), int(right), int(bottom))


def bounds(mask: Mask) -> Window:
    """The smallest window with every marked pixel in it; at least one must be."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return Window(left, top, left + width, top + height)


def polygon(shape: tuple[int, ...], corners: Corners, grow: float = 0.0) -> Mask:
    """A text box as a mask, each edge moved outwards by `grow` px (inwards if negative)."""
    along = corners[1] - corners[0]
    along = along / (np.linalg.norm(along) + 1e-6)
    across = np.array([-along[1], along[0]])
    moves = np.array([-along - across, along - across, along + across, across - along])
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners + moves * grow).astype(np.int32)], 1)
    return mask.astype(bool)


def ellipse(radius: int) -> npt.NDArray[np.uint8]:
    """A round structuring element."""
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def dilate(mask: Mask, size: int) -> Mask:
    """Grow a mask with a `size` x `size` square."""
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((size, size), np.uint8)), bool)


def parts_with(mask: Mask, marked: Mask) -> Mask:
    """The connected parts of a mask with a marked pixel in them."""
    _, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    return np.isin(labels, np.unique(labels[marked & mask]))


def blocks_with(mask: Mask, side: int) -> list[Window]:
    """The blocks of a grid of squares, `side` px wide, that have a marked pixel in them."""
    blocks = [
        Window(left, top, left + side, top + side).grown(0, mask.shape)
        for top in range(0, mask.shape[0], side)
        for left in range(0, mask.shape[1], side)
    ]
    return [block for block in blocks if mask[block.slices].any()]


def parts(mask: Mask, margin: int) -> list[Window]:
    """Disjoint windows that hold every marked pixel with `margin` px around it."""
    height, width = mask.shape
    rows, columns = -(-height // _COARSE), -(-width // _COARSE)
    blocks = np.zeros((rows, columns), np.uint8)
    for row in range(rows):  # row by row: a padded copy of the whole mask is not needed
        strip = mask[row * _COARSE : (row + 1) * _COARSE].any(axis=0)
        blocks[row] = np.logical_or.reduceat(strip, np.arange(0, width, _COARSE))
    _, _, stats, _ = cv2.connectedComponentsWithStats(blocks)
    found = [
        Window(x * _COARSE, y * _COARSE, (x + w) * _COARSE, (y + h) * _COARSE).grown(
            margin, mask.shape
        )
        for x, y, w, h, _ in stats[1:].tolist()
    ]
    return merged(found)


def merged(windows: Iterable[Window]) -> list[Window]:
    """Disjoint windows over these."""
    result: list[Window] = []
    for window in windows:
        while touching := [other for other in result if window.touches(other)]:
            result = [other for other in result if other not in touching]
            for other in touching:
                window = window.union(other)
        result.append(window)
    return result

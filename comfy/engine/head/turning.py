"""How the whole head moves: where each pixel of its region comes from when it shifts and turns."""

from __future__ import annotations

import math

import cv2
import numpy as np

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Floats, Pixels, smoothstep

Region = tuple[slice, slice]

# the head with its hair: an ellipse, in face widths
HEAD_BELOW_EYES = 0.05
HEAD_SHAPE = (1.0, 1.25)
HEAD_FADES = (0.62, 1.3)  # moves fully up to the first radius, not at all from the second
# the movement changes slowly from pixel to pixel: worked out for every fourth, it is off by less
# than a fiftieth of a pixel
STEP = 4
ROOM = 0.12  # face widths by which the person may move beyond where it is


class Turning:
    """The movement of `face` in a region of its picture."""

    def __init__(self, region: Region, face: Face) -> None:
        self._unit = face.width * face.axes.unit
        self._rows, self._columns = (part.stop - part.start for part in region)
        self._x, self._y = _coarse(region)
        self._weight = _head_weight(self._x, self._y, face)
        # the head turns about the neck
        pivot_x, pivot_y = face.axes.point(0, 1.25 * face.width)
        self._across = self._weight * (self._x - pivot_x)
        self._along = self._weight * (self._y - pivot_y)

    def sources(self, right: float, down: float, roll: float, zoom: float) -> tuple[Floats, Floats]:
        """Where in the picture each pixel of the region comes from (x, y), fading out outwards.

        Shifts are in face widths, `roll` in radians, `zoom` a share of the size.
        """
        scale = 1 / (1 + zoom)
        cos, sin = math.cos(-roll) * scale, math.sin(-roll) * scale
        right, down = right * self._unit, down * self._unit
        back_x, back_y = sin * down - cos * right, -(sin * right + cos * down)
        x = self._x + (cos - 1) * self._across - sin * self._along + back_x * self._weight
        y = self._y + sin * self._across + (cos - 1) * self._along + back_y * self._weight
        return self._fine(x), self._fine(y)

    def _fine(self, coarse: Floats) -> Floats:
        size = (coarse.shape[1] * STEP, coarse.shape[0] * STEP)
        fine: Floats = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        return fine[STEP : STEP + self._rows, STEP : STEP + self._columns]


def head_region(picture: Pixels, face: Face, person: Floats | None) -> Region:
    """The part of the picture in which anything may move; of `person`, if it is known, no more."""
    height, width = picture.shape[:2]
    unit = face.width * face.axes.unit
    x, y = face.axes.point(0, HEAD_BELOW_EYES * face.width)
    aside, down = (side * HEAD_FADES[1] * unit for side in HEAD_SHAPE)
    left, top, right, bottom = x - aside, y - down, x + aside, y + down
    if person is not None:
        box = cv2.boundingRect((person > 0).astype(np.uint8))
        room = ROOM * unit
        left, top = max(left, box[0] - room), max(top, box[1] - room)
        right = min(right, box[0] + box[2] + room)
        bottom = min(bottom, box[1] + box[3] + room)
    return (
        slice(max(0, int(top)), min(height, int(bottom) + 1)),
        slice(max(0, int(left)), min(width, int(right) + 1)),
    )


def _coarse(region: Region) -> tuple[Floats, Floats]:
    """The middles of blocks of pixels, from the block before the region to the one after it."""

    def middles(part: slice) -> Floats:
        count = -(-(part.stop - part.start) // STEP) + 2
        blocks = np.arange(-1, count - 1, dtype=np.float32)
        centres: Floats = part.start + blocks * STEP + np.float32((STEP - 1) / 2)
        return centres

    x, y = np.meshgrid(middles(region[1]), middles(region[0]))
    return x, y


def _head_weight(x: Floats, y: Floats, face: Face) -> Floats:
    """1 on the head, 0 at the border of its region; the neck and what is near bend a little."""
    unit = face.width * face.axes.unit
    centre_x, centre_y = face.axes.point(0, HEAD_BELOW_EYES * face.width)
    across = (x - centre_x) / (HEAD_SHAPE[0] * unit)
    down = (y - centre_y) / (HEAD_SHAPE[1] * unit)
    return 1 - smoothstep(*HEAD_FADES, np.sqrt(across * across + down * down))

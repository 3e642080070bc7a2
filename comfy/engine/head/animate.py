"""Draw one frame: the portrait with its head moved, its lids lowered and its lips apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from comfy.engine.head.backdrop import Backdrop
from comfy.engine.head.eyes import LID, find_eyes, shut
from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Axes, Floats, Pixels, smoothstep
from comfy.engine.head.inner_mouth import light_of, paint
from comfy.engine.head.mouth import Mouth
from comfy.engine.head.mouth_warp import part_lips

Region = tuple[slice, slice]

# the head with its hair: an ellipse, in face widths
HEAD_BELOW_EYES = 0.05
HEAD_SHAPE = (1.0, 1.25)
HEAD_FADES = (0.62, 1.3)  # moves fully up to the first radius, not at all from the second


@dataclass(frozen=True)
class Pose:
    """One moment. `opening`, `width`: see MouthTrack; the rest: see Motion."""

    opening: float = 0.0
    width: float = 0.0
    right: float = 0.0
    down: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0
    lids: float = 0.0


class Animator:
    """Everything about a portrait that does not change from frame to frame."""

    def __init__(
        self, picture: Pixels, face: Face, mouth: Mouth, backdrop: Backdrop | None = None
    ) -> None:
        self._picture = picture
        self._mouth = mouth
        self._eyes = find_eyes(picture, face)
        self._face_width = face.width * face.axes.unit
        self._colours = light_of(picture, mouth)
        self._head = _head_region(picture, face)
        self._person = None if backdrop is None else backdrop.person
        self._empty = None if backdrop is None else backdrop.empty[self._head].copy()
        self._x, self._y = _grid(self._head)
        self._weight = _head_weight(self._x, self._y, face)
        # the head turns about the neck
        pivot_x, pivot_y = face.axes.point(0, 1.25 * face.width)
        self._across = self._weight * (self._x - pivot_x)
        self._along = self._weight * (self._y - pivot_y)
        self._mouth_box = self._box(mouth.axes, 2.6, 1.5, 3.9)
        self._fade = _border_fade(self._x[self._mouth_box], 0.25 * mouth.axes.unit)
        self._eye_boxes = [
            self._box(eye.axes, 1.2, eye.above + LID, eye.below) for eye in self._eyes
        ]

    def frame(self, pose: Pose) -> Pixels:
        """The picture in this pose; pixels outside the head's region are untouched.

        Without a backdrop, what is right beside the head bends a little when it moves.
        """
        x, y = self._turn(pose)
        box = self._mouth_box
        x[box], y[box], parted = part_lips(
            self._mouth, x[box], y[box], self._fade, pose.opening, pose.width
        )
        lashes = self._lower_lids(x, y, pose.lids)
        head = cv2.remap(self._picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        paint(head[box], self._mouth, parted, self._colours)
        for region, dark in lashes:
            head[region] = (head[region] * (1 - dark[..., None])).astype(np.uint8)
        result = self._picture.copy()
        result[self._head] = self._before_backdrop(head, x, y)
        return result

    def _before_backdrop(self, head: Pixels, x: Floats, y: Floats) -> Pixels:
        """The moved person before the background, which does not move."""
        if self._person is None or self._empty is None:
            return head
        # the outline is soft: a quarter of its pixels is enough
        x, y = np.ascontiguousarray(x[::2, ::2]), np.ascontiguousarray(y[::2, ::2])
        person = cv2.remap(self._person, x, y, cv2.INTER_LINEAR)
        person = cv2.resize(person, (head.shape[1], head.shape[0]))
        blended: Pixels = cv2.blendLinear(head, self._empty, person, 1 - person)
        return blended

    def _turn(self, pose: Pose) -> tuple[Floats, Floats]:
        """Where each pixel of the head's region comes from: shift, roll and zoom, fading out."""
        scale = 1 / (1 + pose.zoom)
        cos, sin = math.cos(-pose.roll) * scale, math.sin(-pose.roll) * scale
        right, down = pose.right * self._face_width, pose.down * self._face_width
        back_x, back_y = sin * down - cos * right, -(sin * right + cos * down)
        x = self._x + (cos - 1) * self._across - sin * self._along + back_x * self._weight
        y = self._y + sin * self._across + (cos - 1) * self._along + back_y * self._weight
        return x, y

    def _lower_lids(self, x: Floats, y: Floats, lids: float) -> list[tuple[Region, Floats]]:
        """Change `x` and `y` in place; returns where and how much the lashes darken."""
        if lids < 0.01:
            return []
        lashes = []
        for eye, box in zip(self._eyes, self._eye_boxes, strict=True):
            x[box], y[box], dark = shut(eye, x[box], y[box], lids)
            lashes.append((box, dark))
        return lashes

    def _box(self, axes: Axes, aside: float, above: float, below: float) -> Region:
        """Part of the head's region around `axes`, given in its units, with room for movement."""
        room = 6
        rows, columns = self._x.shape
        top = int(axes.y - above * axes.unit - room) - self._head[0].start
        bottom = int(axes.y + below * axes.unit + room) - self._head[0].start
        left = int(axes.x - aside * axes.unit - room) - self._head[1].start
        right = int(axes.x + aside * axes.unit + room) - self._head[1].start
        return (
            slice(max(0, top), max(1, min(rows, bottom))),
            slice(max(0, left), max(1, min(columns, right))),
        )


def _head_region(picture: Pixels, face: Face) -> Region:
    height, width = picture.shape[:2]
    x, y = face.axes.point(0, HEAD_BELOW_EYES * face.width)
    aside, down = (side * HEAD_FADES[1] * face.width * face.axes.unit for side in HEAD_SHAPE)
    return (
        slice(max(0, int(y - down)), min(height, int(y + down) + 1)),
        slice(max(0, int(x - aside)), min(width, int(x + aside) + 1)),
    )


def _grid(region: Region) -> tuple[Floats, Floats]:
    rows = np.arange(region[0].start, region[0].stop, dtype=np.float32)
    columns = np.arange(region[1].start, region[1].stop, dtype=np.float32)
    x, y = np.meshgrid(columns, rows)
    return x, y


def _head_weight(x: Floats, y: Floats, face: Face) -> Floats:
    """1 on the head, 0 at the border of its region; the neck and what is near bend a little."""
    unit = face.width * face.axes.unit
    centre_x, centre_y = face.axes.point(0, HEAD_BELOW_EYES * face.width)
    across = (x - centre_x) / (HEAD_SHAPE[0] * unit)
    down = (y - centre_y) / (HEAD_SHAPE[1] * unit)
    return 1 - smoothstep(*HEAD_FADES, np.sqrt(across * across + down * down))


def _border_fade(box: Floats, width: float) -> Floats:
    """0 at the border of a box of this shape, 1 from `width` pixels inwards."""
    rows, columns = box.shape
    down, across = np.arange(rows, dtype=np.float32), np.arange(columns, dtype=np.float32)
    from_row = np.minimum(down, rows - 1 - down)[:, None]
    from_column = np.minimum(across, columns - 1 - across)[None]
    return smoothstep(0, width, np.minimum(from_row, from_column))

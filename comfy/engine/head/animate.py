"""Draw one frame: the portrait with its head moved, its lids lowered and its lips apart."""

from __future__ import annotations

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
from comfy.engine.head.turning import Region, Turning, head_region


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
        self._colours = light_of(picture, mouth)
        self._person = None if backdrop is None else backdrop.person
        self._head = head_region(picture, face, self._person)
        self._empty = None if backdrop is None else backdrop.empty[self._head].copy()
        self._turning = Turning(self._head, face)
        self._mouth_box = self._box(mouth.axes, 2.6, 1.5, 3.9)
        self._fade = _border_fade(self._mouth_box, 0.25 * mouth.axes.unit)
        self._eye_boxes = [
            self._box(eye.axes, 1.2, eye.above + LID, eye.below) for eye in self._eyes
        ]

    def frame(self, pose: Pose) -> Pixels:
        """The picture in this pose; pixels outside the head's region are untouched.

        Without a backdrop, what is right beside the head bends a little when it moves.
        """
        x, y = self._turning.sources(pose.right, pose.down, pose.roll, pose.zoom)
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
        rows, columns = (part.stop - part.start for part in self._head)
        top = int(axes.y - above * axes.unit - room) - self._head[0].start
        bottom = int(axes.y + below * axes.unit + room) - self._head[0].start
        left = int(axes.x - aside * axes.unit - room) - self._head[1].start
        right = int(axes.x + aside * axes.unit + room) - self._head[1].start
        return (
            slice(max(0, top), max(1, min(rows, bottom))),
            slice(max(0, left), max(1, min(columns, right))),
        )


def _border_fade(box: Region, width: float) -> Floats:
    """0 at the border of a box, 1 from `width` pixels inwards."""
    rows, columns = (part.stop - part.start for part in box)
    down, across = np.arange(rows, dtype=np.float32), np.arange(columns, dtype=np.float32)
    from_row = np.minimum(down, rows - 1 - down)[:, None]
    from_column = np.minimum(across, columns - 1 - across)[None]
    return smoothstep(0, width, np.minimum(from_row, from_column))

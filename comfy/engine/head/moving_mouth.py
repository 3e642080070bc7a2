"""A mouth on a face that moves: its look at rest is laid over each frame and speaks there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Axes, Floats, Pixels, smoothstep
from comfy.engine.head.inner_mouth import light_of, paint
from comfy.engine.head.mouth import MOUTH_BELOW_EYES, Mouth, find_mouth
from comfy.engine.head.mouth_warp import part_lips

REACH = 2.2  # eye distances of a frame kept around the mouth at rest
# what is laid over, in half mouth widths: an ellipse from the nose to where the chin of a mouth
# that is wide open was: it would stay behind as a line on the neck
BELOW_SEAM, ASIDE, HIGH = 1.1, 1.85, 2.6
FADES = (0.6, 1.0)  # fully there up to the first radius, gone at the second
LEAST_OF_RING = 40  # pixels from which on the light of two frames can be compared


@dataclass(frozen=True)
class Rest:
    """Part of a frame with the lips as shut as they ever are; `axes`: the face's, in `picture`."""

    picture: Pixels
    axes: Axes


class RestSeeker:
    """Keeps the frame of a stretch whose mouth shows the least contrast: no teeth, no dark gap."""

    def __init__(self) -> None:
        self.rest: Rest | None = None
        self._least = float("inf")

    def see(self, picture: Pixels, axes: Axes) -> None:
        near, there = _closeup(picture, axes)
        view = there.at(0, MOUTH_BELOW_EYES, 1).patch(near, 32, 20, 0.42)
        grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)
        contrast = float(grey.std()) / (float(grey.mean()) + 1)
        if contrast < self._least * 0.99:
            self._least = contrast
            self.rest = Rest(near.copy(), there)


def _closeup(picture: Pixels, axes: Axes) -> tuple[Pixels, Axes]:
    """The part of a frame around the mouth, and the face's axes in it."""
    x, y = axes.point(0, MOUTH_BELOW_EYES)
    reach = REACH * axes.unit
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    near = picture[top : max(top + 1, int(y + reach)), left : max(left + 1, int(x + reach))]
    return near, axes.moved(1, -left, -top)


class MovingMouth:
    """The mouth of one stretch. Raises NodeError("no_face") where the rest shows no mouth."""

    def __init__(self, rest: Rest, face: Face) -> None:
        self._picture = rest.picture
        self._mouth = find_mouth(rest.picture, replace(face, axes=rest.axes, smile=None))
        self._colours = light_of(rest.picture, self._mouth)
        self._face = rest.axes

    def speak(
        self, frame: Pixels, axes: Axes, opening: float, width: float, strength: float
    ) -> None:
        """Change `frame` in place around the mouth of the face at `axes`.

        `opening`, `width`: see MouthTrack; `strength` 0 leaves the frame, 1 replaces its mouth.
        """
        mouth = self._mouth_at(axes)
        box = _box(frame, mouth.axes)
        if box is None or strength <= 0:
            return
        x, y = _grid(box)
        cover = _cover(mouth.axes, x, y)
        x, y, parted = part_lips(mouth, x, y, cover, opening, width)
        u, v = mouth.axes.local(x, y)
        across, down = self._mouth.axes.shift(u, v)
        fresh = cv2.remap(
            self._picture,
            across + self._mouth.axes.x,
            down + self._mouth.axes.y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        fresh = _lit_as(frame[box], fresh, cover)
        paint(fresh, mouth, parted, self._colours)
        share = cover * strength
        frame[box] = cv2.blendLinear(fresh, np.ascontiguousarray(frame[box]), share, 1 - share)

    def _mouth_at(self, axes: Axes) -> Mouth:
        """The mouth where the face is at `axes`."""
        x, y = np.array([[self._mouth.axes.x], [self._mouth.axes.y]], np.float32)
        u, v = self._face.local(x, y)
        there = axes.at(float(u[0]), float(v[0]), self._mouth.axes.unit / self._face.unit)
        turned = self._mouth.axes.angle - self._face.angle
        return replace(self._mouth, axes=replace(there, angle=axes.angle + turned))


def _box(frame: Pixels, axes: Axes) -> tuple[slice, slice] | None:
    """The part of the frame that the ellipse lies in; None where that is outside."""
    x, y = axes.point(0, BELOW_SEAM)
    reach = max(ASIDE, HIGH) * axes.unit
    rows = slice(max(0, int(y - reach)), min(frame.shape[0], int(y + reach) + 1))
    columns = slice(max(0, int(x - reach)), min(frame.shape[1], int(x + reach) + 1))
    inside = rows.stop - rows.start > 2 and columns.stop - columns.start > 2
    return (rows, columns) if inside else None


def _grid(box: tuple[slice, slice]) -> tuple[Floats, Floats]:
    rows = np.arange(box[0].start, box[0].stop, dtype=np.float32)
    columns = np.arange(box[1].start, box[1].stop, dtype=np.float32)
    x, y = np.meshgrid(columns, rows)
    return x, y


def _cover(axes: Axes, x: Floats, y: Floats) -> Floats:
    """1 on the mouth, 0 from the ellipse's rim outwards."""
    u, v = axes.local(x, y)
    u, v = u * (1 / ASIDE), (v - BELOW_SEAM) * (1 / HIGH)
    return 1 - smoothstep(*FADES, np.sqrt(u * u + v * v))


def _lit_as(frame: Pixels, fresh: Pixels, cover: Floats) -> Pixels:
    """`fresh` in the light of the frame: along the rim a plane is fitted through the difference."""
    rows, columns = np.nonzero((cover > 0.05) & (cover < 0.8))
    if rows.size < LEAST_OF_RING:
        return fresh
    every = slice(None, None, max(1, rows.size // 2000))
    rows, columns = rows[every], columns[every]
    change = frame[rows, columns].astype(np.float32) - fresh[rows, columns]
    height, width = cover.shape
    terms = np.stack([np.ones(rows.size), columns / width - 0.5, rows / height - 0.5], 1)
    # an edge that moved apart is no change of light
    calm = (np.abs(change - np.median(change, axis=0)) < 25).all(axis=1)
    if calm.sum() < LEAST_OF_RING:
        return fresh
    fit = np.linalg.lstsq(terms[calm], change[calm], rcond=None)[0].astype(np.float32)
    down = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None, None]
    across = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :, None]
    lit: Floats = fresh + fit[0] + fit[1] * across + fit[2] * down
    shown: Pixels = np.clip(lit + 0.5, 0, 255).astype(np.uint8)
    return shown

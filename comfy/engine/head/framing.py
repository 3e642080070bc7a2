"""Fit a picture into the video's size: scale, crop around the head, pad only where it must."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Axes, Floats, Pixels, smoothstep
from comfy.engine.node import NodeError

LONGEST_SIDE = 960  # of a video whose size follows the picture
SHORTEST_SIDE = 64
HEAD_ABOVE, HEAD_BELOW, HEAD_ASIDE = 1.9, 2.4, 1.9  # room a head needs, in eye distances

BAR_BLUR, FEATHER = 0.03, 0.06  # shares of the video's longest side
BLUR_STEP = 8  # the blur is done on a picture that is so much smaller


@dataclass(frozen=True)
class Framing:
    """How pictures of one shape become a video's frames: scaled, then shifted into `size`."""

    size: tuple[int, int]
    scale: float
    dx: int
    dy: int

    def apply(self, picture: Pixels) -> Pixels:
        """The frame of a picture."""
        return _place(_resize(picture, self.scale), self.size, self.dx, self.dy)

    def move(self, axes: Axes) -> Axes:
        """Where axes of the picture are in the frame."""
        return axes.moved(self.scale, self.dx, self.dy)


def plan_framing(shape: tuple[int, ...], axes: Axes, width: int, height: int) -> Framing:
    """Fill the video and keep the head in; `shape` is the picture's, `axes` its face's.

    A `width` or `height` of 0 follows the picture's aspect. Sides are even: H.264 stores colour
    at half size. Raises NodeError("video_too_small") below 64 pixels.
    """
    size = video_size(shape[1], shape[0], width, height)
    if min(size) < SHORTEST_SIDE:
        raise NodeError("video_too_small", f"{size[0]} x {size[1]} pixels cannot show a face")
    scale = _scale(shape, axes, size)
    scaled = [max(1, round(side * scale)) for side in shape[1::-1]]
    left, top, head_width, head_height = _head(axes.moved(scale, 0, 0))
    dx = _offset(scaled[0], size[0], left + head_width / 2)
    dy = _offset(scaled[1], size[1], top + head_height / 2)
    return Framing(size, scale, dx, dy)


def frame_picture(picture: Pixels, face: Face, width: int, height: int) -> tuple[Pixels, Face]:
    """The still picture, exactly as large as asked, and the face in it: see plan_framing."""
    framing = plan_framing(picture.shape, face.axes, width, height)
    return framing.apply(picture), face.moved(framing.scale, framing.dx, framing.dy)


def video_size(picture_width: int, picture_height: int, width: int, height: int) -> tuple[int, int]:
    """Even (width, height) of the video for a picture of this size."""
    if width and height:
        return _even(width), _even(height)
    if width:
        return _even(width), _even(width * picture_height / picture_width)
    if height:
        return _even(height * picture_width / picture_height), _even(height)
    scale = min(1.0, LONGEST_SIDE / max(picture_width, picture_height))
    return _even(picture_width * scale), _even(picture_height * scale)


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))


def _scale(shape: tuple[int, ...], axes: Axes, size: tuple[int, int]) -> float:
    """The picture fills the video; it gets smaller only if the head would not fit in."""
    height, width = shape[:2]
    _, _, head_width, head_height = _head(axes)
    fill = max(size[0] / width, size[1] / height)
    whole = min(size[0] / width, size[1] / height)  # no reason to go below this
    head = min(size[0] / head_width, size[1] / head_height)
    return min(fill, max(head, whole))


def _head(axes: Axes) -> tuple[float, float, float, float]:
    """Left, top, width, height of a box that holds hair, chin and ears."""
    unit = axes.unit
    return (
        axes.x - HEAD_ASIDE * unit,
        axes.y - HEAD_ABOVE * unit,
        2 * HEAD_ASIDE * unit,
        (HEAD_ABOVE + HEAD_BELOW) * unit,
    )


def _resize(picture: Pixels, scale: float) -> Pixels:
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled: Pixels = cv2.resize(picture, size, interpolation=how)
    return scaled


def _offset(length: int, view: int, head: float) -> int:
    """Where the picture starts in the video along one side, so that `head` is in the middle."""
    if length <= view:
        return (view - length) // 2
    return -round(min(max(head - view / 2, 0), length - view))


def _place(scaled: Pixels, size: tuple[int, int], dx: int, dy: int) -> Pixels:
    """Cut to `size`; where the picture is too small, its border runs out into a soft blur."""
    width, height = size
    inside = scaled[max(0, -dy) : height - dy, max(0, -dx) : width - dx]
    if inside.shape[:2] == (height, width):
        return np.ascontiguousarray(inside)
    top, left = max(0, dy), max(0, dx)
    below, right = height - top - inside.shape[0], width - left - inside.shape[1]
    bars = (top, below, left, right)
    canvas = cv2.copyMakeBorder(inside, *bars, cv2.BORDER_REPLICATE)
    sharp = _feathered(size, bars, max(size) * FEATHER)
    placed: Pixels = cv2.blendLinear(canvas, _soft(canvas), sharp, 1 - sharp)
    return placed


def _soft(canvas: Pixels) -> Pixels:
    """Blurred so widely that a far smaller picture shows all there is."""
    size = canvas.shape[1], canvas.shape[0]
    small = [max(1, round(side / BLUR_STEP)) for side in size]
    blur = max(size) * BAR_BLUR / BLUR_STEP
    little = cv2.resize(canvas, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    little = cv2.GaussianBlur(little, (0, 0), blur)
    soft: Pixels = cv2.resize(little, size, interpolation=cv2.INTER_CUBIC).round().clip(0, 255)
    return soft.astype(np.uint8)


def _feathered(size: tuple[int, int], bars: tuple[int, int, int, int], width: float) -> Floats:
    """1 inside the picture, falling to 0 at its border wherever there is a bar."""
    top, below, left, right = bars
    x, y = np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32)
    across, down = np.ones_like(x), np.ones_like(y)
    if left or right:
        across = smoothstep(0, width, np.minimum(x - left, size[0] - 1 - right - x))
    if top or below:
        down = smoothstep(0, width, np.minimum(y - top, size[1] - 1 - below - y))
    return down[:, None] * across[None]

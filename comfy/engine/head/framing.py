"""Fit a picture into the video's size: scale, crop around the head, pad only where it must."""

from __future__ import annotations

import cv2
import numpy as np

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Floats, Pixels, smoothstep
from comfy.engine.node import NodeError

LONGEST_SIDE = 960  # of a video whose size follows the picture
SHORTEST_SIDE = 64
HEAD_ABOVE, HEAD_BELOW, HEAD_ASIDE = 1.9, 2.4, 1.9  # room a head needs, in eye distances

BAR_BLUR, FEATHER = 0.03, 0.06  # shares of the video's longest side


def frame_picture(picture: Pixels, face: Face, width: int, height: int) -> tuple[Pixels, Face]:
    """The video's still picture, exactly as large as asked, and the face in it.

    A `width` or `height` of 0 follows the picture's aspect. Sides are even: H.264 stores colour
    at half size. Raises NodeError("video_too_small") below 64 pixels.
    """
    size = video_size(picture.shape[1], picture.shape[0], width, height)
    if min(size) < SHORTEST_SIDE:
        raise NodeError("video_too_small", f"{size[0]} x {size[1]} pixels cannot show a face")
    scale = _scale(picture, face, size)
    scaled = _resize(picture, scale)
    face = face.moved(scale, 0, 0)
    left, top, head_width, head_height = _head(face)
    dx = _offset(scaled.shape[1], size[0], left + head_width / 2)
    dy = _offset(scaled.shape[0], size[1], top + head_height / 2)
    return _place(scaled, size, dx, dy), face.moved(1, dx, dy)


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


def _scale(picture: Pixels, face: Face, size: tuple[int, int]) -> float:
    """The picture fills the video; it gets smaller only if the head would not fit in."""
    height, width = (int(side) for side in picture.shape[:2])
    _, _, head_width, head_height = _head(face)
    fill = max(size[0] / width, size[1] / height)
    whole = min(size[0] / width, size[1] / height)  # no reason to go below this
    head = min(size[0] / head_width, size[1] / head_height)
    return min(fill, max(head, whole))


def _head(face: Face) -> tuple[float, float, float, float]:
    """Left, top, width, height of a box that holds hair, chin and ears."""
    unit = face.axes.unit
    return (
        face.axes.x - HEAD_ASIDE * unit,
        face.axes.y - HEAD_ABOVE * unit,
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
    soft = cv2.GaussianBlur(canvas, (0, 0), max(size) * BAR_BLUR)
    sharp = _feathered(size, bars, max(size) * FEATHER)[..., None]
    placed: Pixels = (soft + (canvas.astype(np.float32) - soft) * sharp).astype(np.uint8)
    return placed


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

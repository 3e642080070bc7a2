"""Clips for the talking video: the bundled portrait, panned, zoomed and turned slowly."""

from __future__ import annotations

import math
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.head.face_track import FaceTracker, smoothed
from comfy.engine.head.geometry import Axes
from tests.engine.head_samples import portrait

Pixels = npt.NDArray[np.uint8]
FPS = 25


def camera(index: int, side: int) -> npt.NDArray[np.float64]:
    """Where the portrait's pixels are in frame `index`: a 2x3 matrix."""
    phase = 2 * math.pi * index / 60
    turn, zoom = 3 * math.sin(phase), 1 + 0.06 * math.sin(0.7 * phase)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn, zoom)
    matrix[:, 2] += 8 * math.sin(phase), 5 * math.cos(phase)
    return np.asarray(matrix, np.float64)


def moved_portrait(count: int, side: int = 384) -> list[Pixels]:
    still = portrait(side)
    size = (side, side)
    return [
        cv2.warpAffine(still, camera(index, side), size, borderMode=cv2.BORDER_REPLICATE)
        for index in range(count)
    ]


def write_clip(path: Path, frames: list[Pixels]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "14"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


def track(frames: list[Pixels]) -> list[Axes]:
    """Where the one face of these frames is, in each."""
    tracker = FaceTracker(lambda: None)
    for frame in frames:
        tracker.see(frame)
    (stretch,) = tracker.stretches
    return smoothed(stretch.places)

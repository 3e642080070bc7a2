"""Frames become the result: written beside their sound, with progress and previews on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import cv2
from PIL import Image as PILImage

from comfy.engine.head.encode import write_mp4
from comfy.engine.head.geometry import Pixels
from comfy.engine.node import Audio, NodeError, Run

PREVIEW_SIDE = 512
PREVIEW_SECONDS = 0.33  # wall time between two previews
REPORT_SECONDS = 0.1  # wall time between two progress messages


def frame_count(audio: Audio, rate: Fraction) -> int:
    """Whole frames that last as long as the sound. Raises NodeError("no_speech") for no samples."""
    if audio.waveform.size == 0:
        raise NodeError("no_speech", "the audio has no samples")
    return math.ceil(Fraction(audio.waveform.shape[1], audio.sample_rate) * rate)


def deliver(run: Run, frames: Iterator[Pixels], count: int, rate: Fraction, audio: Audio) -> Path:
    """Write `count` frames and the sound; returns an mp4 in the run's temp folder."""
    path = run.temp_folder / f"talking_head_{uuid4().hex}.mp4"
    finished = False
    try:
        write_mp4(path, frames, count, rate, audio.waveform, audio.sample_rate)
        finished = True
    finally:
        if not finished:  # cancelled or failed: half a video is of no use
            path.unlink(missing_ok=True)
    return path


def reported(run: Run, frames: Iterator[Pixels], done: int, total: int) -> Iterator[Pixels]:
    """Hand on frame after frame, reporting now and then; `done` of `total` steps were before."""
    shown = previewed = -math.inf
    for index, pixels in enumerate(frames, done + 1):
        yield pixels
        run.check()
        now = time.monotonic()
        if index == total or now - previewed >= PREVIEW_SECONDS:
            run.progress(index, total, _preview(pixels))
            shown = previewed = now
        elif now - shown >= REPORT_SECONDS:
            run.progress(index, total)
            shown = now


def _preview(pixels: Pixels) -> PILImage.Image:
    scale = min(1.0, PREVIEW_SIDE / max(pixels.shape))
    size = [max(1, round(side * scale)) for side in pixels.shape[1::-1]]
    return PILImage.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))

"""A portrait and speech become a video: find the face, read the mouth's movement, draw, encode."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import numpy as np
from PIL import Image as PILImage

from comfy.engine.head.animate import Animator, Pose
from comfy.engine.head.backdrop import find_backdrop
from comfy.engine.head.encode import write_mp4
from comfy.engine.head.face import find_face
from comfy.engine.head.framing import frame_picture
from comfy.engine.head.geometry import Pixels
from comfy.engine.head.motion import Motion, plan_motion
from comfy.engine.head.mouth import find_mouth
from comfy.engine.head.mouth_track import MouthTrack, mouth_track
from comfy.engine.head.speech_features import analyse
from comfy.engine.node import Audio, NodeError, Run

PREVIEW_SIDE = 512
PREVIEW_SECONDS = 0.33  # wall time between two previews
REPORT_SECONDS = 0.1  # wall time between two progress messages


def talk(
    run: Run,
    picture: Pixels,
    audio: Audio,
    *,
    width: int = 0,
    height: int = 0,
    fps: float = 25.0,
    seed: int = 0,
) -> Path:
    """Animate `picture` [height, width, 3] to `audio`; returns an mp4 in the run's temp folder.

    The video lasts as long as the sound, rounded up to a whole frame. Raises NodeError: "no_face",
    "video_too_small", "no_speech" (no samples at all; silence gives a still face that blinks).
    """
    if audio.waveform.size == 0:
        raise NodeError("no_speech", "the audio has no samples")
    face = find_face(picture, run.check)
    still, face = frame_picture(picture, face, width, height)
    mouth = find_mouth(still, face)
    run.check()
    animator = Animator(still, face, mouth, find_backdrop(still, face))
    rate = Fraction(fps).limit_denominator(1001)
    count = math.ceil(Fraction(audio.waveform.shape[1], audio.sample_rate) * rate)
    features = analyse(audio.waveform, audio.sample_rate, run.check)
    track = mouth_track(features, count, float(rate))
    motion = plan_motion(track.energy, float(rate), seed)
    frames = _frames(run, animator, track, motion)
    path = run.temp_folder / f"talking_head_{uuid4().hex}.mp4"
    _write(path, frames, count, rate, audio)
    return path


def _write(path: Path, frames: Iterator[Pixels], count: int, rate: Fraction, audio: Audio) -> None:
    finished = False
    try:
        write_mp4(path, frames, count, rate, audio.waveform, audio.sample_rate)
        finished = True
    finally:
        if not finished:  # cancelled or failed: half a video is of no use
            path.unlink(missing_ok=True)


def _frames(run: Run, animator: Animator, track: MouthTrack, motion: Motion) -> Iterator[Pixels]:
    """Draw frame after frame, reporting now and then."""
    count = track.opening.size
    reported = previewed = -math.inf
    for index in range(count):
        run.check()
        pixels = animator.frame(_pose(track, motion, index))
        yield pixels
        now = time.monotonic()
        if index + 1 == count or now - previewed >= PREVIEW_SECONDS:
            run.progress(index + 1, count, _preview(pixels))
            reported = previewed = now
        elif now - reported >= REPORT_SECONDS:
            run.progress(index + 1, count)
            reported = now


def _pose(track: MouthTrack, motion: Motion, index: int) -> Pose:
    # plain floats: a NumPy scalar would turn every array it touches into float64
    return Pose(
        float(track.opening[index]),
        float(track.width[index]),
        float(motion.right[index]),
        float(motion.down[index]),
        float(motion.roll[index]),
        float(motion.zoom[index]),
        float(motion.lids[index]),
    )


def _preview(pixels: Pixels) -> PILImage.Image:
    preview = PILImage.fromarray(np.ascontiguousarray(pixels))
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), reducing_gap=2.0)
    return preview

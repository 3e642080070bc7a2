"""A portrait and speech become a video: find the face, read the mouth's movement, draw, encode."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from comfy.engine.head.animate import Animator, Pose
from comfy.engine.head.backdrop import find_backdrop
from comfy.engine.head.deliver import deliver, frame_count, reported
from comfy.engine.head.face import LARGEST, find_face
from comfy.engine.head.framing import frame_picture
from comfy.engine.head.geometry import Pixels
from comfy.engine.head.motion import Motion, plan_motion
from comfy.engine.head.mouth import find_mouth
from comfy.engine.head.mouth_track import MouthTrack, mouth_track
from comfy.engine.head.speech_features import analyse
from comfy.engine.node import Audio, Run


def talk(
    run: Run,
    picture: Pixels,
    audio: Audio,
    *,
    width: int = 0,
    height: int = 0,
    fps: float = 25.0,
    seed: int = 0,
    which: str = LARGEST,
) -> Path:
    """Animate `picture` [height, width, 3] to `audio`; returns an mp4 in the run's temp folder.

    The video lasts as long as the sound, rounded up to a whole frame. `which` face: see find_face.
    Raises NodeError: "no_face", "no_such_face", "video_too_small", "no_speech" (no samples at all;
    silence gives a still face that blinks).
    """
    rate = Fraction(fps).limit_denominator(1001)
    count = frame_count(audio, rate)
    face = find_face(picture, run.check, which)
    still, face = frame_picture(picture, face, width, height)
    mouth = find_mouth(still, face)
    run.check()
    backdrop = find_backdrop(still, face, run.check)
    run.check()
    animator = Animator(still, face, mouth, backdrop)
    features = analyse(audio.waveform, audio.sample_rate, run.check)
    track = mouth_track(features, count, float(rate))
    motion = plan_motion(track.energy, float(rate), seed)
    frames = _frames(run, animator, track, motion)
    return deliver(run, reported(run, frames, 0, count), count, rate, audio)


def _frames(run: Run, animator: Animator, track: MouthTrack, motion: Motion) -> Iterator[Pixels]:
    for index in range(track.opening.size):
        run.check()
        yield animator.frame(_pose(track, motion, index))


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

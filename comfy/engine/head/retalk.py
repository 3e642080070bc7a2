"""A video and speech become a video: all moves as before, the lips say something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import numpy as np

from comfy.engine.head.deliver import deliver, frame_count, reported
from comfy.engine.head.face_track import SHORTEST, FaceTracker, Stretch, smoothed
from comfy.engine.head.frames_in import steady_frames
from comfy.engine.head.framing import Framing, plan_framing
from comfy.engine.head.geometry import Axes, Pixels
from comfy.engine.head.mouth_track import MouthTrack, mouth_track
from comfy.engine.head.moving_mouth import MovingMouth, RestSeeker
from comfy.engine.head.speech_features import analyse
from comfy.engine.node import Audio, NodeError, Run

LEAST_SHARE = 0.2  # of the frames must show a face that can be followed
RAMP = 4  # frames in which the speaking mouth comes and goes where a face is found and lost
REPORT_EVERY = 5  # frames


@dataclass(frozen=True)
class _Spot:
    """Where and how one frame of the video gets its mouth."""

    mouth: MovingMouth
    axes: Axes
    strength: float


def retalk(
    run: Run, video: Path, audio: Audio, *, width: int = 0, height: int = 0, fps: float = 25.0
) -> Path:
    """Give the face in `video` the lips of `audio`; returns an mp4 in the run's temp folder.

    It lasts as long as the sound; where the video ends before, its last picture is held. Frames
    without a face that can be followed stay as they are. Raises NodeError: "no_face",
    "video_too_small", "video_unreadable", "no_speech".
    """
    rate = Fraction(fps).limit_denominator(1001)
    count = frame_count(audio, rate)
    shape, spots = _follow(run, video, count, rate)
    axes = _usual([spot.axes for spot in spots if spot])
    framing = plan_framing(shape, axes, width, height)
    track = mouth_track(analyse(audio.waveform, audio.sample_rate, run.check), count, float(rate))
    pictures = _held(steady_frames(video, count, rate, run.check), count)
    frames = _frames(pictures, framing, spots, track)
    return deliver(run, reported(run, frames, count, 2 * count), count, rate, audio)


def _follow(
    run: Run, video: Path, count: int, rate: Fraction
) -> tuple[tuple[int, ...], list[_Spot | None]]:
    """The first pass: the frames' shape, and a place for the mouth of each."""
    tracker = FaceTracker(run.check)
    seekers: list[RestSeeker] = []
    shape: tuple[int, ...] = ()
    seen = 0
    for picture in steady_frames(video, count, rate, run.check):
        shape, seen = picture.shape, seen + 1
        axes = tracker.see(picture)
        if axes is not None:
            if len(seekers) < len(tracker.stretches):
                seekers.append(RestSeeker())
            seekers[-1].see(picture, axes)
        if seen % REPORT_EVERY == 0:
            run.progress(seen, 2 * count)
    spots: list[_Spot | None] = [None] * seen
    for stretch, seeker in zip(tracker.stretches, seekers, strict=True):
        _place(spots, stretch, seeker)
    if sum(spot is not None for spot in spots) < max(1, LEAST_SHARE * seen):
        raise NodeError("no_face", "no frontal face can be followed in the video")
    return shape, spots


def _place(spots: list[_Spot | None], stretch: Stretch, seeker: RestSeeker) -> None:
    if len(stretch.places) < SHORTEST or seeker.rest is None:
        return
    try:
        mouth = MovingMouth(seeker.rest, stretch.face)
    except NodeError:  # no mouth can be seen: these frames stay as they are
        return
    for index, axes in enumerate(smoothed(stretch.places), stretch.first):
        since = index - stretch.first + 1 if stretch.first else RAMP
        until = stretch.end - index if stretch.end < len(spots) else RAMP
        spots[index] = _Spot(mouth, axes, min(since, until, RAMP) / RAMP)


def _usual(axes: list[Axes]) -> Axes:
    """The middle of all places, for the part of the picture that the video shows."""
    x, y, unit = np.median([(place.x, place.y, place.unit) for place in axes], axis=0)
    return Axes(float(x), float(y), 0.0, float(unit))


def _held(pictures: Iterator[Pixels], count: int) -> Iterator[Pixels]:
    """Exactly `count` pictures: the last one again and again where there are fewer."""
    picture, left = None, count
    for picture in pictures:
        yield picture
        left -= 1
    if picture is not None:
        yield from repeat(picture, left)


def _frames(
    pictures: Iterator[Pixels], framing: Framing, spots: list[_Spot | None], track: MouthTrack
) -> Iterator[Pixels]:
    for index, picture in enumerate(pictures):
        frame = np.array(framing.apply(picture))
        spot = spots[min(index, len(spots) - 1)]
        if spot is not None:
            opening, width = float(track.opening[index]), float(track.width[index])
            spot.mouth.speak(frame, framing.move(spot.axes), opening, width, spot.strength)
        yield frame

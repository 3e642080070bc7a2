"""A video as an input: written anew without sound, upright, at one rate and a bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from comfy.errors import InputError
from comfy.media.files import Limits, check_size, content_name, written_whole
from comfy.media.pauses import spans
from comfy.media.sounds import BROKEN
from comfy.media.video import opened

RATE = 25  # frames a second: what the models that take videos work at
LONGEST_SIDE = 1280  # pixels: no variant makes larger pictures
SHORTEST = 0.3  # seconds
WRITING = {"movflags": "faststart", "fflags": "+bitexact"}
PICTURE = {"preset": "veryfast", "crf": "16"}


def accept_video(source: Path, folder: Path, limits: Limits, *, keep_seconds: float = 0) -> Path:
    """Turn an upload into an MP4 (H.264, 25 frames a second, no sound) in `folder`.

    Only the first `keep_seconds` are kept, or as many as a sound may have. Raises InputError:
    file_empty, file_too_large, video_unusable, video_too_short.
    """
    check_size(source, limits)
    target = folder / content_name(source, f"clip-1-{keep_seconds:g}", ".mp4")
    if target.exists():
        return target
    most = int((keep_seconds or limits.seconds) * RATE)
    try:
        with opened(source) as container, written_whole(target) as part:
            if _write(islice(_steady(container), most), part) < SHORTEST * RATE:
                raise InputError("video_too_short", limit=SHORTEST)
    except BROKEN as exc:
        raise InputError("video_unusable") from exc
    return target


def video_size(path: Path) -> tuple[int, int]:
    """Width and height of a video that was accepted. Raises InputError."""
    try:
        with opened(path) as container:
            stream = container.streams.video[0]
            return int(stream.width), int(stream.height)
    except BROKEN as exc:
        raise InputError("video_unusable") from exc


def first_frame(path: Path) -> Image.Image:
    """The first picture of an accepted video. Raises InputError."""
    try:
        with opened(path) as container:
            image: Image.Image = next(container.decode(video=0)).to_image()
            return image
    except (*BROKEN, StopIteration) as exc:
        raise InputError("video_unusable") from exc


def cut_video(path: Path, times: Sequence[float], folder: Path) -> list[Path]:
    """The stretches of an accepted video that belong to the parts of a sound: see pauses.cuts.

    A stretch after the video's end is its last picture.
    """
    made = []
    for first, last in spans(times):
        target = folder / content_name(path, f"clip-part-1-{first:.2f}-{last:.2f}", ".mp4")
        with opened(path) as container, written_whole(target) as part:
            _write(_stretch(container, round(first * RATE), round(last * RATE)), part)
        made.append(target)
    return made


def _stretch(container: Any, first: int, end: int) -> Iterator[Any]:
    """Frames `first` to before `end`; the last one there is if there are none.

    Decoded from the keyframe before: all before that would be done once more for each stretch.
    """
    stream = container.streams.video[0]
    container.seek(round(first / RATE / stream.time_base), stream=stream)
    frame, number = None, -1
    for frame in container.decode(stream):
        number = round(float(frame.time or 0.0) * RATE)
        if number >= end:
            return
        if number >= first:
            yield frame
    if number < first and frame is not None:
        yield frame


def _steady(container: Any) -> Iterator[Any]:
    """What is seen at each 25th of a second, upright and of the size that is kept."""
    shown, begin, number = None, 0.0, 0
    for frame in container.decode(container.streams.video[0]):
        moment = float(frame.time or 0.0)
        if shown is None:
            begin = moment
        while shown is not None and number / RATE < moment - begin - 0.001:
            yield shown
            number += 1
        shown = _fitted(frame)
    if shown is not None:
        yield shown


def _fitted(frame: Any) -> Any:
    """An even size, within LONGEST_SIDE, turned as the file says."""
    scale = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    turns = round(frame.rotation / 90) % 4
    if not turns:
        return frame.reformat(width=width, height=height, format="yuv420p")
    image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    turned = np.ascontiguousarray(np.rot90(image, turns))
    return av.VideoFrame.from_ndarray(turned, format="rgb24").reformat(format="yuv420p")


def _write(frames: Iterable[Any], target: Path) -> int:
    """How many frames were written; all get the first one's size."""
    with av.open(str(target), "w", options=WRITING) as output:
        stream = output.add_stream("libx264", rate=RATE, options=PICTURE)
        stream.pix_fmt = "yuv420p"
        count = 0
        for count, frame in enumerate(frames, 1):
            if count == 1:
                stream.width, stream.height = frame.width, frame.height
            same = frame.reformat(width=stream.width, height=stream.height)
            same.pts, same.time_base = count - 1, Fraction(1, RATE)
            output.mux(stream.encode(same))
        if count:
            output.mux(stream.encode(None))
        return count

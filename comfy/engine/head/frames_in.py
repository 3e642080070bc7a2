"""Read a video at a steady rate, frame by frame: two passes cost less than all its frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from comfy.engine.head.geometry import Pixels
from comfy.engine.node import NodeError
from comfy.media.files import READING
from comfy.media.sounds import BROKEN

LONGEST = 1920  # side of a frame, in pixels: no result is larger


def steady_frames(
    path: Path, count: int, fps: Fraction, check: Callable[[], None]
) -> Iterator[Pixels]:
    """What the video shows at each of at most `count` moments; ends when the video does.

    Raises NodeError("video_unreadable") where there is none that can be decoded.
    """
    try:
        with av.open(str(path), options=READING) as container:
            yield from _steady(container, count, fps, check)
    except BROKEN as exc:
        raise NodeError("video_unreadable", "the video cannot be read") from exc


def _steady(
    container: Any, count: int, fps: Fraction, check: Callable[[], None]
) -> Iterator[Pixels]:
    converter = VideoReformatter()  # one for all frames: its tables take longer than a frame
    shown: Any = None
    begin, number = 0.0, 0
    for frame in container.decode(container.streams.video[0]):
        check()
        moment = float(frame.time or 0.0)
        if shown is None:
            begin = moment
        while shown is not None and number / fps < moment - begin - 0.001:
            if number >= count:
                return
            yield shown
            number += 1
        scale = min(1.0, LONGEST / max(frame.width, frame.height))
        size = [2 * round(side * scale / 2) for side in (frame.width, frame.height)]
        smaller = {} if scale == 1 else {"width": size[0], "height": size[1]}
        shown = converter.reformat(frame, format="rgb24", **smaller).to_ndarray()
    if shown is not None and number < count:
        yield shown

"""Parts of a talking video joined: frame-exact, each cut blended, the original sound over all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from comfy.errors import OutputMissing
from comfy.media.files import READING, written_whole
from comfy.media.pauses import OVERLAP
from comfy.media.sounds import BROKEN, resampled

Frame = npt.NDArray[np.uint8]  # planar 4:2:0, [height * 3 / 2, width]

PICTURE = {"preset": "veryfast", "crf": "16"}
SOUND_RATE = 48_000  # Hz: a frame of AAC is then shorter than one of the picture
SOUND_BITS = 160_000  # a second


def join_videos(
    parts: Sequence[Path],
    times: Sequence[float],
    sound: Path,
    target: Path,
    *,
    early: float = 0.0,
) -> None:
    """Write one MP4 of the parts of a speech that was cut at `times` (see media.pauses).

    It has as many frames as the sound needs, at the first part's rate and size, whatever the
    parts have: a part that is short holds its last frame. Around each cut both neighbours show
    the same words; there one is blended into the other. `early`: so many seconds before its time
    the first part is shown. Raises OutputMissing.
    """
    try:
        with (
            written_whole(target) as part,
            av.open(str(part), "w", options={"movflags": "faststart"}) as output,
            av.open(str(sound), options=READING) as heard,
        ):
            _write(output, list(parts), list(times), heard, early)
    except BROKEN as exc:
        raise OutputMissing("output_unreadable") from exc


def _write(output: Any, parts: list[Path], times: list[float], heard: Any, early: float) -> None:
    width, height, rate = _shape(parts[0])
    picture = output.add_stream("libx264", rate=rate, options=PICTURE)
    picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
    voice = output.add_stream("aac", rate=SOUND_RATE, layout="mono")
    voice.bit_rate = SOUND_BITS
    resampler = av.AudioResampler("fltp", "mono", voice.rate, frame_size=1024)
    sounds = resampled(heard, resampler)
    ahead = 0.0  # seconds of sound that are written: the two go into the file side by side
    images = _images(parts, times, width, height, rate, early)
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
        frame.pts, frame.time_base = number, 1 / rate
        output.mux(picture.encode(frame))
        while ahead <= number / rate and (spoken := next(sounds, None)) is not None:
            ahead += spoken.samples / voice.rate
            output.mux(voice.encode(spoken))
    output.mux(picture.encode(None))
    for spoken in sounds:
        output.mux(voice.encode(spoken))
    output.mux(voice.encode(None))


def _shape(part: Path) -> tuple[int, int, Fraction]:
    with av.open(str(part), options=READING) as container:
        stream = container.streams.video[0]
        rate = Fraction(stream.average_rate or 25).limit_denominator(1001)
        return stream.width - stream.width % 2, stream.height - stream.height % 2, rate


def _images(
    parts: list[Path], times: list[float], width: int, height: int, rate: Fraction, early: float
) -> Iterator[Frame]:
    """The frames of the whole, in order."""
    half = OVERLAP / 2
    total = math.ceil(times[-1] * rate - 0.01)
    current = _Part(parts[0], -early, width, height)
    coming: _Part | None = None
    last = 0  # of the part that is shown
    for number in range(total):
        now = float(number / rate)
        if coming is None and last + 1 < len(parts) and now >= times[last + 1] - half:
            coming = _Part(parts[last + 1], times[last + 1] - half, width, height)
        if coming and now >= times[last + 1] + half:
            current.close()
            current, coming, last = coming, None, last + 1
        image = current.at(now)
        if coming:
            share = (now - (times[last + 1] - half) + float(1 / rate) / 2) / OVERLAP
            image = _blended(image, coming.at(now), min(max(share, 0.0), 1.0))
        yield image
    current.close()


def _blended(one: Frame, other: Frame, share: float) -> Frame:
    mixed = one.astype(np.float32) * (1 - share) + other.astype(np.float32) * share
    return (mixed + 0.5).astype(np.uint8)


class _Part:
    """The frames of one part by the time of the whole; `start` is when its first one is shown."""

    def __init__(self, path: Path, start: float, width: int, height: int) -> None:
        self._container = av.open(str(path), options=READING)
        self._frames = self._container.decode(self._container.streams.video[0])
        self._start, self._size = start, (width, height)
        self._next: Any = next(self._frames)
        self._first = float(self._next.time or 0.0)
        self._image: Frame | None = None

    def at(self, now: float) -> Frame:
        """The frame that is shown at this time; the last one after the end."""
        while self._next is not None and (
            self._image is None
            or float(self._next.time or 0.0) - self._first <= now - self._start + 0.005
        ):
            width, height = self._size
            scaled = self._next.reformat(width=width, height=height, format="yuv420p")
            self._image = scaled.to_ndarray()
            self._next = next(self._frames, None)
        assert self._image is not None
        return self._image

    def close(self) -> None:
        self._container.close()

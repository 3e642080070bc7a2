"""Write frames and sound as an mp4 that every browser plays: H.264 + AAC, streamed, faststart."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from comfy.engine.head.geometry import Floats, Pixels

THREADS = 2
# subme=1: the encoder takes a fifth less time, for 0.1 dB and 5 % more bytes
QUALITY = {"crf": "20", "preset": "veryfast", "tune": "film", "x264-params": "subme=1"}
BT709 = 1  # AVColorPrimaries, AVColorTransferCharacteristic and AVColorSpace alike
SOUND_AHEAD = 0.5  # seconds of sound written before the picture needs it
SOUND_SLICE = 0.5  # seconds of sound handled at once


def write_mp4(
    path: Path,
    frames: Iterable[Pixels],
    count: int,
    fps: Fraction,
    waveform: Floats,
    sample_rate: int,
) -> None:
    """Encode exactly `count` frames, taken one by one; the sound is cut or padded to their length.

    `waveform` is [channels, samples] in -1..1; one channel stays mono, more become stereo.
    """
    with (
        av.open(str(path), "w", options={"movflags": "+faststart"}) as container,
        ThreadPoolExecutor(1, thread_name_prefix="head-encode") as beside,
    ):
        film = _Film(container, count, fps, waveform, sample_rate)
        # a frame is written while the next one is drawn: that is what the second core is for
        written: Future[None] | None = None
        for index, pixels in enumerate(frames):
            if written is not None:
                written.result()
            written = beside.submit(film.write, index, pixels)
        if written is not None:
            written.result()
            film.finish()


class _Film:
    """The file's two streams, which begin with the first frame."""

    def __init__(
        self, container: Any, count: int, fps: Fraction, waveform: Floats, sample_rate: int
    ) -> None:
        self._container = container
        self._fps = fps
        self._converter = VideoReformatter()  # one for all: its tables take longer than a frame
        self._picture: Any = None
        # the picture's stream is the file's first
        self._begin_sound = partial(_Sound, container, waveform, sample_rate, float(count / fps))

    def write(self, index: int, pixels: Pixels) -> None:
        if self._picture is None:
            self._picture = _video_stream(self._container, pixels, self._fps)
            self._sound = self._begin_sound()
        frame = _video_frame(self._converter, pixels, index, self._fps)
        self._container.mux(self._picture.encode(frame))
        self._sound.write_until(float((index + 1) / self._fps) + SOUND_AHEAD)

    def finish(self) -> None:
        self._container.mux(self._picture.encode(None))
        self._sound.finish()


def _video_stream(container: Any, pixels: Pixels, fps: Fraction) -> Any:
    stream = container.add_stream("libx264", rate=fps, options=QUALITY)
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.gop_size = max(1, round(2 * fps))  # a key frame every 2 s: quick seeking
    context = stream.codec_context
    context.thread_count = THREADS
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = ColorRange.MPEG
    return stream


def _video_frame(converter: Any, pixels: Pixels, index: int, fps: Fraction) -> Any:
    frame = converter.reformat(
        av.VideoFrame.from_ndarray(pixels, "rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    frame.pts, frame.time_base = index, 1 / fps
    return frame


class _Sound:
    """The AAC stream, fed in slices so that it stays just ahead of the picture."""

    def __init__(self, container: Any, waveform: Floats, sample_rate: int, seconds: float) -> None:
        self._container = container
        self._waveform = waveform
        self._rate = sample_rate
        self._samples = round(seconds * sample_rate)
        self._done = 0
        self._layout = "mono" if waveform.shape[0] == 1 else "stereo"
        rate = 48_000 if sample_rate % 8000 == 0 else 44_100
        self._stream = container.add_stream("aac", rate=rate)
        self._stream.bit_rate = 128_000
        self._stream.layout = self._layout
        self._resampler = av.AudioResampler("fltp", self._layout, rate, frame_size=1024)

    def write_until(self, seconds: float) -> None:
        while self._done < min(self._samples, seconds * self._rate):
            for frame in self._resampler.resample(self._slice()):
                self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self.write_until(self._samples / self._rate)
        for frame in self._resampler.resample(None):
            self._container.mux(self._stream.encode(frame))
        self._container.mux(self._stream.encode(None))

    def _slice(self) -> Any:
        """The next piece of sound, with silence where the waveform has ended."""
        length = min(int(SOUND_SLICE * self._rate) or 1, self._samples - self._done)
        channels = 1 if self._layout == "mono" else 2
        piece = np.zeros((channels, length), np.float32)
        there = self._waveform[:channels, self._done : self._done + length]
        piece[:, : there.shape[1]] = np.clip(np.nan_to_num(there), -1, 1)
        frame = av.AudioFrame.from_ndarray(piece, "fltp", self._layout)
        frame.sample_rate, frame.pts = self._rate, self._done
        frame.time_base = Fraction(1, self._rate)
        self._done += length
        return frame

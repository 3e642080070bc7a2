"""Sound files to waveforms and back."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from comfy.engine.node import Audio, NodeError

MAX_SECONDS = 1200
GROWS_BY = 60  # seconds of sound for which memory is taken at once
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
BIT_RATES = {"128k": 128_000, "320k": 320_000}  # "V0" is LAME's best variable rate


def decode(path: Path, check: Callable[[], None]) -> Audio:
    """Read the first sound stream as mono or stereo; more channels are mixed down.

    Raises ValueError("No audio stream found in the file."), as ComfyUI, and av.error.FFmpegError.
    """
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise ValueError("No audio stream found in the file.")
        stream = container.streams.audio[0]
        sound = _Growing(min(stream.channels, 2), int(stream.rate))
        resampler = av.AudioResampler("flt", layout_of(stream.channels), stream.rate)
        for frame in chain(container.decode(stream), (None,)):
            check()
            for piece in resampler.resample(frame):
                sound.add(piece.to_ndarray()[0])
            if sound.samples > MAX_SECONDS * stream.rate:
                raise NodeError("audio_too_long", f"more than {MAX_SECONDS} seconds of sound")
        if not sound.samples:
            raise ValueError("No audio stream found in the file.")
        return Audio(sound.waveform(), int(stream.rate))


class _Growing:
    """Sound of unknown length in one piece of memory: it grows where it is and is never doubled."""

    def __init__(self, channels: int, rate: int) -> None:
        self._channels = channels
        self._step = GROWS_BY * rate * channels
        self._values = np.empty(self._step, np.float32)
        self._filled = 0

    @property
    def samples(self) -> int:
        return self._filled // self._channels

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Take samples of all channels, sample after sample."""
        end = self._filled + values.size
        if end > self._values.size:
            self._values.resize(end + self._step, refcheck=False)
        self._values[self._filled : end] = values
        self._filled = end

    def waveform(self) -> npt.NDArray[np.float32]:
        """All of it, shape [channels, samples]; nothing can be added afterwards."""
        self._values.resize(self._filled, refcheck=False)
        return self._values.reshape(-1, self._channels).T


def encode(path: Path, audio: Audio, quality: str, check: Callable[[], None]) -> None:
    """Write FLAC (16 bits), or MP3 where `quality` is "V0", "128k" or "320k"."""
    with av.open(str(path), "w") as container:
        stream = _mp3(container, audio, quality) if quality else _flac(container, audio)
        write(container, stream, audio, check)


def write(container: Any, stream: Any, audio: Audio, check: Callable[[], None]) -> None:
    """Send a waveform through a stream's encoder, a second at a time."""
    layout = layout_of(audio.waveform.shape[0])
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, context.layout, context.rate)
    for start in range(0, audio.waveform.shape[1], audio.sample_rate):
        check()
        piece = np.nan_to_num(audio.waveform[:2, start : start + audio.sample_rate])
        piece = np.ascontiguousarray(np.clip(piece, -1, 1), np.float32)
        frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
        frame.sample_rate, frame.pts = audio.sample_rate, start
        frame.time_base = Fraction(1, audio.sample_rate)
        for converted in resampler.resample(frame):
            container.mux(stream.encode(converted))
    for converted in resampler.resample(None):
        container.mux(stream.encode(converted))
    container.mux(stream.encode(None))


def layout_of(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"


def _flac(container: Any, audio: Audio) -> Any:
    stream = container.add_stream("flac", rate=audio.sample_rate)
    stream.codec_context.layout = layout_of(audio.waveform.shape[0])
    stream.codec_context.format = "s16"
    return stream


def _mp3(container: Any, audio: Audio, quality: str) -> Any:
    rate = next((rate for rate in MP3_RATES if rate >= audio.sample_rate), MP3_RATES[-1])
    stream = container.add_stream("libmp3lame", rate=rate)
    stream.codec_context.layout = layout_of(audio.waveform.shape[0])
    stream.codec_context.format = "fltp"
    if quality in BIT_RATES:
        stream.codec_context.bit_rate = BIT_RATES[quality]
    else:
        stream.codec_context.qscale = True  # variable rate, global_quality 0: V0
    return stream

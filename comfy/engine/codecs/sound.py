"""Sound files to waveforms and back."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from comfy.engine.node import Audio, NodeError

MAX_SECONDS = 1200
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
        resampler = av.AudioResampler("fltp", layout_of(stream.channels), stream.rate)
        pieces = []
        length = 0
        for frame in [*container.decode(stream), None]:
            check()
            for piece in resampler.resample(frame):
                pieces.append(piece.to_ndarray())
                length += piece.samples
            if length > MAX_SECONDS * stream.rate:
                raise NodeError("audio_too_long", f"more than {MAX_SECONDS} seconds of sound")
        if not pieces:
            raise ValueError("No audio stream found in the file.")
        return Audio(np.concatenate(pieces, axis=1), int(stream.rate))


def encode(path: Path, audio: Audio, quality: str, check: Callable[[], None]) -> None:
    """Write FLAC (16 bits), or MP3 where `quality` is "V0", "128k" or "320k"."""
    with av.open(str(path), "w") as container:
        stream = _mp3(container, audio, quality) if quality else _flac(container, audio)
        write(container, stream, audio, check)


def write(container: Any, stream: Any, audio: Audio, check: Callable[[], None]) -> None:
    """Send a waveform through a stream's encoder, a second at a time."""
    layout = layout_of(audio.waveform.shape[0])
    waveform = np.clip(np.nan_to_num(audio.waveform[:2]), -1, 1).astype(np.float32)
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, context.layout, context.rate)
    for start in range(0, waveform.shape[1], audio.sample_rate):
        check()
        piece = np.ascontiguousarray(waveform[:, start : start + audio.sample_rate])
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

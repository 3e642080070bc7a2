"""A sound file as samples, and how loud it is over time."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from comfy.media.files import READING
from comfy.media.sounds import resampled

Wave = npt.NDArray[np.float32]
Levels = npt.NDArray[np.float64]


def read_wave(path: Path, rate: int) -> Wave:
    """The first sound track as mono samples, -1 to 1, at `rate` Hz; empty without a track.

    An end that is none, as many an MP3 has, is passed over: see `sound_frames`. Raises what PyAV
    raises: see comfy.media.sounds.BROKEN.
    """
    with av.open(str(path), options=READING) as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32)
        resampler = av.AudioResampler("flt", "mono", rate)
        frames = [piece.to_ndarray()[0] for piece in resampled(container, resampler)]
    return np.concatenate(frames).astype(np.float32) if frames else np.zeros(0, np.float32)


def levels(wave: Wave, hop: int) -> Levels:
    """The root mean square of each `hop` samples."""
    whole = wave[: len(wave) // hop * hop].reshape(-1, hop).astype(np.float64)
    return np.asarray(np.sqrt(np.mean(np.square(whole), axis=1)), np.float64)

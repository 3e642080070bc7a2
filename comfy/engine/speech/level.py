"""The level of speech: alike in all its pieces, that of other videos for the whole, no clipping."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from comfy.engine.speech import loudness
from comfy.engine.speech.frames import HOP, SAMPLE_RATE, Array, Check, smooth

ALIKE = -20.0  # LUFS of every piece, before the whole gets its level
TARGET = -17.0  # LUFS in one channel: from two loudspeakers 3 more, the -14 of YouTube and TikTok
CEILING = 10 ** (-1.3 / 20)  # true peak: MP3 and AAC add some tenths, so -1 dBTP is kept

_ROUNDS = 6  # at most: what the limiter takes away, the gain gives back
_NEAR = 0.1  # LU
_OVERSAMPLING = 4  # of the true peak: BS.1770-5, annex 2
_BLOCK = HOP  # samples
_REACH = 6  # blocks that the limiter looks ahead and behind (30 ms)


def set_level(wave: Array, lufs: float) -> Array:
    """Scale a piece of speech to a loudness; of less than a second, as if it went on."""
    present = loudness.integrated(loudness.steps(np.resize(wave, max(len(wave), SAMPLE_RATE))))
    return wave * 10 ** ((lufs - present) / 20) if present > loudness.SILENCE else wave


def master(
    pieces: list[npt.NDArray[np.float32]], lufs: float, check: Check
) -> list[npt.NDArray[np.float32]]:
    """Pieces that follow each other, with one gain for all, at an integrated loudness."""
    gain, made = 1.0, pieces
    for _ in range(_ROUNDS):
        power = np.concatenate([loudness.steps(piece) for piece in made])
        present = loudness.integrated(power)
        if present <= loudness.SILENCE or abs(lufs - present) < _NEAR:
            break
        gain *= 10 ** ((lufs - present) / 20)
        made = []
        for piece in pieces:
            check()
            made.append(limit(piece * np.float32(gain)).astype(np.float32))
    return made


def limit(wave: Array) -> Array:
    """A look-ahead limiter: the gain falls before a peak and rises after it, smoothly."""
    peaks = _true_peaks(wave)
    if not len(peaks) or peaks.max() <= CEILING:
        return wave
    needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    around = np.pad(needed, _REACH, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(around, 2 * _REACH + 1).min(axis=1)
    gain = smooth(lowest, 2 * _REACH - 1)  # narrower than the minimum: never above `needed`
    centres = (np.arange(len(gain)) + 0.5) * _BLOCK
    return np.asarray(wave * np.interp(np.arange(len(wave)), centres, gain))


def _true_peaks(wave: Array) -> Array:
    """The highest value in every block of 5 ms, between the samples too."""
    padded = np.pad(wave, (0, -len(wave) % _BLOCK + _BLOCK))  # the transform wraps around
    size = _OVERSAMPLING * len(padded)
    dense = _OVERSAMPLING * np.fft.irfft(np.fft.rfft(padded), size)
    return np.asarray(np.abs(dense).reshape(-1, _OVERSAMPLING * _BLOCK).max(axis=1)[:-1])


def fade(wave: Array, seconds: float = 0.005) -> Array:
    """Raise the start from zero and lower the end to zero, so that a join does not click."""
    length = min(int(seconds * SAMPLE_RATE), len(wave) // 2)
    faded = wave.copy()
    slope = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))
    faded[:length] *= slope
    faded[len(wave) - length :] *= slope[::-1]
    return faded

"""Loudness of a piece of speech: measured where somebody speaks, set without clipping."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech.frames import HOP, SAMPLE_RATE, Array, smooth

TARGET = 0.1  # RMS of speech, -20 dB below full scale
CEILING = 0.89  # peak, -1 dB below full scale

_BLOCK = HOP  # samples
_REACH = 6  # blocks that the limiter looks ahead and behind (30 ms)
_QUIET = 0.1  # of the loudest block: below it nobody speaks


def block_levels(wave: Array) -> Array:
    """RMS of every block of 5 ms."""
    whole = len(wave) // _BLOCK * _BLOCK
    blocks = wave[:whole].reshape(-1, _BLOCK)
    return np.asarray(np.sqrt((blocks**2).mean(axis=1)))


def speech_rms(wave: Array) -> float:
    """RMS of the blocks that are not pauses; 0 for silence."""
    levels = block_levels(wave)
    if not len(levels) or levels.max() <= 0:
        return 0.0
    spoken = levels[levels > _QUIET * np.percentile(levels, 98)]
    return float(np.sqrt((spoken**2).mean()))


def set_level(wave: Array, rms: float) -> Array:
    """Scale speech to an RMS and turn down, for moments, what would pass the ceiling."""
    present = speech_rms(wave)
    if present <= 0:
        return wave
    return limit(wave * (rms / present))


def limit(wave: Array) -> Array:
    """A look-ahead limiter: the gain falls before a peak and rises after it, smoothly."""
    padded = np.pad(wave, (0, -len(wave) % _BLOCK))
    peaks = np.abs(padded.reshape(-1, _BLOCK)).max(axis=1)
    if not len(peaks) or peaks.max() <= CEILING:
        return wave
    needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    around = np.pad(needed, _REACH, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(around, 2 * _REACH + 1).min(axis=1)
    gain = smooth(lowest, 2 * _REACH - 1)  # narrower than the minimum: never above `needed`
    centres = (np.arange(len(gain)) + 0.5) * _BLOCK
    return np.asarray(wave * np.interp(np.arange(len(wave)), centres, gain))


def fade(wave: Array, seconds: float = 0.005) -> Array:
    """Raise the start from zero and lower the end to zero, so that a join does not click."""
    length = min(int(seconds * SAMPLE_RATE), len(wave) // 2)
    faded = wave.copy()
    slope = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))
    faded[:length] *= slope
    faded[len(wave) - length :] *= slope[::-1]
    return faded

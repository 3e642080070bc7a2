"""The grid all speech analysis shares: 22,050 Hz, one frame every 110 samples (about 5 ms)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 22050
HOP = 110
FRAMES_PER_SECOND = SAMPLE_RATE / HOP
FFT_SIZE = 1024
BINS = FFT_SIZE // 2 + 1
FREQUENCIES = np.arange(BINS) * SAMPLE_RATE / FFT_SIZE  # Hz of every bin

Array = npt.NDArray[np.floating[Any]]
Spectra = npt.NDArray[np.complexfloating[Any, Any]]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Check = Callable[[], None]
"""Raises when the work is to stop; called between blocks, several times a second."""

_BLOCK = 400  # frames: bounds both the memory of a step and the wait for a cancel


def count(wave: Array) -> int:
    """Number of frames of a wave, the first centred on its first sample."""
    return len(wave) // HOP + 1


def blocks(total: int, check: Check) -> Iterator[slice]:
    """Cut `total` frames into slices that are worked on one after the other."""
    for start in range(0, total, _BLOCK):
        check()
        yield slice(start, min(total, start + _BLOCK))


def windows(wave: Array, size: int) -> Array:
    """A view [frames, size] of the wave, frame t centred on sample t * HOP, zeros outside."""
    padded = np.pad(wave, (size // 2, size))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::HOP][: count(wave)]


def smooth(track: Array, length: int) -> Array:
    """Hann-weighted running mean along the first axis; edges repeat the outer value."""
    kernel = np.hanning(length + 2)[1:-1]
    kernel /= kernel.sum()
    before = length // 2
    padding = [(before, length - 1 - before)] + [(0, 0)] * (track.ndim - 1)
    padded = np.pad(track, padding, mode="edge")
    mean = np.zeros(track.shape, dtype=np.result_type(track, np.float32))
    for offset, weight in enumerate(kernel):
        mean += mean.dtype.type(weight) * padded[offset : offset + len(track)]
    return mean

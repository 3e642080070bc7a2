"""How much of a voiced sound is noise, per band.

Two neighbouring periods of a voice are alike, of noise they are not: the coherence of two
windows one period apart is the periodic share of the power. Windows of two periods follow a
moving pitch, and the magnitude of the complex sum forgives a lag that is wrong by part of a
sample. A long autocorrelation, the usual way, does neither and finds noise that is not there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from comfy.engine.speech import frames
from comfy.engine.speech.frames import (
    BINS,
    FFT_SIZE,
    FREQUENCIES,
    HOP,
    SAMPLE_RATE,
    Array,
    Check,
    Indices,
    Spectra,
)

EDGES = np.array([0.0, 1000.0, 2000.0, 4000.0, 6000.0, 8000.0, 11025.0])  # Hz
CENTRES = (EDGES[:-1] + EDGES[1:]) / 2
BANDS = len(CENTRES)

_SMOOTHING = 9  # frames; single frames scatter
_LEAST, _MOST = 0.001, 1.0
_EFFECTIVE = 0.69  # share of a Hann window of two periods, in windows of independent noise


def aperiodicity(wave: Array, f0: Array, check: Check) -> Array:
    """Share of noise in the power, 0..1, [frames, BANDS]; 1 where unvoiced."""
    result = np.ones((len(f0), BANDS))
    voiced = np.flatnonzero(f0 > 0)
    squared = np.zeros((len(f0), BANDS))
    padded = np.pad(wave, FFT_SIZE)
    for block in frames.blocks(len(voiced), check):
        chosen = voiced[block]
        squared[chosen] = _squared_coherence(padded, chosen, SAMPLE_RATE / f0[chosen])
    present = (f0 > 0).astype(float)[:, None]
    mean = frames.smooth(squared, _SMOOTHING) / np.maximum(frames.smooth(present, _SMOOTHING), 1e-6)
    result[voiced] = np.clip(1 - np.sqrt(np.clip(mean[voiced], 0.0, 1.0)), _LEAST, _MOST)
    return result


def _squared_coherence(padded: Array, chosen: Indices, period: Array) -> Array:
    lag = np.round(period).astype(np.intp)
    first = chosen * HOP + FFT_SIZE // 2 - lag // 2
    one = _spectrum(padded, first, period)
    two = _spectrum(padded, first + lag, period)
    cross = np.abs(_band_sums(one * two.conj())) ** 2
    power = _band_sums(np.abs(one) ** 2) * _band_sums(np.abs(two) ** 2)
    raw = cross / np.maximum(power, 1e-24)
    # Noise alone is coherent by 1 / (number of independent values in the band)
    values = 1 + np.diff(EDGES)[None] * (period / SAMPLE_RATE)[:, None] * _EFFECTIVE * 2
    return np.asarray((raw - 1 / values) / (1 - 1 / values))


def _spectrum(padded: Array, start: Indices, period: Array) -> Spectra:
    pieces = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[start]
    offset = (np.arange(FFT_SIZE) - FFT_SIZE // 2)[None] / period[:, None]
    window = np.where(np.abs(offset) <= 1, 0.5 + 0.5 * np.cos(np.pi * offset), 0.0)
    return np.fft.rfft(pieces * window)


def _band_sums(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    starts = np.searchsorted(FREQUENCIES, EDGES[:-1])
    return np.asarray(np.add.reduceat(values, starts, axis=1))


def per_bin(bands: Array) -> Array:
    """Spread band values [frames, BANDS] over the bins, straight lines between the centres."""
    right = np.clip(np.searchsorted(CENTRES, FREQUENCIES), 1, BANDS - 1)
    span = CENTRES[right] - CENTRES[right - 1]
    part = np.clip((FREQUENCIES - CENTRES[right - 1]) / span, 0.0, 1.0)
    spread = bands[:, right - 1] * (1 - part) + bands[:, right] * part
    return np.asarray(spread.reshape(len(bands), BINS))

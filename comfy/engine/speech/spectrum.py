"""Auditory frequency scale, cepstra and smoothing of log power spectra."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech.frames import BINS, FFT_SIZE, FREQUENCIES, Array

_LOWEST = 60.0  # Hz


def mel_points(number: int, low: float, high: float) -> Array:
    """Frequencies in Hz, evenly spaced on the mel scale (2595 log10(1 + f / 700))."""
    bottom, top = (2595 * np.log10(1 + f / 700) for f in (low, high))
    return np.asarray(700 * (10 ** (np.linspace(bottom, top, number) / 2595) - 1))


def mel_cepstrum(envelope: Array, *, bands: int, coefficients: int, high: float) -> Array:
    """Cepstrum of the mel spectrum up to `high` Hz, without the level: [frames, coefficients]."""
    points = mel_points(bands + 2, _LOWEST, high)
    low, middle, top = points[:-2, None], points[1:-1, None], points[2:, None]
    rising = (FREQUENCIES[None] - low) / (middle - low)
    falling = (top - FREQUENCIES[None]) / (top - middle)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights /= weights.sum(axis=1, keepdims=True) + 1e-9
    mel = np.log(np.maximum(np.exp(envelope) @ weights.T.astype(np.float32), 1e-12))
    band, order = np.arange(bands) + 0.5, np.arange(1, coefficients + 1)
    basis = np.cos(np.pi * band[:, None] * order[None] / bands) * np.sqrt(2 / bands)
    return np.asarray(mel @ basis)


def smooth(spectrum: Array, detail: int) -> Array:
    """Keep the first `detail` cepstral coefficients of a log power spectrum [..., BINS]."""
    cepstrum = np.fft.irfft(spectrum)
    cepstrum[..., detail : FFT_SIZE - detail + 1] = 0
    return np.asarray(np.fft.rfft(cepstrum).real)


def move_formants(envelope: Array, factor: float) -> Array:
    """Stretch log power [frames, BINS] along frequency: factor > 1 moves formants up.

    Linear up to 85 % of the band, then bent so that the end stays the end.
    """
    top = np.arange(BINS) / (BINS - 1)
    knee = 0.85 * min(1.0, 1 / factor)
    bent = knee + (top - knee * factor) * (1 - knee) / (1 - knee * factor)
    source = np.clip(np.where(top <= knee * factor, top / factor, bent), 0, 1) * (BINS - 1)
    left = np.minimum(source.astype(np.intp), BINS - 2)
    part = (source - left).astype(envelope.dtype)
    return np.asarray(envelope[:, left] * (1 - part) + envelope[:, left + 1] * part)

"""Spectral envelope without the traces of the pitch.

After M. Morise, "CheapTrick, a spectral envelope estimator for high-quality speech synthesis"
(2015): a window of three periods, power smoothed over two thirds of F0, then a lifter.
"""

from __future__ import annotations

import numpy as np

from comfy.engine.speech import frames
from comfy.engine.speech.frames import BINS, FFT_SIZE, FREQUENCIES, SAMPLE_RATE, Array, Check, Mask

_UNVOICED_F0 = 200.0  # Hz: sets the window length where there is no pitch
_LOWEST_F0 = 3 * SAMPLE_RATE / (FFT_SIZE - 2)  # three periods must fit into the transform
_RECOVERY = 0.09  # CheapTrick's -q1: gives back the peaks that the smoothing took
_TINY = 1e-12
_STEP = SAMPLE_RATE / FFT_SIZE  # Hz between bins


def envelope(wave: Array, f0: Array, check: Check) -> Array:
    """Natural log of the power spectrum, float32 [frames, BINS]; white noise of power 1 is 0."""
    pitch = np.maximum(np.where(f0 > 0, f0, _UNVOICED_F0), _LOWEST_F0)
    view = frames.windows(wave, FFT_SIZE)
    result = np.empty((len(view), BINS), dtype=np.float32)
    for block in frames.blocks(len(view), check):
        power = _power(view[block], pitch[block])
        power = _fold_below_pitch(power, pitch[block], f0[block] > 0)
        result[block] = _lifter(_smooth(power, pitch[block]), pitch[block])
    return result


def _power(pieces: Array, pitch: Array) -> Array:
    """Power of Hann windows of three periods, each with energy 1 and no direct current."""
    offset = (np.arange(FFT_SIZE) - FFT_SIZE // 2)[None] * pitch[:, None] / SAMPLE_RATE
    window = np.where(np.abs(offset) <= 1.5, 0.5 + 0.5 * np.cos(np.pi * offset / 1.5), 0.0)
    window /= np.sqrt((window**2).sum(axis=1, keepdims=True))
    windowed = pieces * window
    windowed -= window * (windowed.sum(axis=1) / window.sum(axis=1))[:, None]
    spectrum = np.fft.rfft(windowed)
    return spectrum.real**2 + spectrum.imag**2 + _TINY


def _fold_below_pitch(power: Array, pitch: Array, voiced: Mask) -> Array:
    """Below F0 there is no harmonic: mirror the power around F0 / 2, as CheapTrick does."""
    low = int(pitch.max() / _STEP) + 1
    position = np.maximum(pitch[:, None] - FREQUENCIES[None, :low], 0.0) / _STEP
    left = position.astype(np.intp)
    part = position - left
    mirrored = np.take_along_axis(power, left, axis=1) * (1 - part)
    mirrored += np.take_along_axis(power, left + 1, axis=1) * part
    inside = (FREQUENCIES[None, :low] <= pitch[:, None]) & voiced[:, None]
    power[:, :low] += np.where(inside, mirrored, 0.0)
    return power


def _smooth(power: Array, pitch: Array) -> Array:
    """Mean over a rectangle 2/3 F0 wide, through the running integral."""
    margin = int(np.ceil(pitch.max() / 3 / _STEP)) + 2
    mirrored = np.concatenate(
        [power[:, margin:0:-1], power, power[:, -2 : -margin - 2 : -1]], axis=1
    )
    integral = np.cumsum(mirrored, axis=1)
    half = (pitch / 3 / _STEP)[:, None]
    centre = np.arange(BINS)[None] + margin
    upper = _interpolate(integral, centre + half - 0.5)
    lower = _interpolate(integral, centre - half - 0.5)
    return np.maximum((upper - lower) / (2 * half), _TINY)


def _interpolate(table: Array, position: Array) -> Array:
    left = np.clip(position.astype(np.intp), 0, table.shape[1] - 2)
    low = np.take_along_axis(table, left, axis=1)
    high = np.take_along_axis(table, left + 1, axis=1)
    return low + (position - left) * (high - low)


def _lifter(power: Array, pitch: Array) -> Array:
    quefrency = np.minimum(np.arange(FFT_SIZE), FFT_SIZE - np.arange(FFT_SIZE)) / SAMPLE_RATE
    turns = pitch[:, None] * quefrency[None]
    weight = np.sinc(turns) * (1 + 2 * _RECOVERY - 2 * _RECOVERY * np.cos(2 * np.pi * turns))
    cepstrum = np.fft.irfft(np.log(power))
    return np.fft.rfft(cepstrum * weight).real

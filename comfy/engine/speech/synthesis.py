"""Sound from pitch, envelope and noise share: one pulse per period, plus noise."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech import frames
from comfy.engine.speech.aperiodicity import per_bin
from comfy.engine.speech.frames import (
    FFT_SIZE,
    HOP,
    SAMPLE_RATE,
    Array,
    Check,
    Indices,
    Mask,
    Spectra,
)

_NOISE_WINDOW = 2 * HOP
_FLOOR = 1e-14  # power below which a logarithm is not taken
_SLOWEST = 40.0  # Hz: no pulse train is slower
# a minimum-phase pulse is all peak; with its high parts after its low ones the same sound can be
# 1.2 dB louder, under a limiter that turns down 2 dB less
_EARLIEST, _LATEST = 0.002, 0.006  # seconds after the pulse's time; some room for the rise
_LATEST_FROM = 1500.0  # Hz
_MIDDLE = int((_EARLIEST + _LATEST) / 2 * SAMPLE_RATE)


def synthesise(
    f0: Array,
    envelope: Array,
    noise: Array,
    check: Check,
    *,
    jitter: float,
    random: np.random.Generator,
) -> Array:
    """A wave of len(f0) * HOP samples.

    `f0` in Hz (0: unvoiced), `envelope` natural log power [frames, BINS], `noise` 0..1 [frames,
    BANDS]; `jitter` is the random shift of a pulse as a share of its period.
    """
    wave = _pulses(f0, envelope, noise, check, jitter=jitter, random=random)
    wave += _noise(envelope, noise, check, random=random)
    return wave


def _pulses(
    f0: Array,
    envelope: Array,
    noise: Array,
    check: Check,
    *,
    jitter: float,
    random: np.random.Generator,
) -> Array:
    length = len(f0) * HOP
    wave = np.zeros(length + 2 * FFT_SIZE)
    if not (f0 > 0).any():
        return wave[:length]
    position, period = _pulse_times(f0, length, jitter, random)
    whole = position.astype(np.intp)
    nearest = np.minimum(np.round(position / HOP).astype(np.intp), len(f0) - 1)
    turn = -2j * np.pi * np.arange(FFT_SIZE // 2 + 1) / FFT_SIZE
    for block in frames.blocks(len(position), check):
        at = nearest[block]
        power = np.exp(envelope[at].astype(np.float64)) * (1 - per_bin(noise[at]))
        spectrum = _minimum_phase(power) * _SPREAD
        spectrum *= np.exp(turn[None] * (position - whole)[block][:, None])
        pulses = np.fft.irfft(spectrum) * np.sqrt(period[block])[:, None]
        pulses -= pulses.mean(axis=1, keepdims=True)
        for start, pulse in zip(whole[block], pulses, strict=True):
            wave[start : start + FFT_SIZE] += pulse
    return wave[_MIDDLE : _MIDDLE + length]


def _pulse_times(
    f0: Array, length: int, jitter: float, random: np.random.Generator
) -> tuple[Array, Array]:
    """Position and period of every pulse, in samples.

    The pitch runs on through unvoiced stretches, whose pulses are then left out. So the period
    is never taken where there is no pitch: that was a division by zero at the last pulse.
    """
    voiced = np.flatnonzero(f0 > 0)
    at = np.arange(length)
    pitch = np.interp(at / HOP, voiced, np.maximum(f0[voiced], _SLOWEST))
    phase = np.cumsum(pitch / SAMPLE_RATE)
    crossing = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    part = (np.floor(phase[crossing + 1]) - phase[crossing]) * SAMPLE_RATE / pitch[crossing + 1]
    period = SAMPLE_RATE / pitch[crossing]
    position = crossing + part + random.normal(0.0, 1.0, len(crossing)) * jitter * period
    position = np.clip(position, 0, length - 1)
    kept = _is_voiced(f0, position)
    return position[kept], period[kept]


def _is_voiced(f0: Array, position: Array) -> Mask:
    nearest: Indices = np.minimum(np.round(position / HOP).astype(np.intp), len(f0) - 1)
    return np.asarray(f0[nearest] > 0)


def _noise(envelope: Array, noise: Array, check: Check, *, random: np.random.Generator) -> Array:
    """One stream of white noise, cut by Hann windows that add up to 1, filtered frame by frame."""
    total = len(envelope)
    window = np.hanning(_NOISE_WINDOW + 1)[:-1] / (_NOISE_WINDOW / HOP / 2)
    source = random.normal(0.0, 1.0, total * HOP + 2 * _NOISE_WINDOW)
    wave = np.zeros(total * HOP + 2 * _NOISE_WINDOW + 2 * FFT_SIZE)
    size = 2 * FFT_SIZE
    offsets = np.arange(_NOISE_WINDOW)
    for block in frames.blocks(total, check):
        at = np.arange(block.start, block.stop)
        pieces = source[(at * HOP)[:, None] + offsets] * window
        power = np.exp(envelope[block].astype(np.float64)) * per_bin(noise[block])
        response = np.fft.irfft(_minimum_phase(power))
        filtered = np.fft.irfft(np.fft.rfft(pieces, size) * np.fft.rfft(response, size))
        for frame, piece in zip(at, filtered, strict=True):
            wave[frame * HOP : frame * HOP + size] += piece
    half = _NOISE_WINDOW // 2
    return wave[half : half + total * HOP]


def _minimum_phase(power: Array) -> Array:
    """The minimum-phase spectrum with this power, through the folded cepstrum."""
    cepstrum = np.fft.irfft(np.log(np.maximum(power, _FLOOR)) / 2)
    half = FFT_SIZE // 2
    cepstrum[:, 1:half] *= 2
    cepstrum[:, half + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum))


def _spread() -> Spectra:
    """The all-pass [BINS] whose group delay grows from _EARLIEST to _LATEST."""
    part = np.minimum(frames.FREQUENCIES / _LATEST_FROM, 1)
    delay = _EARLIEST + (_LATEST - _EARLIEST) * part
    return np.asarray(np.exp(-2j * np.pi * np.cumsum(delay) * SAMPLE_RATE / FFT_SIZE))


_SPREAD = _spread()

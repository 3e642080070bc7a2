"""What the mouth can be read from: loudness, voicing and spectral shape, every 10 ms of sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.head.geometry import Floats

HOPS_PER_SECOND = 100
WINDOW_SECONDS = 0.04
HOPS_PER_BLOCK = 500  # 5 s: about 30 MB of spectra at 48 kHz, however long the speech is
PITCH_HZ = (70.0, 500.0)


@dataclass(frozen=True)
class SpeechFeatures:
    """One value per hop, the hop's time being index / HOPS_PER_SECOND.

    `level`: RMS, 1 = full scale. `voicing`: highest normalised autocorrelation at a pitch lag,
    near 1 in vowels. `first_formant`, `second_formant`: spectral centroids in Hz of the bands in
    which they move. `body`: dB of 300-1200 Hz over 80-300 Hz, low in nasals and stop closures.
    `hiss`: share 0..1 of the power above 3.5 kHz.
    """

    level: Floats
    voicing: Floats
    first_formant: Floats
    second_formant: Floats
    body: Floats
    hiss: Floats


def analyse(waveform: Floats, sample_rate: int, check: Callable[[], None]) -> SpeechFeatures:
    """Features of mono or multi-channel sound of shape [channels, samples].

    Works block by block and calls `check` before each, so memory and cancel time stay bounded.
    """
    hop = sample_rate / HOPS_PER_SECOND
    hops = int(np.ceil(waveform.shape[1] / hop))
    spectrum = _Spectrum(sample_rate)
    blocks = []
    for first in range(0, hops, HOPS_PER_BLOCK):
        check()
        centres = np.round(np.arange(first, min(first + HOPS_PER_BLOCK, hops)) * hop).astype(int)
        blocks.append(spectrum.measure(_windows(waveform, centres, spectrum.window.size)))
    return SpeechFeatures(*np.concatenate(blocks, axis=1))


def mono(waveform: Floats) -> Floats:
    """The channels' mean, without values that are no numbers."""
    mean: Floats = waveform.mean(axis=0, dtype=np.float32)
    return np.nan_to_num(mean, posinf=0.0, neginf=0.0)


def _windows(waveform: Floats, centres: npt.NDArray[np.int_], size: int) -> Floats:
    """Pieces of `size` samples around `centres`, shape [centres, size]; silence outside."""
    start, stop = int(centres[0]) - size // 2, int(centres[-1]) - size // 2 + size
    inside = mono(waveform[:, max(0, start) : max(0, stop)])
    sound = np.zeros(stop - start, np.float32)
    offset = max(0, -start)
    sound[offset : offset + inside.size] = inside
    windows: Floats = sound[(centres - centres[0])[:, None] + np.arange(size)]
    return windows


class _Spectrum:
    """Windows of one sample rate -> features, all windows of a block at once."""

    def __init__(self, sample_rate: int) -> None:
        size = int(sample_rate * WINDOW_SECONDS)
        self.window = np.hanning(size).astype(np.float32)
        self.length = 1 << int(np.ceil(np.log2(size * 1.5)))
        self.hertz = np.fft.rfftfreq(self.length, 1 / sample_rate).astype(np.float32)
        self.lags = slice(int(sample_rate / PITCH_HZ[1]), int(sample_rate / PITCH_HZ[0]) + 1)
        # a window fades its own autocorrelation; dividing by that undoes it (Boersma 1993)
        power = np.abs(np.fft.rfft(self.window, self.length)) ** 2
        fading = np.fft.irfft(power)[self.lags]
        self.fading = (fading / np.sum(self.window**2)).astype(np.float32)

    def measure(self, windows: Floats) -> Floats:
        """Six rows, in the order of SpeechFeatures' fields."""
        level = np.sqrt(np.mean(windows**2, axis=1))
        windows = (windows - windows.mean(axis=1, keepdims=True)) * self.window
        power = np.abs(np.fft.rfft(windows, self.length)) ** 2
        total = self._band(power, 80, 12_000)
        body = self._band(power, 300, 1200) / self._band(power, 80, 300)
        return np.stack(
            [
                level,
                self._voicing(power),
                self._centroid(power, 250, 1000),
                self._centroid(power, 1000, 3000),
                10 * np.log10(body),
                self._band(power, 3500, 12_000) / total,
            ]
        ).astype(np.float32)

    def _voicing(self, power: Floats) -> Floats:
        correlation = np.fft.irfft(power)
        energy = np.maximum(correlation[:, :1], 1e-9)
        strongest: Floats = (correlation[:, self.lags] / energy / self.fading).max(axis=1)
        return np.clip(strongest, 0, 1)

    def _band(self, power: Floats, low: float, high: float) -> Floats:
        inside = (self.hertz >= low) & (self.hertz < high)
        summed: Floats = power[:, inside].sum(axis=1) + 1e-9
        return summed

    def _centroid(self, power: Floats, low: float, high: float) -> Floats:
        inside = (self.hertz >= low) & (self.hertz < high)
        # the root keeps one strong harmonic from deciding alone
        weights = np.sqrt(power[:, inside]) + 1e-6
        centroid: Floats = (weights @ self.hertz[inside]) / weights.sum(axis=1)
        return centroid

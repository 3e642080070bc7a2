"""How far apart two voices are: the colour of their sound, and their pitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.media.waves import Wave

RATE = 16_000  # Hz of all that is measured here
SIZE, HOP = 512, 160  # samples: windows of 32 ms every 10 ms
BANDS, COEFFICIENTS = 30, 16
LOWEST, HIGHEST = 120.0, 6800.0  # Hz: telephones and MP3 leave no more for sure
PITCHES = (65.0, 420.0)  # Hz
VOICED = 0.45  # of the autocorrelation at zero
FEWEST = 60  # windows with speech in them

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Print:
    """A voice: mean and covariance of its mel cepstra, and its median pitch in Hz."""

    mean: Floats
    covariance: Floats
    pitch: float


def print_of(wave: Wave) -> Print | None:
    """Of samples at RATE; None if there is too little speech in them."""
    if len(wave) < SIZE + FEWEST * HOP:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(wave, SIZE)[::HOP].astype(np.float64)
    loud = np.sqrt(np.mean(np.square(windows), axis=1))
    windows = windows[loud > 0.12 * np.percentile(loud, 95)]
    if len(windows) < FEWEST:
        return None
    power = np.abs(np.fft.rfft(windows * np.hanning(SIZE), 2 * SIZE)) ** 2
    pitches, voiced = _pitches(power)
    power = power[voiced]
    if len(power) < FEWEST // 2:
        return None
    bands = np.log(power @ _filters().T + 1e-9)
    cepstra = bands @ _cosines().T
    covariance = np.cov(cepstra.T) + 1e-3 * np.eye(COEFFICIENTS)
    return Print(cepstra.mean(axis=0), covariance, float(np.median(pitches)))


def distance(one: Print, other: Print) -> float:
    """The Bhattacharyya distance of their cepstra; the pitch has no part in it."""
    middle = (one.covariance + other.covariance) / 2
    apart = one.mean - other.mean
    spread = np.linalg.slogdet(middle)[1] - 0.5 * (
        np.linalg.slogdet(one.covariance)[1] + np.linalg.slogdet(other.covariance)[1]
    )
    return float(apart @ np.linalg.solve(middle, apart) / 8 + spread / 2)


def semitones(one: Print, other: Print) -> float:
    """From the other's pitch to this one's."""
    return float(12 * np.log2(one.pitch / other.pitch))


def _pitches(power: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The pitch in Hz of each voiced window, and which are voiced; by autocorrelation."""
    same = np.fft.irfft(power)[:, :SIZE]
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(SIZE), 2 * SIZE)) ** 2)[:SIZE]
    same = same / np.maximum(same[:, :1], 1e-12) / np.maximum(window / window[0], 1e-3)
    first, last = int(RATE / PITCHES[1]), min(int(RATE / PITCHES[0]), SIZE // 2)
    part = same[:, first:last]
    best = part.max(axis=1, initial=0.0)
    # the first peak that is nearly as high: an octave too low is as much alike
    lags = first + (part >= 0.9 * best[:, None]).argmax(axis=1)
    voiced = best > VOICED
    return RATE / lags[voiced].astype(np.float64), voiced


def _filters() -> Floats:
    """Triangles on the mel scale, [bands, frequencies]."""
    frequencies = np.fft.rfftfreq(2 * SIZE, 1 / RATE)
    low, high = (float(2595 * np.log10(1 + end / 700)) for end in (LOWEST, HIGHEST))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    up = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.clip(np.minimum(up, down), 0, None), np.float64)


def _cosines() -> Floats:
    """The cosine transform without its first row, which is the loudness."""
    rows = np.arange(1, COEFFICIENTS + 1)[:, None]
    return np.asarray(np.cos(np.pi * rows * (np.arange(BANDS) + 0.5) / BANDS), np.float64)

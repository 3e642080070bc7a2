"""What is characteristic of a voice: the numbers that one voice takes over from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import FRAMES_PER_SECOND, FREQUENCIES, Array, Mask, smooth

_LEAST_UNVOICED = 40  # frames: fewer give no spectrum to trust
_FULL_BAND = 10500.0  # Hz


@dataclass(frozen=True)
class VoiceProfile:
    """`f0_median` in Hz and `f0_spread` in semitones (half of the middle 68 %).

    `syllable_rate` per second of speech. `voiced_spectrum` and `unvoiced_spectrum` are means of
    the natural log power [BINS], the latter None if too little was heard. `noise` [BANDS] is the
    mean noise share of voiced frames, `bandwidth` the highest frequency with speech in it, Hz.
    """

    f0_median: float
    f0_spread: float
    syllable_rate: float
    voiced_spectrum: Array
    unvoiced_spectrum: Array | None
    noise: Array
    bandwidth: float


def active(level: Array) -> Mask:
    """Frames in which somebody speaks."""
    threshold = max(0.04 * np.percentile(level, 97), 1.6 * np.percentile(level, 8))
    return np.asarray((level > threshold) & (level > 1e-5))


def describe(analysis: Analysis) -> VoiceProfile:
    """Measure a voice; at least one frame must be voiced and active."""
    heard = active(analysis.level)
    voiced, unvoiced = analysis.voiced & heard, ~analysis.voiced & heard
    octaves = np.log2(analysis.f0[voiced])
    octaves = octaves[np.abs(octaves - np.median(octaves)) < 1]
    low, high = np.percentile(octaves, (16, 84))
    voiced_spectrum = analysis.envelope[voiced].mean(axis=0)
    unvoiced_spectrum = None
    if unvoiced.sum() >= _LEAST_UNVOICED:
        unvoiced_spectrum = analysis.envelope[unvoiced].mean(axis=0)
    return VoiceProfile(
        f0_median=float(2 ** np.median(octaves)),
        f0_spread=float(np.clip(12 * (high - low) / 2, 0.8, 6.0)),
        syllable_rate=syllable_rate(analysis),
        voiced_spectrum=voiced_spectrum,
        unvoiced_spectrum=unvoiced_spectrum,
        noise=analysis.noise[voiced].mean(axis=0),
        bandwidth=_bandwidth(voiced_spectrum, unvoiced_spectrum),
    )


def syllable_rate(analysis: Analysis) -> float:
    """Syllable nuclei per second of speech: peaks of the smoothed loudness in voiced frames."""
    level = analysis.level
    hiss = np.percentile(level, 8)  # left in, it would fill the pauses and the dips
    level = np.sqrt(np.maximum(level**2 - hiss**2, 0))
    loudness = smooth(np.log(level + 1e-4 * level.max()), int(0.08 * FRAMES_PER_SECOND) | 1)
    is_peak = (loudness[1:-1] > loudness[:-2]) & (loudness[1:-1] >= loudness[2:])
    nuclei: list[int] = []
    for peak in np.flatnonzero(is_peak) + 1:
        if analysis.f0[max(0, peak - 3) : peak + 4].max() > 0:
            _add_nucleus(nuclei, int(peak), loudness)
    speaking = (loudness > np.log(level.max() * 0.03)).sum() / FRAMES_PER_SECOND
    return len(nuclei) / max(float(speaking), 0.3)


def _add_nucleus(nuclei: list[int], peak: int, loudness: Array) -> None:
    """A peak counts as one of its own after a dip of 0.25 neper; else the louder one stays."""
    if nuclei:
        last = nuclei[-1]
        dip = loudness[last : peak + 1].min()
        if dip > min(loudness[last], loudness[peak]) - 0.25:
            nuclei[-1] = max(last, peak, key=lambda frame: float(loudness[frame]))
            return
    nuclei.append(peak)


def _bandwidth(voiced: Array, unvoiced: Array | None) -> float:
    """Where the spectrum falls off for good: telephone recordings end below 4 kHz."""
    spectrum, drop = (voiced, 7.5) if unvoiced is None else (unvoiced, 5.5)
    even = smooth(spectrum, 9)
    top = np.median(even[(FREQUENCIES > 300) & (FREQUENCIES < 3000)])
    beyond = np.flatnonzero((even < top - drop) & (FREQUENCIES > 2500))
    if not len(beyond):
        return _FULL_BAND
    return min(float(FREQUENCIES[beyond[0]]), _FULL_BAND)

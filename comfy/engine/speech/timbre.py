"""Move the sound of the base voice towards the reference: tract length, spectrum, breath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.speech import aperiodicity, frames, spectrum
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import FREQUENCIES, Array
from comfy.engine.speech.profile import VoiceProfile

_DETAIL = 22  # cepstral coefficients of the equaliser: broad colour, no single formants
_VOICED_LIMIT, _UNVOICED_LIMIT = 3.2, 2.0  # natural log power (14 and 9 dB)
_UNVOICED_SHARE = 0.7  # hiss differs more by microphone than by speaker
_FACTORS = np.arange(0.84, 1.27, 0.01)


@dataclass(frozen=True)
class Timbre:
    """The change from one base voice to one reference.

    `formants` is the factor on all formant frequencies; `voiced` and `unvoiced` are added to the
    log power; `inside` is 1 up to the reference's bandwidth and 0 above it, all [BINS];
    `breath` scales the noise share per band.
    """

    formants: float
    voiced: Array
    unvoiced: Array
    inside: Array
    breath: Array


def fit(base: VoiceProfile, reference: VoiceProfile) -> Timbre:
    """Compare the long-term spectra of two voices."""
    formants = _formant_factor(base, reference)
    inside = np.clip((reference.bandwidth - FREQUENCIES) / 600 + 1, 0, 1)
    moved = spectrum.move_formants(base.voiced_spectrum[None], formants)[0]
    voiced = _equaliser(reference.voiced_spectrum - moved, reference, inside, _VOICED_LIMIT)
    unvoiced = voiced * 0.4
    if reference.unvoiced_spectrum is not None and base.unvoiced_spectrum is not None:
        moved = spectrum.move_formants(base.unvoiced_spectrum[None], formants)[0]
        difference = reference.unvoiced_spectrum - moved
        unvoiced = _UNVOICED_SHARE * _equaliser(difference, reference, inside, _UNVOICED_LIMIT)
    return Timbre(formants, voiced, unvoiced, inside, _breath(base, reference))


def apply(timbre: Timbre, analysis: Analysis, *, extra_breath: float) -> Analysis:
    """The same speech with the other timbre."""
    envelope = spectrum.move_formants(analysis.envelope, timbre.formants)
    share = frames.smooth(analysis.voiced.astype(float), 5)[:, None]
    envelope = envelope + (share * timbre.voiced + (1 - share) * timbre.unvoiced)
    noise = analysis.noise.copy()
    voiced = analysis.voiced
    noise[voiced] = np.clip(noise[voiced] * timbre.breath + extra_breath, 0.002, 0.95)
    return Analysis(analysis.f0, analysis.level, envelope.astype(np.float32), noise)


def _breath(base: VoiceProfile, reference: VoiceProfile) -> Array:
    """Ratio of noise shares, bounded; bands the recording does not have stay as they are."""
    ratio = np.clip(reference.noise / np.maximum(base.noise, 0.02), 0.4, 2.0)
    return np.where(aperiodicity.CENTRES > reference.bandwidth, 1.0, ratio)


def _equaliser(difference: Array, reference: VoiceProfile, inside: Array, limit: float) -> Array:
    """Broad difference without the level; above the bandwidth half of the last cut, no boost."""
    curve = spectrum.smooth(difference, _DETAIL)
    heard = (FREQUENCIES > 150) & (reference.bandwidth > FREQUENCIES)
    curve = curve - curve[heard].mean()
    beyond = 0.0
    if reference.bandwidth < 10000:
        beyond = min(0.0, 0.5 * float(curve[heard][-1]))
    return np.asarray(np.clip(curve * inside + beyond * (1 - inside), -limit, limit))


def _formant_factor(base: VoiceProfile, reference: VoiceProfile) -> float:
    """Ratio of vocal tract lengths: the stretch that makes the mean spectra most alike.

    The spectra say little, so the pitch has a word: lower voices come from longer tracts.
    """
    points = spectrum.mel_points(48, 250, min(5000, reference.bandwidth * 0.95))
    expected = np.clip((reference.f0_median / base.f0_median) ** 0.22, 0.88, 1.2)
    target = _shape(reference.voiced_spectrum, points)
    scores = []
    for factor in _FACTORS:
        moved = spectrum.move_formants(base.voiced_spectrum[None], float(factor))[0]
        likeness = float(_shape(moved, points) @ target)
        scores.append(likeness - 0.12 * ((factor - expected) / 0.09) ** 2)
    return float(_FACTORS[int(np.argmax(scores))])


def _shape(log_power: Array, points: Array) -> Array:
    """The formants in a mean spectrum: smoothed, without level and tilt, of length one."""
    values = np.interp(points, FREQUENCIES, spectrum.smooth(log_power, 26))
    line = np.column_stack([np.ones(len(points)), np.linspace(-1, 1, len(points))])
    values = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9))

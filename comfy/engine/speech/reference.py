"""The voice to imitate: the best seconds of a recording, analysed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.node import Audio, NodeError
from comfy.engine.speech import pitch, profile
from comfy.engine.speech.analysis import Analysis, analyse
from comfy.engine.speech.frames import SAMPLE_RATE, Array, Check, Mask
from comfy.engine.speech.profile import VoiceProfile
from comfy.engine.speech.suitability import check_speaker

LONGEST = 15.0  # seconds: more does not change the profile, but costs time
_LEAST_VOICED = 0.5  # seconds
_SILENCE = 1e-3  # peak below which a recording is silent (-60 dB)
_BLOCK = 0.02  # seconds


@dataclass(frozen=True)
class Reference:
    """`active` marks the frames in which the person speaks."""

    profile: VoiceProfile
    analysis: Analysis
    active: Mask


def listen(audio: Audio, check: Check) -> Reference:
    """Find and analyse the voice in a recording.

    Raises NodeError("no_voice") if it is silent or holds less than half a second of voice,
    NodeError("reference_music") for hums and music, NodeError("reference_two_voices").
    """
    check()
    wave = _prepare(audio)
    if wave is None:
        raise _no_voice()
    analysis = analyse(wave, check)
    active = profile.active(analysis.level)
    if pitch.seconds_voiced(analysis.f0[active]) < _LEAST_VOICED:
        raise _no_voice()
    check_speaker(analysis, active)
    return Reference(profile.describe(analysis), analysis, active)


def _no_voice() -> NodeError:
    return NodeError("no_voice", "the reference recording has less than half a second of speech")


def _prepare(audio: Audio) -> Array | None:
    """The best part, mono at 22,050 Hz, peak 0.9; None for silence."""
    waveform, rate = np.atleast_2d(audio.waveform), audio.sample_rate
    start, stop = _best_part(waveform, rate)
    wave = np.nan_to_num(waveform[:, start:stop].astype(np.float64), posinf=0, neginf=0).mean(
        axis=0
    )
    if len(wave) < _LEAST_VOICED * rate:
        return None
    wave = _resample(wave - wave.mean(), rate)
    peak = np.abs(wave).max()
    return None if peak < _SILENCE else wave * (0.9 / peak)


def _best_part(waveform: Array, rate: int) -> tuple[int, int]:
    """The window of `LONGEST` seconds in which the most blocks carry speech."""
    block = max(1, int(rate * _BLOCK))
    total = waveform.shape[1] // block
    per_window = int(LONGEST / _BLOCK)
    if total <= per_window:
        return 0, waveform.shape[1]
    blocks = waveform[0, : total * block].reshape(total, block)
    with np.errstate(over="ignore", invalid="ignore"):
        levels = np.nan_to_num(np.sqrt(np.einsum("ij,ij->i", blocks, blocks) / block))
    spoken = np.cumsum(np.concatenate([[0], levels > 0.1 * np.percentile(levels, 95)]))
    first = int((spoken[per_window:] - spoken[:-per_window]).argmax())
    return first * block, (first + per_window) * block


def _resample(wave: Array, rate: int) -> Array:
    """Change the sample rate by cutting or extending the spectrum of the whole wave."""
    if rate == SAMPLE_RATE:
        return wave
    margin = rate // 20  # silence at either end: the transform wraps around
    padded = np.pad(wave, margin)
    target = round(len(padded) * SAMPLE_RATE / rate)
    spectrum = np.fft.rfft(padded)[: target // 2 + 1]
    resampled = np.fft.irfft(spectrum, target) * (target / len(padded))
    edge = round(margin * SAMPLE_RATE / rate)
    return np.asarray(resampled[edge : target - edge])

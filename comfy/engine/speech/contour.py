"""The melody of a sentence: eSpeak's tones and stresses at the pitch and range of the reference."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech import frames
from comfy.engine.speech.emotion import Prosody
from comfy.engine.speech.frames import FRAMES_PER_SECOND, Array, Mask
from comfy.engine.speech.profile import VoiceProfile

LOWEST, HIGHEST = 60.0, 600.0  # Hz

_NARROWEST = {"zh": 0.75, "en": 0.55}  # Chinese tones carry meaning: keep more of them
_WIDEST = 1.8
_PRIOR_FRAMES = 200  # a short sentence is centred on the voice's median, a long one on its own
_DRIFT = 0.18  # semitones: slow natural wandering
_DRIFT_FRAMES = 160
_TREMOR_RATE = 6.0  # Hz


def semitones(f0: Array, base: VoiceProfile, reference: VoiceProfile, language: str) -> Array:
    """Distance from the voice's median in semitones, spread like the reference; 0 if unvoiced."""
    voiced = f0 > 0
    height = np.zeros(len(f0))
    height[voiced] = 12 * np.log2(f0[voiced] / base.f0_median)
    ratio = reference.f0_spread / base.f0_spread
    return height * float(np.clip(ratio, _NARROWEST[language], _WIDEST))


def pitch(
    height: Array,
    voiced: Mask,
    reference: VoiceProfile,
    prosody: Prosody,
    random: np.random.Generator,
) -> Array:
    """F0 in Hz of a whole sentence, 0 where unvoiced."""
    total = len(height)
    if voiced.any():
        weight = voiced.sum() / (voiced.sum() + _PRIOR_FRAMES)
        height = height - weight * np.median(height[voiced])
    time = np.arange(total) / FRAMES_PER_SECOND
    tremor = 0.6 * prosody.tremor * np.sin(2 * np.pi * _TREMOR_RATE * time)
    end = np.clip((np.arange(total) / max(total, 1) - 0.75) / 0.25, 0, 1)
    moved = height * float(np.clip(prosody.range, 0.35, 2.4))
    moved = moved + _drift(total, random) + tremor + prosody.final_rise * end + prosody.pitch
    f0 = reference.f0_median * 2 ** (moved / 12)
    return np.where(voiced, np.clip(f0, LOWEST, HIGHEST), 0.0)


def _drift(total: int, random: np.random.Generator) -> Array:
    noise = random.normal(0.0, 1.0, total + 2 * _DRIFT_FRAMES)
    window = np.hanning(_DRIFT_FRAMES + 2)[1:-1]
    scale = _DRIFT * window.sum() / np.sqrt((window**2).sum())
    wandering = frames.smooth(noise, _DRIFT_FRAMES)[_DRIFT_FRAMES : _DRIFT_FRAMES + total]
    return np.asarray(scale * wandering)

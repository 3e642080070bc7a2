"""Speech features -> how far the lips are open and how wide they are, for every video frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.head.geometry import Floats, smoothstep
from comfy.engine.head.speech_features import HOPS_PER_SECOND, SpeechFeatures

LEAD_SECONDS = 0.02  # lips move a little before the sound they shape; smoothing adds as much
SILENCE = 0.001  # RMS; a recording that never gets louder has no speech in it
VOICED = 0.5
EVEN = 0.55  # of the opening follows the loudness whatever the vowel is
LOUDER = 1.6  # an exponent: loud vowels open the mouth more than their decibels say
DYNAMIC_RANGE_DB = 26.0  # from the loudest vowels down to closed lips
CLOSURE_SECONDS = 0.09  # lips stay shut no longer than that between two vowels
CLOSURE_DIP_DB = (4.0, 11.0)  # not at all .. surely
CLOSING = 0.75  # the lips keep at least this share of their opening from one hop to the next


@dataclass(frozen=True)
class MouthTrack:
    """One value per video frame.

    `opening` 0 (closed) .. about 1 (a loud "a"), `width` -1 (round, "u") .. 1 (spread, "i"),
    `energy` 0..1: slow loudness, for the movement of the head.
    """

    opening: Floats
    width: Floats
    energy: Floats


def mouth_track(features: SpeechFeatures, frames: int, fps: float) -> MouthTrack:
    """Sample the mouth's movement at the middle of each of `frames` video frames."""
    if not features.level.size or np.percentile(features.level, 98) < SILENCE:
        still = np.zeros(frames, np.float32)
        return MouthTrack(still, still, still)
    loudness, active = _loudness(features.level)
    opening, width = _shapes(features, loudness, active)
    times = (np.arange(frames) + 0.5) / fps
    hops = np.arange(features.level.size) / HOPS_PER_SECOND

    def sample(values: Floats, lead: float) -> Floats:
        sampled: Floats = np.interp(times + lead, hops, values).astype(np.float32)
        return sampled

    opening = _slow_closing(_smooth(_full_scale(opening), 0.07))
    opening = opening * (1 - _smooth(_closures(features), 0.04))
    return MouthTrack(
        sample(opening, LEAD_SECONDS),
        np.clip(sample(_smooth(width, 0.13), LEAD_SECONDS), -1, 1),
        sample(_smooth(loudness * active, 0.25), 0.0),
    )


def _loudness(level: Floats) -> tuple[Floats, Floats]:
    """Loudness 0..1 relative to this speaker's loud vowels, and 1 where anything is said."""
    floor = max(0.03 * np.percentile(level, 98), 1.5 * np.percentile(level, 5))
    active = (level > floor).astype(np.float32)
    decibels = 20 * np.log10(level + 1e-6)
    loud = float(np.percentile(decibels[level > floor], 92)) if active.any() else 0.0
    return np.clip((decibels - loud) / DYNAMIC_RANGE_DB + 1, 0, 1.05), active


def _shapes(features: SpeechFeatures, loudness: Floats, active: Floats) -> tuple[Floats, Floats]:
    """Opening and width per hop, from the vowel's formants and the kind of sound."""
    vowel = (active > 0) & (features.voicing > VOICED)
    fricative = (active > 0) & ~vowel & (features.hiss > 0.3)
    jaw = _relative(features.first_formant, vowel)
    front = _relative(features.second_formant, vowel)
    # nasals and voiced closures have next to nothing above the pitch: lips together
    body = features.body - (np.percentile(features.body[vowel], 20) if vowel.any() else 0)
    opening = (
        loudness**LOUDER * (EVEN + (1 - EVEN) * jaw) * smoothstep(-6, 3, body.astype(np.float32))
    )
    opening = np.where(vowel, opening, np.where(fricative, 0.16, 0))
    spread = 1.8 * (front - 0.5) - 0.15 * (jaw - 0.5)
    width = np.where(vowel, spread, np.where(fricative, 0.45, 0)) * np.clip(1.5 * loudness, 0, 1)
    return opening.astype(np.float32), width.astype(np.float32)


def _closures(features: SpeechFeatures) -> Floats:
    """How surely the lips are shut, 0..1: the sound between 300 and 1200 Hz dips for a moment.

    It does in m, b and p, whose voice comes through nose or cheeks; in n, d and t it does too, and
    lips that nearly shut there disturb nobody.
    """
    share = 10 ** (features.body / 10)
    middle = 20 * np.log10(features.level + 1e-6) + 10 * np.log10(share / (1 + share) + 1e-6)
    reach = int(CLOSURE_SECONDS * HOPS_PER_SECOND)
    padded = np.pad(middle, reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, reach + 1).max(axis=1)
    dip = np.minimum(around[: middle.size], around[reach:]) - middle
    shut = smoothstep(*CLOSURE_DIP_DB, dip.astype(np.float32))
    wide = np.pad(shut, 1, mode="edge")
    return np.maximum(np.maximum(wide[:-2], wide[2:]), shut)


def _relative(values: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    """0..1 between this voice's own 10th and 90th percentile; 0.5 if there is too little of it."""
    if where.sum() < 0.2 * HOPS_PER_SECOND:
        return np.full_like(values, 0.5)
    low, high = (float(value) for value in np.percentile(values[where], (10, 90)))
    relative: Floats = np.clip((values - low) / (high - low + 1e-6), 0, 1)
    return relative


def _full_scale(opening: Floats) -> Floats:
    """Scale so that this speaker's wide vowels reach 1; whispers are not blown up fully."""
    wide = opening[opening > 0.05]
    reach = float(np.percentile(wide, 93)) if wide.size else 1.0
    scaled: Floats = np.clip(opening / max(0.35, reach), 0, 1.1)
    return scaled


def _smooth(values: Floats, seconds: float) -> Floats:
    """Moving average with a Hann window of this length."""
    taps = int(seconds * HOPS_PER_SECOND) | 1
    window = np.hanning(taps + 2)[1:-1]
    padded = np.pad(values, taps // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), "valid").astype(np.float32)


def _slow_closing(opening: Floats) -> Floats:
    """Lips open as fast as the sound says, but fall shut with some inertia."""
    result = opening.copy()
    for hop in range(1, len(result)):
        result[hop] = max(opening[hop], result[hop - 1] * CLOSING)
    return result

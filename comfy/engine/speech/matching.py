"""Borrow spectra from the reference: for every frame the most similar one that was recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.speech import frames, spectrum, viterbi
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import HOP, SAMPLE_RATE, Array, Check, Indices, Mask
from comfy.engine.speech.reference import Reference

SHARE = 0.65
"""Of the reference in the mixture: more is more alike, less is clearer speech. Measured with
tests.bench.real_voices: a speaker encoder and a phone recogniser, neither of which is used here."""

_LEAST_SECONDS = 3.0  # of reference: fewer frames do not cover the sounds of a language
_CANDIDATES = 24
_CONTEXT = (-6, -3, 0, 3, 6)  # frames that are compared together
_VOICING_MISMATCH = 1.5
_SMOOTHING = 15  # frames of the difference: what is quicker are sounds, not the speaker
_JUMP = 0.35  # cost of not going on in the reference
_MEAN_DETAIL = 60  # cepstral coefficients of the mean's correction
_MEAN_LIMIT = 2.5  # natural log power (11 dB)
_PRIOR_FRAMES = 40
_LOUD = 0.1  # of the loudest frame: quieter ones are the ends of sounds
_UNVOICED_SHARE = 0.6  # of the share of voiced frames


@dataclass(frozen=True)
class Library:
    """The frames of a reference that may be borrowed, one row each, and what they are found by.

    `position` is their place in the recording, `envelope` natural log power, `high` the highest
    frequency that is compared, in Hz.
    """

    position: Indices
    envelope: Array
    voiced: Mask
    features: Array
    high: float


def library(reference: Reference) -> Library | None:
    """Make a reference searchable; None if it is too short to cover the sounds of a language."""
    usable = np.flatnonzero(reference.active)
    if len(usable) * HOP / SAMPLE_RATE < _LEAST_SECONDS:
        return None
    recorded = reference.analysis
    high = min(7000.0, reference.profile.bandwidth)
    features = _features(recorded.envelope, recorded.voiced & reference.active, high)
    return Library(
        usable, recorded.envelope[usable], recorded.voiced[usable], features[usable], high
    )


def borrow(analysis: Analysis, library: Library, inside: Array, check: Check) -> Array:
    """Mix the envelope with that of similar frames of the reference, where it has bandwidth.

    Only the slow part of the difference is taken over: the quick changes of the own envelope are
    what makes consonants clear, and a wrong choice of single frames is not heard.
    `inside` [BINS] is 1 where the reference has sound. Returns natural log power [frames, BINS].
    """
    chosen = _choose(analysis, library, check)
    own = analysis.envelope
    change = frames.smooth(library.envelope[chosen] - own, _SMOOTHING)
    change -= change.mean(axis=1, keepdims=True)
    check()
    share = SHARE * np.where(analysis.voiced, 1.0, _UNVOICED_SHARE)[:, None] * inside
    return np.asarray(own + share * change, dtype=np.float32)


def match_mean(envelope: Array, voiced: Mask, level: Array, wanted: Array, inside: Array) -> Array:
    """One filter for all voiced frames, so that their mean spectrum is the reference's.

    A filter that does not change in time makes the voice more alike without blurring any sound.
    A short sentence holds few sounds, so its own mean says little and counts less.
    """
    loud = voiced & (level > _LOUD * level.max(initial=0.0))
    if not loud.any():
        return envelope
    weight = loud.sum() / (loud.sum() + _PRIOR_FRAMES)
    curve = spectrum.smooth(wanted - envelope[loud].mean(axis=0), _MEAN_DETAIL)
    counted = inside > 0.5
    curve = np.clip(weight * (curve - curve[counted].mean()), -_MEAN_LIMIT, _MEAN_LIMIT) * inside
    share = frames.smooth(voiced.astype(float), 5)[:, None]
    return np.asarray(envelope + share * curve, dtype=np.float32)


def _choose(analysis: Analysis, library: Library, check: Check) -> Indices:
    """Rows of the library, one per frame."""
    wanted = _features(analysis.envelope, analysis.voiced, library.high)
    width = min(_CANDIDATES, len(library.position))
    candidates = np.empty((len(wanted), width), dtype=np.intp)
    cost = np.empty((len(wanted), width))
    for block in frames.blocks(len(wanted), check):
        distance = _distances(wanted[block], library.features)
        distance += _VOICING_MISMATCH * (analysis.voiced[block, None] != library.voiced[None])
        nearest = np.argpartition(distance, width - 1, axis=1)[:, :width]
        cost[block] = np.take_along_axis(distance, nearest, axis=1)
        candidates[block] = nearest
    path = viterbi.cheapest_path(cost, _transitions(library.position[candidates]), check)
    return np.asarray(candidates[np.arange(len(path)), path])


def _features(envelope: Array, voiced: Mask, high: float) -> Array:
    """Cepstra, normalised per speaker, with their neighbours in time, float32."""
    cepstrum = spectrum.mel_cepstrum(envelope, bands=40, coefficients=13, high=high)
    counted = cepstrum[voiced] if voiced.any() else cepstrum
    cepstrum = (cepstrum - counted.mean(axis=0)) / (counted.std(axis=0) + 1e-6)
    reach = max(_CONTEXT)
    padded = np.pad(cepstrum, ((reach, reach), (0, 0)), mode="edge")
    stacked = [padded[reach + step : reach + step + len(cepstrum)] for step in _CONTEXT]
    return np.concatenate(stacked, axis=1).astype(np.float32)


def _distances(wanted: Array, offered: Array) -> Array:
    squared = (wanted**2).sum(axis=1)[:, None] + (offered**2).sum(axis=1)[None]
    squared = squared - 2 * wanted @ offered.T
    return np.asarray(np.sqrt(np.maximum(squared, 0) / wanted.shape[1]))


def _transitions(position: Indices) -> Array:
    """Going on in the recording, at up to twice its pace, is free."""
    step = position[1:, None, :] - position[:-1, :, None]
    return np.where((step >= 0) & (step <= 2), 0.0, _JUMP).astype(np.float32)

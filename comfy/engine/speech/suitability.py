"""Whether a recording is one person talking: hums, music and conversations are told apart.

Speech moves its pitch all the time and changes between voiced and unvoiced several times a second;
a hum holds one pitch, music holds one after the other, and two voices keep to two ranges in turns.
All limits leave every single voice of the tests inside by a margin, and those of 261 readers of
LibriSpeech: a wrong refusal is worse than a poor result. Two voices of one height pass.
"""

from __future__ import annotations

import numpy as np

from comfy.engine.node import NodeError
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import FRAMES_PER_SECOND, Array, Indices, Mask

_SILENT = 0.02  # of the loud frames' level
_STILL = 0.12  # semitones within which a pitch counts as held
_HELD_SECONDS = 0.12
_HELD_SHARE = 0.5  # of the voiced time; speech of the tests reaches 0.10, a melody 0.98
_SYLLABLE_SECONDS = 0.05
_FEWEST_SYLLABLES = 12  # in a few seconds anybody may sound like two
_TURN_SECONDS = 1.2  # the pitch is evened out over so long; a speaker's turn is longer
_APART = 7.0  # semitones between the ranges of two speakers; one lively reader reaches 6.3
_NARROW = 3.0  # how many times farther apart than wide the two ranges are
_LEAST_SHARE = 0.26  # of the voiced time; one reader acts a part for 0.21 of it
_STEADY = 0.6  # of the changes between the ranges that chance would make


def check_speaker(analysis: Analysis, active: Mask) -> None:
    """Raise NodeError("reference_music") or NodeError("reference_two_voices")."""
    # the tracker finds a steady pitch in digital silence: only what is heard counts
    height = semitones(analysis.f0)
    sounding = analysis.level > _SILENT * np.percentile(analysis.level, 97)
    if held_share(np.where(sounding, height, np.nan)) > _HELD_SHARE:
        raise NodeError("reference_music", "the reference recording sounds like music or a hum")
    if has_two_voices(np.where(active, height, np.nan)):
        raise NodeError("reference_two_voices", "more than one person talks in the recording")


def semitones(f0: Array) -> Array:
    """Pitch in semitones above 100 Hz, NaN where unvoiced."""
    return np.asarray(12 * np.log2(np.where(f0 > 0, f0, np.nan) / 100))


def held_share(height: Array) -> float:
    """Share of the voiced time in which the pitch stands still for a while."""
    reach = int(_HELD_SECONDS * FRAMES_PER_SECOND) | 1
    voiced = np.isfinite(height)
    if len(height) < reach or not voiced.any():
        return 0.0
    view = np.lib.stride_tricks.sliding_window_view(height, reach)
    still = np.ptp(view, axis=1) < 2 * _STILL  # NaN compares as False
    held = np.zeros(len(height), bool)
    for shift in range(reach):
        held[shift : shift + len(still)] |= still
    return float(held.sum() / voiced.sum())


def has_two_voices(height: Array) -> bool:
    """Whether the pitch keeps to two separate ranges, each for whole turns."""
    starts, ends = _voiced_runs(height)
    if len(starts) < _FEWEST_SYLLABLES:
        return False
    length = (ends - starts).astype(float)
    pitch = np.array([np.median(height[a:b]) for a, b in zip(starts, ends, strict=True)])
    middle = (starts + ends) / 2
    within = np.abs(middle[:, None] - middle) < _TURN_SECONDS / 2 * FRAMES_PER_SECOND
    steady = np.array([_median(pitch[near], length[near]) for near in within])
    upper, often = _upper(steady, length), _upper(pitch, length)
    high, low = (np.average(steady[part], weights=length[part]) for part in (upper, ~upper))
    spread = np.sqrt(np.average((steady - np.where(upper, high, low)) ** 2, weights=length))
    share = np.average(upper, weights=length)
    # one person's pitch jumps at every word, speakers take turns
    changes = (often[1:] != often[:-1]).sum()
    by_chance = 2 * often.mean() * (1 - often.mean()) * len(often)
    return bool(
        high - low > max(_APART, _NARROW * spread)
        and min(share, 1 - share) > _LEAST_SHARE
        and changes < _STEADY * by_chance
    )


def _voiced_runs(height: Array) -> tuple[Indices, Indices]:
    """Where the voice sets in and out; what is shorter than a syllable does not count."""
    edges = np.flatnonzero(np.diff(np.isfinite(height), prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    lasting = ends - starts >= _SYLLABLE_SECONDS * FRAMES_PER_SECOND
    return starts[lasting], ends[lasting]


def _median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    counted = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(counted, counted[-1] / 2)])


def _upper(values: Array, weights: Array) -> Mask:
    """Which of them belong to the higher of two groups (two means)."""
    low, high = np.percentile(values, (10, 90))
    for _ in range(20):
        upper = values > (low + high) / 2
        if upper.all() or not upper.any():  # all alike
            return values > np.median(values)
        low, high = (np.average(values[part], weights=weights[part]) for part in (~upper, upper))
    return np.asarray(upper)

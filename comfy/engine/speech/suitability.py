"""Whether a recording is one person talking: hums, music and conversations are told apart.

Speech moves its pitch all the time and changes between voiced and unvoiced several times a second;
a hum holds one pitch, music holds one after the other, and two voices keep to two ranges in turns.
All limits leave every single voice of the tests inside by a margin, and those of 87 readers of
LibriSpeech: a wrong refusal is worse than a poor result. Two voices of one height pass.
"""

from __future__ import annotations

import numpy as np

from comfy.engine.node import NodeError
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import FRAMES_PER_SECOND, Array, Mask

_SILENT = 0.02  # of the loud frames' level
_STILL = 0.12  # semitones within which a pitch counts as held
_HELD_SECONDS = 0.12
_HELD_SHARE = 0.5  # of the voiced time; speech of the tests reaches 0.10, a melody 0.98
_TURN_SECONDS = 0.9  # a speaker's turn is at least so long
_FEWEST_TURNS = 8  # with voice: in a few seconds anybody may sound like two
_APART = 7.0  # semitones between the ranges of two speakers; one lively reader reaches 6.4
_NARROW = 2.6  # how many times farther apart than wide the two ranges are
_LEAST_SHARE = 0.2  # of the turns
_STEADY = 0.85  # of the changes between the ranges that chance would make


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
    block = int(_TURN_SECONDS * FRAMES_PER_SECOND)
    turns = [height[start : start + block] for start in range(0, len(height) - block + 1, block)]
    voiced = [turn[np.isfinite(turn)] for turn in turns]
    medians = np.array([np.median(turn) for turn in voiced if len(turn) > 0.3 * block])
    if len(medians) < _FEWEST_TURNS:
        return False
    low, high = medians.min(), medians.max()
    for _ in range(10):  # two means
        upper = medians > (low + high) / 2
        if upper.all() or not upper.any():
            return False
        low, high = medians[~upper].mean(), medians[upper].mean()
    share = min(upper.mean(), 1 - upper.mean())
    spread = max(medians[upper].std(), medians[~upper].std())
    # one person's pitch jumps at every word, speakers take turns
    changes = (upper[1:] != upper[:-1]).sum()
    by_chance = 2 * share * (1 - share) * len(upper)
    apart = high - low > max(_APART, _NARROW * spread)
    return bool(apart and share > _LEAST_SHARE and changes < _STEADY * by_chance)

"""Fundamental frequency: normalised autocorrelation candidates, joined by the cheapest path.

After P. Boersma, "Accurate short-term analysis of the fundamental frequency" (1993). What is
ours: a second pass that knows the median of the first, which removes octave jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.speech import frames, viterbi
from comfy.engine.speech.frames import HOP, SAMPLE_RATE, Array, Check, Indices

FLOOR, CEILING = 65.0, 500.0  # Hz: adult and child speech

_CANDIDATES = 6
_PERIODS = 3  # of the lowest frequency in a window: the least that shows a repetition
_WEAKEST = 0.25  # autocorrelation below which a peak is not a candidate
_VOICING = 0.45  # strength an unvoiced frame competes with
_OCTAVE_COST = 0.02  # per octave below the ceiling: of two equal periods the shorter is right
_JUMP_COST = 0.35  # per octave and frame
_SWITCH_COST = 0.14  # between voiced and unvoiced
_FREE_RANGE = 0.7  # octaves around the median that cost nothing in the second pass
_RANGE_COST = 0.5  # per octave beyond them


@dataclass(frozen=True)
class _Candidates:
    """`frequency` in Hz (0: none) and `strength` -1..1, both [frames, k]; `level` is the RMS."""

    frequency: Array
    strength: Array
    level: Array


def track(
    wave: Array, check: Check, *, floor: float = FLOOR, ceiling: float = CEILING
) -> tuple[Array, Array]:
    """F0 in Hz (0 where unvoiced) and RMS level of every frame."""
    candidates = _candidates(wave, check, floor, ceiling)
    first = _choose(candidates, check, ceiling, median=None)
    voiced = first[first > 0]
    if not len(voiced):
        return first, candidates.level
    return _choose(candidates, check, ceiling, float(np.median(voiced))), candidates.level


def _candidates(wave: Array, check: Check, floor: float, ceiling: float) -> _Candidates:
    size = int(SAMPLE_RATE * _PERIODS / floor) // 2 * 2
    window = np.hanning(size)
    transform = 1 << int(np.ceil(np.log2(size * 1.5)))
    own = _autocorrelation(window[None], transform)[0]
    longest = min(int(SAMPLE_RATE / floor), size // 2)
    lags = np.arange(int(SAMPLE_RATE / ceiling), longest + 1)
    view = frames.windows(wave, size)
    total = len(view)
    frequency = np.zeros((total, _CANDIDATES))
    strength = np.full((total, _CANDIDATES), -1.0)
    level = np.zeros(total)
    for block in frames.blocks(total, check):
        piece = view[block].astype(np.float64)
        level[block] = np.sqrt((piece**2).mean(axis=1))
        centred = (piece - piece.mean(axis=1, keepdims=True)) * window
        curve = _autocorrelation(centred, transform)[:, : longest + 2]
        curve /= np.maximum(curve[:, :1], 1e-12) * own[: longest + 2] / own[0]
        frequency[block], strength[block] = _peaks(curve[:, lags[0] - 1 :], lags)
    return _Candidates(frequency, strength, level)


def _autocorrelation(pieces: Array, transform: int) -> Array:
    return np.fft.irfft(np.abs(np.fft.rfft(pieces, transform)) ** 2)


def _peaks(curve: Array, lags: Indices) -> tuple[Array, Array]:
    """The strongest local maxima; `curve` has one value more than `lags` at either side."""
    before, here, after = curve[:, :-2], curve[:, 1:-1], curve[:, 2:]
    is_peak = (here > before) & (here >= after) & (here > _WEAKEST)
    score = np.where(is_peak, here - 0.01 * np.log2(lags / lags[0]), -1.0)
    chosen = np.argsort(-score, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(curve))[:, None]
    left, peak, right = before[rows, chosen], here[rows, chosen], after[rows, chosen]
    bend = np.minimum(left - 2 * peak + right, -1e-9)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)  # vertex of the parabola
    height = np.minimum(peak - 0.25 * shift * (left - right), 1.0)
    valid = score[rows, chosen] > 0
    frequency = np.where(valid, SAMPLE_RATE / (lags[chosen] + shift), 0.0)
    return frequency, np.where(valid, height, -1.0)


def _choose(candidates: _Candidates, check: Check, ceiling: float, median: float | None) -> Array:
    frequency, strength = candidates.frequency, candidates.strength
    octave = np.log2(np.where(frequency > 0, frequency, ceiling))
    cost = _OCTAVE_COST * (np.log2(ceiling) - octave) - strength
    if median is not None:
        away = np.abs(octave - np.log2(median)) - _FREE_RANGE
        cost = cost + _RANGE_COST * np.maximum(away, 0.0)
    cost = np.where(frequency > 0, cost, 9.0)
    cost = np.column_stack([cost, -_unvoiced_strength(candidates.level)])
    path = viterbi.cheapest_path(cost, _transitions(octave), check)
    padded = np.column_stack([frequency, np.zeros(len(frequency))])
    return padded[np.arange(len(path)), path]


def _unvoiced_strength(level: Array) -> Array:
    """Quiet frames are more likely unvoiced."""
    loudest = np.percentile(level, 98) + 1e-9
    return _VOICING + 0.5 * (1.0 - np.minimum(1.0, level / (0.03 * loudest)))


def _transitions(octave: Array) -> Array:
    total, width = octave.shape
    cost = np.full((max(0, total - 1), width + 1, width + 1), _SWITCH_COST)
    cost[:, width, width] = 0.0
    cost[:, :width, :width] = _JUMP_COST * np.abs(octave[:-1, :, None] - octave[1:, None, :])
    return cost


def seconds_voiced(f0: Array) -> float:
    """How long the voice is heard, in seconds."""
    return float((f0 > 0).sum()) * HOP / SAMPLE_RATE

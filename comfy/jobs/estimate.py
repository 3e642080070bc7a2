"""How long a job will take: what a server's past runs say, beginning with a guess. Pure.

seconds = load (if models had to be loaded) + start + each x size. The guess is first scaled as a
whole until it fits the runs: another GPU is faster at everything. Then each of the three numbers
may move by itself, held back by the guess: a ridge regression of relative errors, in which a run
that was far off counts less (Huber's weights), and one of long ago as well.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from comfy.workflow.pace import FIRST_GUESS, Pace

MOST_RUNS = 20  # the newest runs of a variant on a server: what is remembered
SCALE_GUESS = 0.1  # runs that the guess counts for when it is scaled,
SHAPE_GUESS = 0.05  # and how far it holds back each of its numbers
FAR = 0.15  # a relative error beyond which a run counts less
FADE = 0.95  # weight of a run for each one after it
SWEEPS, ROUNDS = 12, 3
SPREAD_GUESS = 0.2  # runs that the guess' spread counts for
LEAST_SPREAD = 0.06


class Past(NamedTuple):
    """A run that ended: so many units took so many seconds, with models that were loaded or not."""

    size: float
    seconds: float
    cold: bool


@lru_cache(maxsize=16_384)  # three kinds on some thousand servers
def learn(guess: Pace, runs: tuple[Past, ...]) -> Pace:
    """The pace that the runs show, the oldest first; the guess itself without any."""
    runs = tuple(run for run in runs if run.seconds > 0 and run.size >= 0)[-MOST_RUNS:]
    if not runs:
        return guess
    logs = [math.log(r.seconds / max(0.01, guess.seconds(r.size, cold=r.cold))) for r in runs]
    scale = math.exp(statistics.median(logs) * len(runs) / (len(runs) + SCALE_GUESS))
    scaled = replace(
        guess, load=guess.load * scale, start=guess.start * scale, each=guess.each * scale
    )
    fitted = _fit(scaled, runs)
    return replace(fitted, spread=_spread(fitted, runs))


def _fit(scaled: Pace, runs: Sequence[Past]) -> Pace:
    """Each of the three numbers times a factor, found one after the other (coordinate descent)."""
    shares = [
        (
            scaled.load / run.seconds if run.cold else 0.0,
            scaled.start / run.seconds,
            scaled.each * run.size / run.seconds,
        )
        for run in runs
    ]
    factors = [1.0, 1.0, 1.0]
    for _ in range(ROUNDS):
        errors = [1 - sum(f * s for f, s in zip(factors, share, strict=True)) for share in shares]
        weights = [
            FADE ** (len(runs) - 1 - age) * min(1.0, FAR / max(abs(error), 1e-9))
            for age, error in enumerate(errors)
        ]
        for _ in range(SWEEPS):
            for at in range(3):
                factors[at] = _best(at, factors, shares, weights)
    load, start, each = factors
    return replace(
        scaled, load=scaled.load * load, start=scaled.start * start, each=scaled.each * each
    )


def _best(
    at: int,
    factors: Sequence[float],
    shares: Sequence[tuple[float, float, float]],
    weights: Sequence[float],
) -> float:
    """The factor that fits best while the other two stay as they are; no time is negative."""
    above, below = SHAPE_GUESS, SHAPE_GUESS
    for share, weight in zip(shares, weights, strict=True):
        rest = 1 - sum(
            f * s for i, (f, s) in enumerate(zip(factors, share, strict=True)) if i != at
        )
        above += weight * share[at] * rest
        below += weight * share[at] ** 2
    return max(0.0, above / below)


def _spread(fitted: Pace, runs: Sequence[Past]) -> float:
    """How far the runs are from the fit, in its logarithm; with few runs more than that."""
    logs = [math.log(r.seconds / max(0.01, fitted.seconds(r.size, cold=r.cold))) for r in runs]
    squares = [min(log**2, FIRST_GUESS**2) for log in logs]
    mean = (SPREAD_GUESS * FIRST_GUESS**2 + sum(squares)) / (SPREAD_GUESS + len(runs))
    return max(LEAST_SPREAD, math.sqrt(mean))

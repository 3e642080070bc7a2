"""What all replicas know of a server: what it ran last, and how long its jobs took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import fmean
from typing import Any

from comfy.jobs.estimate import MOST_RUNS, Past, learn
from comfy.workflow.pace import Pace

OTHERS = 4  # newest runs of each other server that a new one is judged by


@dataclass(frozen=True)
class Known:
    """`warm`: the kind (task and variant) that it was given last, whose models are loaded;
    `runs`: by kind, the oldest first."""

    drained: bool = False
    warm: str = ""
    runs: Mapping[str, tuple[Past, ...]] = field(default_factory=dict)

    @property
    def means(self) -> dict[str, float]:
        """Seconds of a job by "warm <kind>" and "cold <kind>", for operators."""
        found: dict[str, list[float]] = {}
        for kind, runs in self.runs.items():
            for run in runs:
                found.setdefault(f"{'cold' if run.cold else 'warm'} {kind}", []).append(run.seconds)
        return {key: fmean(seconds) for key, seconds in sorted(found.items())}


def pace_at(server: str, kind: str, guess: Pace, known: Mapping[str, Known]) -> Pace:
    """As measured there, else as on the other servers, else the guess."""
    runs = known.get(server, Known()).runs.get(kind, ())
    if not runs:
        runs = tuple(run for k in known.values() for run in k.runs.get(kind, ())[-OTHERS:])
    return learn(guess, runs[-MOST_RUNS:])


@lru_cache(maxsize=8192)
def read_runs(column: str | None) -> Mapping[str, tuple[Past, ...]]:
    """From the text in the database, the same at most looks; what an older version kept there is
    left out."""
    return {
        kind: tuple(Past(float(size), float(seconds), bool(cold)) for size, seconds, cold in runs)
        for kind, runs in json.loads(column or "{}").items()
        if isinstance(runs, list)
    }


def with_run(runs: Mapping[str, Sequence[Past]], kind: str, run: Past) -> dict[str, Any]:
    """The database's column with one more run."""
    more = {**runs, kind: (*runs.get(kind, ()), run)[-MOST_RUNS:]}
    return {k: [[r.size, r.seconds, int(r.cold)] for r in past] for k, past in more.items()}

"""How long a variant takes: a first guess from its manifest, until a server has shown it."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = frozenset({"run", "megapixels", "speech", "video", "windows"})
FIRST_GUESS = 0.5  # spread of a guess from the facts: it may well be wrong by half


@dataclass(frozen=True)
class Pace:
    """Seconds of a job: `load` if the models must be loaded before, `start`, and `each` per unit.

    `unit`: "run" (each job is one), "megapixels" of the picture, "speech" in seconds, "video" in
    seconds times megapixels of a frame, "windows" of 81 frames times megapixels of a frame.
    `spread` is the standard deviation of a run's logarithm around this.
    """

    unit: str = "run"
    load: float = 0.0
    start: float = 0.0
    each: float = 30.0
    spread: float = FIRST_GUESS

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown unit, and for a pace that takes no time."""
        if self.unit not in UNITS:
            raise ValueError(f"the unit of an estimate is one of {', '.join(sorted(UNITS))}")
        if min(self.load, self.start, self.each) < 0 or self.start + self.each <= 0:
            raise ValueError("an estimate needs seconds above 0")

    def seconds(self, size: float, *, cold: bool = False) -> float:
        """For a job of so many units."""
        return (self.load if cold else 0.0) + self.start + self.each * size

    def between(self, seconds: float) -> tuple[float, float]:
        """The range that four of five runs fall into whose expected time this is."""
        factor = math.exp(1.28 * self.spread)
        return seconds / factor, seconds * factor

"""Which server a job should take: where it will be done first. Pure; see tests/bench/fleet.py.

The expected time until the job is done there: what the server has to do before, loading the
models if it ran something else last, carrying files, and the work itself at the server's measured
speed. A server that is full is worth waiting for if the job will still be done sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

PATIENT = 30.0  # seconds that the first in line waits for a better server
CLEARLY = 2.0  # seconds by which waiting must win


@dataclass(frozen=True)
class Candidate:
    """A server that can run the job. `order` is its variant's: the lowest is the best quality.

    Seconds: `ahead` until it has done what it was given, `load` to load models (0 if they are
    warm), `move` to carry the job's files there, `work` for the job. `full`: it takes no more now.
    """

    name: str
    order: int = 0
    weight: float = 1.0
    ahead: float = 0.0
    load: float = 0.0
    move: float = 0.0
    work: float = 30.0
    full: bool = False

    @property
    def done_in(self) -> float:
        """Seconds until the job would be done there; a weight of 2 counts as twice the speed."""
        return self.ahead + self.move + (self.load + self.work) / self.weight


def choose(candidates: Sequence[Candidate], *, waited: float = 0.0) -> str:
    """The server to take now; "" to wait for one that is full. `waited`: seconds so far."""
    free = [c for c in candidates if not c.full]
    if not free:
        return ""
    best = min(free, key=lambda c: (c.order, c.done_in))
    rivals = [c.done_in for c in candidates if c.full and c.order <= best.order]
    if rivals and waited < PATIENT and min(rivals) + CLEARLY < best.done_in:
        return ""
    return best.name


def in_turn(
    waiting: Sequence[tuple[str, str, int]], running: Collection[str]
) -> dict[str, tuple[int, int]]:
    """When each waiting job has its turn: (minus its priority, its number among its owner's).

    `waiting` has (job, owner, priority), oldest first; `running` the owner of each job at work.
    Everybody's first job comes before anybody's second; jobs of equal turn go by age.
    """
    numbers: dict[str, int] = {}
    for owner in running:
        numbers[owner] = numbers.get(owner, 0) + 1
    turns = {}
    for job, owner, priority in waiting:
        turns[job] = (-priority, numbers.get(owner, 0))
        numbers[owner] = numbers.get(owner, 0) + 1
    return turns

"""What a person is told before a run: how long it waits and takes, in how many parts, the risk."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from comfy.errors import StudioError
from comfy.jobs.abilities import Abilities
from comfy.jobs.choice import in_turn
from comfy.jobs.job import Job
from comfy.jobs.leases import Able, Leases, fitting, left
from comfy.jobs.line import Line
from comfy.jobs.proof import Proofs
from comfy.jobs.servers import Servers
from comfy.jobs.sizes import Facts
from comfy.jobs.speeds import Known, pace_at
from comfy.jobs.store import Store
from comfy.jobs.uploads import Uploads
from comfy.media.pauses import OVERLAP
from comfy.workflow.pace import Pace
from comfy.workflow.variant import SAFE_SECONDS

FRESH = 1.0  # seconds that one look at the line serves everybody
ME = ""  # stands for the job that is not stored yet
MUCH_SOUND = SAFE_SECONDS  # a longer one at once needs much memory
OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True)
class Step:
    """One job that is about to be asked for. `after`: the steps whose results it needs; `values`:
    what is given, as far as that chooses the variant."""

    task: str
    wish: str
    facts: Facts
    values: Mapping[str, Any]
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Told:
    """Seconds: `waiting` until it begins, then `low` to `high`, `seconds` most likely.

    `ahead` jobs come before it; the longest sound is made in `parts`. `risk`: it may end for want
    of memory. `measured`: every step was run before, here or on a server like it.
    """

    seconds: float
    low: float
    high: float
    waiting: float = 0.0
    ahead: int = 0
    parts: int = 1
    risk: bool = False
    measured: bool = False


@dataclass
class Plan:
    """When each server is free again, in seconds from now, and what it will have run last."""

    free: dict[str, float]
    warm: dict[str, str]
    seconds: list[float] = field(default_factory=list)  # of each run of ours, and
    spreads: list[float] = field(default_factory=list)  # how sure that is

    def put(self, able: Sequence[tuple[Able, Pace]], ready: float) -> tuple[float, float]:
        """Begin and end of a run where it is done first; of the best variant that there is."""
        best = min(one.order for one, _ in able)

        def takes(one: Able, pace: Pace) -> float:
            return pace.seconds(one.size, cold=self.warm.get(one.name) != one.kind)

        def end(pair: tuple[Able, Pace]) -> float:
            return max(ready, self.free.get(pair[0].name, 0.0)) + takes(*pair)

        one, pace = min((pair for pair in able if pair[0].order == best), key=end)
        ends, seconds = end((one, pace)), takes(one, pace)
        self.free[one.name], self.warm[one.name] = ends, one.kind
        self.seconds.append(seconds)
        self.spreads.append(pace.spread)
        return ends - seconds, ends

    @property
    def spread(self) -> float:
        """Of the sum: what is unsure about one run is not about another."""
        pairs = zip(self.seconds, self.spreads, strict=True)
        return math.sqrt(sum((s * spread) ** 2 for s, spread in pairs)) / max(sum(self.seconds), 1)


class Estimates:
    """Plans what somebody may ask for behind all that is in line."""

    def __init__(
        self,
        servers: Servers,
        store: Store,
        leases: Leases,
        abilities: Abilities,
        uploads: Uploads,
    ) -> None:
        self._servers, self._store, self._leases = servers, store, leases
        self._abilities, self._tasks = abilities, abilities.tasks
        self.proofs = Proofs(store, uploads)
        self._seen: tuple[float, Line, list[Job]] | None = None

    def facts(self, task: str, values: Mapping[str, object]) -> Facts:
        """What such a job would be about: see Sizes."""
        return self._abilities.sizes.facts(self._tasks[task], values)

    def of(self, steps: Sequence[Step], owner: str) -> Told | None:
        """None while no server can do it all."""
        line, failed = self._look()
        plan = Plan({s: _busy(runs) for s, runs in line.leased.items()}, {})
        plan.warm = {name: known.warm for name, known in line.known.items()}
        ahead = self._before(line, plan, owner, steps[0])
        begins: list[float] = []
        ends: list[float] = []
        parts, risk, measured = 1, False, True
        for step in steps:
            pieces = self._pieces(step, line.known)
            able = self._able(step, pieces, line.known)
            if not able:
                return None
            ready = max((ends[number] for number in step.after), default=0.0)
            times = [plan.put(able, ready) for _ in range(pieces)]
            begins.append(min(begin for begin, _ in times))
            ends.append(max(end for _, end in times))
            parts = max(parts, pieces)
            risk = risk or self._is_risky(step, able, pieces, failed)
            kinds = {one.kind for one, _ in able}
            measured = measured and any(kinds & known.runs.keys() for known in line.known.values())
        seconds, waiting = max(ends) - min(begins), min(begins)
        low, high = Pace(spread=plan.spread).between(seconds)
        return Told(seconds, low, high, waiting, ahead if waiting else 0, parts, risk, measured)

    def _look(self) -> tuple[Line, list[Job]]:
        now = time.monotonic()
        if self._seen is None or now - self._seen[0] > FRESH:
            failed = [j for j in self._store.failed(50) if j.error.get("code") == OUT_OF_MEMORY]
            self._seen = (now, self._leases.line(), failed)
        return self._seen[1], self._seen[2]

    def _before(self, line: Line, plan: Plan, owner: str, step: Step) -> int:
        """Put all that has its turn before this person's next job; how many share its servers."""
        mine = set(self._servers.able(step.task, step.wish, step.values))
        count = sum(len(runs) for server, runs in line.leased.items() if server in mine)
        rows = {str(row.id): row for row in line.waiting}
        waiting = [(i, str(row.owner), int(row.priority)) for i, row in rows.items()]
        running = [str(run.owner) for runs in line.leased.values() for run in runs]
        turns = in_turn([*waiting, (ME, owner, 0)], running)
        for job in sorted(turns, key=lambda job: turns[job]):
            if job == ME:
                break
            names = self._servers.rivals(rows[job].task, rows[job].wish, rows[job].given)
            if names:
                soonest = min(names, key=lambda name: plan.free.get(name, 0.0))
                expected = float(rows[job].expected) or Pace().seconds(1)
                plan.free[soonest] = plan.free.get(soonest, 0.0) + expected
                count += not mine.isdisjoint(names)
        return count

    def _pieces(self, step: Step, known: Mapping[str, Known]) -> int:
        """Into how many parts its sound is cut: see comfy.media.pauses."""
        drained = [name for name, one in known.items() if one.drained]
        longest = self._servers.safe_seconds(step.task, step.wish, step.values, drained)
        cut = any(item.parts for item in self._tasks[step.task].inputs)
        if not cut or not longest or step.facts.sound <= longest:
            return 1
        return math.ceil(step.facts.sound / (longest - OVERLAP))

    def _able(self, step: Step, pieces: int, known: Mapping[str, Known]) -> list[tuple[Able, Pace]]:
        facts = step.facts.cut_to(step.facts.sound / pieces)
        given = self._tasks[step.task].given(step.values)
        found: list[Able] = []
        for name in self._servers.able(step.task, step.wish, step.values):
            able = self._abilities.at(name, step.task, step.wish, given, facts)
            if able and not known.get(name, Known()).drained:
                found.append(able)
        return [(able, pace_at(able.name, able.kind, able.guess, known)) for able in fitting(found)]

    def _is_risky(
        self, step: Step, able: Sequence[tuple[Able, Pace]], pieces: int, failed: Sequence[Job]
    ) -> bool:
        """Whether its like ended for want of memory where it may go, or nobody cuts much sound."""
        places = {(one.name, one.kind): one for one, _ in able}
        for job in failed:
            one = places.get((job.server, f"{job.task}/{job.variant}"))
            try:
                if one and self.facts(job.task, job.values).units(one.guess.unit) <= one.size:
                    return True
            except (StudioError, OSError):
                continue
        windows = any(one.guess.unit == "windows" for one, _ in able)
        return windows and pieces == 1 and step.facts.sound > MUCH_SOUND


def _busy(runs: Sequence[Any]) -> float:
    """Seconds until a server has done what it was given."""
    now = time.time()
    return sum(left(run.expected, run.started, now) for run in runs)

"""What each server would be for a job: which variant it runs there, and what must be carried."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from comfy.jobs.job import Job
from comfy.jobs.leases import Able, fitting
from comfy.jobs.servers import Servers
from comfy.jobs.sizes import Facts, Sizes
from comfy.jobs.store import Store
from comfy.workflow.task import Task, first_guess

CARRY = 0.3  # seconds to carry a file from one server to another, and
BANDWIDTH = 10e6  # bytes of it per second
ROUNDED = 0.01  # seconds: no part is too long by where its cut is rounded to


class Abilities:
    """Asks the servers, and looks into the job's files."""

    def __init__(self, tasks: Mapping[str, Task], servers: Servers, store: Store) -> None:
        self.tasks, self._servers, self._store = tasks, servers, store
        self.sizes = Sizes(store, tasks)

    def of(self, job: Job, names: Sequence[str], bad: Collection[str]) -> list[Able]:
        """For the servers of these names; those in `bad`, which failed it, only if all are."""
        linked = [other for link in job.links if (other := self._store.get(link.job))]
        task = self.tasks[job.task]
        facts, given = self.sizes.facts(task, job.values), task.given(job.values)
        found = []
        for name in names:
            away = [output.path for o in linked if o.server != name for output in o.outputs[:1]]
            move = sum(CARRY + _bytes(path) / BANDWIDTH for path in away)
            if able := self.at(name, job.task, job.wish, given, facts, move):
                found.append(able)
        fit = fitting(found)
        return [one for one in fit if one.name not in bad] or fit

    def at(
        self,
        name: str,
        task: str,
        wish: str,
        given: frozenset[str],
        facts: Facts,
        move: float = 0.0,
    ) -> Able | None:
        """What this server would be for such a job; None if it cannot run it now."""
        server = self._servers.get(name)
        variant = server.variant(task, wish, given) if server else None
        if server is None or variant is None:
            return None
        guess = first_guess(self.tasks[task], variant)
        kind = f"{task}/{variant.name}"
        size = facts.units(guess.unit)
        longest = variant.safe_seconds
        fits = not longest or facts.sound <= longest + ROUNDED
        return Able(name, kind, variant.order, server.weight, move, size, guess, fits)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

"""What an operator reads of servers and jobs, on the page and in the terminal: in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from comfy.jobs.job import FAILED, FINISHED, WAITING, Job
from comfy.jobs.operator import Overview
from comfy.jobs.server import Lack, ServerState
from comfy.jobs.speeds import Known
from comfy.text import explain, named, say

MOST_NAMES = 4  # of what a server misses for a task; `python -m comfy.check` names all
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Telling:
    """Servers and jobs in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, key: str, **details: object) -> str:
        return say(key, self.language, **details)

    def task(self, name: str) -> str:
        """Its name on the page; one of an operator's own folder has no other."""
        return str(named("task", name, self.language))

    def state(self, server: ServerState, known: Known) -> str:
        there = self.say("operator.online" if server.online else "operator.offline")
        sick = [self.say("operator.sick")] if server.online and server.sick else []
        return ", ".join([there, *sick, *([self.say("operator.drained")] if known.drained else [])])

    def runs(self, server: ServerState) -> str:
        return ", ".join(self.task(name) for name in server.ready) or "-"

    def lacks(self, server: ServerState) -> Iterator[str]:
        """A line for each task that it cannot run: what its nearest variant misses there."""
        for task, lack in server.lacks.items():
            yield self.say("operator.missing", task=self.task(task), names=self._missing(lack))

    def _missing(self, lack: Lack) -> str:
        names: list[str] = []
        for problem in lack.problems:
            found = problem.details.get("nodes") or problem.details.get("models")
            names += found or [explain(problem.code, self.language, problem.details)]
        names = list(dict.fromkeys(names))
        more = f", … (+{len(names) - MOST_NAMES})" if len(names) > MOST_NAMES else ""
        variant = named("wish", lack.variant, self.language)
        return self.say(
            "operator.names", names=", ".join(names[:MOST_NAMES]) + more, variant=variant
        )

    def speeds(self, known: Known) -> Iterator[str]:
        """A line for each kind of job: its mean with loaded models, and with loading them."""
        means = known.means
        for kind in known.runs:
            task, _, variant = kind.partition("/")
            spans = {models: means.get(f"{models} {kind}") for models in ("warm", "cold")}
            told = [
                self.say(f"operator.{models}", seconds=f"{mean:.1f}")
                for models, mean in spans.items()
                if mean is not None
            ]
            what = f"{self.task(task)}, {named('wish', variant, self.language)}"
            yield self.say("operator.mean", kind=what, times=", ".join(told))

    def progress(self, job: Job) -> str:
        percent = f" {job.progress:.0%}" if job.progress and job.status != WAITING else ""
        return self.say(f"status.{job.status}") + percent

    def reason(self, job: Job) -> str:
        if not job.error:
            return ""
        return explain(str(job.error.get("code", "")), self.language, job.error.get("details", {}))

    def span(self, seconds: float) -> str:
        """Roughly: the unit that reads best."""
        for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
            if seconds >= 2 * size:
                return self.say(f"operator.{unit}", span=int(seconds / size))
        return self.say("operator.seconds", span=max(0, int(seconds)))

    def summary(self, servers: Mapping[str, ServerState], seen: Overview) -> str:
        """One line of numbers."""
        return self.say(
            "operator.summary",
            online=sum(server.online for server in servers.values()),
            servers=len(servers),
            waiting=total(seen, WAITING),
            running=total(seen) - total(seen, WAITING),
            failed=total(seen, FAILED),
        )


def total(seen: Overview, *statuses: str) -> int:
    """Jobs of these statuses; without any, all that have not ended."""
    return sum(
        count
        for (status, _), count in seen.counts.items()
        if (status in statuses if statuses else status not in FINISHED)
    )

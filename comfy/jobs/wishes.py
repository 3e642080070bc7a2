"""A person's choice of variant: which ones there are to choose from, and which one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comfy.errors import InputError
from comfy.jobs.servers import Servers
from comfy.workflow.task import Task


class Wishes:
    """What can be wished for depends on the servers, as they were seen last."""

    def __init__(self, tasks: Mapping[str, Task], servers: Servers) -> None:
        self._tasks = tasks
        self._servers = servers

    def possible(self, task: str) -> Sequence[str]:
        """The variants of a task that can be run now, the best first."""
        return self._servers.possible(task)

    def accept(self, task: str, wish: object) -> str:
        """The wish as it is stored: "" for the best that there is.

        Raises InputError for what is no variant of the task, and for one that no server can run.
        A server that is away may come back, and one that never answered may be able to: a job
        waits for those.
        """
        if wish is None or wish == "":
            return ""
        names = [variant.name for variant in self._tasks[task].variants]
        if not isinstance(wish, str) or wish not in names:
            possible = list(self._servers.possible(task)) or ["-"]
            raise InputError("variant_unknown", given=str(wish)[:80], possible=possible)
        if self._servers.known and wish not in self._servers.possible(task, now=False):
            raise InputError("variant_impossible", wish=wish)
        return wish

    def check(self, task: str, wish: str, values: Mapping[str, Any]) -> None:
        """Raise InputError if servers can do the task, but not with these accepted values."""
        if not self._servers.able(task, wish) or self._servers.able(task, wish, values):
            return
        if self._servers.able(task, "", values):
            raise InputError("variant_unfit", wish=wish)
        raise self._tasks[task].unfit(values)

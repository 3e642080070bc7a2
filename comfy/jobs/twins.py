"""Jobs that did, or are doing, exactly the same: nothing is made twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comfy.jobs.fingerprint import fingerprint
from comfy.jobs.job import COMPLETED, Job, Link
from comfy.jobs.servers import Servers
from comfy.jobs.store import Store


class Twins:
    """Tells jobs apart by their fingerprints."""

    def __init__(self, store: Store, servers: Servers) -> None:
        self._store = store
        self._servers = servers

    def fingerprint(
        self, task: str, values: Mapping[str, Any], parts: Sequence[Link] = (), wish: str = ""
    ) -> str:
        """ "" while no server can do the task: then nobody knows which variant will."""
        variant = self._servers.variant(task, wish, values)
        if variant is None:
            return ""
        links = [*parts, *(value for value in values.values() if isinstance(value, Link))]
        linked = [self._store.get(link.job) for link in links]
        known = {job.id: job.fingerprint for job in linked if job}
        return fingerprint(task, variant, values, known, parts)

    def find(self, known: str, owner: str, wish: str = "") -> Job | None:
        """The person's job with this fingerprint whose result is there, or still to come."""
        twin = self._store.twin(known, owner, wish) if known else None
        return twin if twin and self._is_usable(twin) else None

    def _is_usable(self, job: Job) -> bool:
        """A finished twin may have lost its files to a clean-up."""
        paths = [output.path for output in job.outputs]
        return job.status != COMPLETED or all(map(self._store.files.has, paths))

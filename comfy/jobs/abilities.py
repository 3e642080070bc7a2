"""What each server would be for a job: which variant it runs there, and what must be carried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from comfy.jobs.job import Job
from comfy.jobs.leases import Able
from comfy.jobs.servers import Servers
from comfy.jobs.store import Store

CARRY = 0.3  # seconds to carry a file from one server to another, and
BANDWIDTH = 10e6  # bytes of it per second


def abilities(
    job: Job,
    given: frozenset[str],
    names: Sequence[str],
    bad: Collection[str],
    servers: Servers,
    store: Store,
) -> list[Able]:
    """For the servers of these names; those in `bad`, which failed the job, only if all are."""
    good = [name for name in names if name not in bad] or names
    linked = [other for link in job.links if (other := store.get(link.job))]
    found = []
    for name in good:
        server = servers.get(name)
        if server and (variant := server.variant(job.task, job.wish, given)):
            away = [output.path for o in linked if o.server != name for output in o.outputs[:1]]
            move = sum(CARRY + _size(path) / BANDWIDTH for path in away)
            kind = f"{job.task}/{variant.name}"
            found.append(Able(name, kind, variant.order, server.weight, move))
    return found


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

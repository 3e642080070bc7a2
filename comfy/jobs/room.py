"""Whether there is room for more files: on the disk, for one person, and for all together."""

from __future__ import annotations

import shutil

from comfy.errors import InputError
from comfy.jobs.store import Store
from comfy.settings import Settings

MEGABYTE = 1_000_000


class Room:
    """Looks before anything is taken. What already runs still gets its results kept.

    Files are counted by their names, which are hashes of what is in them or ids of jobs: one that
    was given to many jobs counts once, for each person and in total.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._free = settings.min_free_mb * MEGABYTE
        self._each = settings.person_mb * MEGABYTE
        self._all = settings.total_mb * MEGABYTE

    def check(self, owner: str) -> None:
        """Raise InputError disk_low, total_full, person_full."""
        if shutil.disk_usage(self._store.folder).free < self._free:
            raise InputError("disk_low")
        sizes = self._store.files.sizes()
        used = sum(sizes.values())
        if self._all and used >= self._all:
            raise InputError("total_full", **_megabytes(used, self._all))
        mine = self._store.names_of(owner) if self._each else ()
        used = sum(sizes.get(name, 0) for name in mine)
        if self._each and used >= self._each:
            raise InputError("person_full", **_megabytes(used, self._each))


def _megabytes(used: int, limit: int) -> dict[str, int]:
    return {"size": used // MEGABYTE, "limit": limit // MEGABYTE}

"""Whether there is room for more files: on the disk, for one person, and for all together."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping

from comfy.errors import InputError
from comfy.jobs.store import Store
from comfy.settings import Settings

MEGABYTE = 1_000_000
NEARLY, EASY = 0.9, 10.0  # below this share of the limit nobody looks again for so many seconds
MOST_EASY = 10_000


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
        self._easy: dict[str, float] = {}  # who is far from the limit, and until when

    def check(self, owner: str) -> None:
        """Raise InputError disk_low, total_full, person_full."""
        if shutil.disk_usage(self._store.folder).free < self._free:
            raise InputError("disk_low")
        sizes = self._store.files.sizes()
        used = sum(sizes.values())
        if self._all and used >= self._all:
            raise InputError("total_full", **_megabytes(used, self._all))
        if self._each and used >= self._each and self._easy.get(owner, 0.0) < time.monotonic():
            self._check_one(owner, sizes)

    def _check_one(self, owner: str, sizes: Mapping[str, int]) -> None:
        """All jobs of a person are looked through: 60 ms for 5,000 of them."""
        used = sum(sizes.get(name, 0) for name in self._store.names_of(owner))
        if used >= self._each:
            raise InputError("person_full", **_megabytes(used, self._each))
        if used < NEARLY * self._each:
            if len(self._easy) > MOST_EASY:
                self._easy.clear()
            self._easy[owner] = time.monotonic() + EASY


def _megabytes(used: int, limit: int) -> dict[str, int]:
    return {"size": used // MEGABYTE, "limit": limit // MEGABYTE}

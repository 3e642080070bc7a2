"""On what ground a voice or a face may be used: asked once for each file, kept with the job.

Grounds: "given" (the person said so), "example" (ours, in assets/), "own_result" (made here from
files with a ground), "caller" (no page in between: whoever wrote the program answers for it).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from comfy.errors import InputError
from comfy.jobs.job import COMPLETED, Job, Link
from comfy.jobs.store import Store
from comfy.jobs.tables import CONSENTS
from comfy.media.files import content_name
from comfy.workflow.inputs import FILE_KINDS
from comfy.workflow.task import Task

ASSETS = Path(__file__).parent.parent.parent / "assets"
RECENT = 50  # of a person's results that a file may be one of


class Consents:
    """What each person said about each file, known by the hash of what is in it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def grounds(
        self,
        task: Task,
        values: Mapping[str, Any],
        owner: str,
        given: bool | None,
        *,
        every: bool = False,
    ) -> dict[str, str]:
        """The ground for each file of a job. Raises InputError consent_missing.

        `given` is what the person said with this request, None where nobody was asked. Files that
        the manifest does not ask about may have no ground, except with `every`.
        """
        found = {}
        for item in task.inputs:
            value = values.get(item.name)
            if value is None or item.kind not in FILE_KINDS:
                continue
            if ground := self._ground(value, owner, given):
                found[item.name] = ground
            elif item.consent or every:
                raise InputError("consent_missing", input=item.name)
        return found

    def remember(self, grounds: Mapping[str, str], owner: str, *files: Mapping[str, Any]) -> None:
        """Keep what was said: of each file as it came, and of our copy of it."""
        for name, ground in grounds.items():
            paths = {value for values in files if isinstance(value := values.get(name), str | Path)}
            for path in paths if ground in ("given", "example") else ():
                self._keep(owner, _digest(Path(path)), ground)

    def extend(self, owner: str, whole: Path, piece: Path) -> None:
        """What is known of a file holds for a piece of it."""
        if ground := self._ground(whole, owner, False):
            self._keep(owner, _digest(piece), ground)

    def _ground(self, value: Any, owner: str, given: bool | None) -> str:
        if given is None:
            return "caller"
        if isinstance(value, Link) and not value.job:
            return "own_result"  # of a step that is not begun yet, and asked about before
        if isinstance(value, Link):
            linked = self._store.get(value.job)
            covered = linked is not None and self._is_covered(linked)
            return "own_result" if covered else "given" if given else ""
        digest = _digest(Path(value))
        if digest in _examples():
            return "example"
        if known := self._known(owner, digest):
            return known
        if given:
            return "given"
        return "own_result" if self._is_own_result(Path(value), digest, owner) else ""

    def _is_covered(self, job: Job) -> bool:
        """Whether there was a ground for each file that a result was made from."""
        files = {name for name, value in job.values.items() if isinstance(value, Path | Link)}
        return files <= set(job.consent)

    def _is_own_result(self, path: Path, digest: str, owner: str) -> bool:
        size = path.stat().st_size
        for job in self._store.recent(owner, RECENT):
            if job.status == COMPLETED and self._is_covered(job):
                for output in job.outputs:
                    same = output.path.exists() and output.path.stat().st_size == size
                    if same and _digest(output.path) == digest:
                        return True
        return False

    def _known(self, owner: str, digest: str) -> str:
        query = sa.select(CONSENTS.c.ground).where(
            CONSENTS.c.owner == owner, CONSENTS.c.file == digest
        )
        return str(self._store.database.read(lambda c: c.execute(query).scalar()) or "")

    def _keep(self, owner: str, digest: str, ground: str) -> None:
        if self._known(owner, digest):
            return
        row = {"owner": owner, "file": digest, "ground": ground, "at": time.time()}
        with self._store.transaction() as connection:
            mine = (CONSENTS.c.owner == owner) & (CONSENTS.c.file == digest)
            connection.execute(sa.delete(CONSENTS).where(mine))
            connection.execute(sa.insert(CONSENTS).values(row))


def _digest(path: Path) -> str:
    try:
        return content_name(path, "", "")
    except OSError as error:
        raise InputError("file_unusable") from error


@cache
def _examples() -> frozenset[str]:
    return frozenset(_digest(path) for path in ASSETS.iterdir() if path.is_file())

"""Many chains at once: a job whose rows are fed to the line as there is room, and then zipped."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from comfy.errors import InputError, StudioError
from comfy.jobs.endings import Endings
from comfy.jobs.guests import VIDEO
from comfy.jobs.intake import Accepted, Intake
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, IN_PROGRESS, Job, Link, Output
from comfy.jobs.pipeline import split
from comfy.jobs.store import BATCH, Store
from comfy.media.files import written_whole

ROWS, CONSENT, WISHES = "rows", "consent", "wishes"  # of its values; the last two if there are
MOST_ROWS = 100
FULL = ("too_many_jobs", "disk_low", "total_full", "person_full")  # no errors of the row: it waits
UNSAFE = re.compile(r"[^\w.-]+")

Row = dict[str, Any]
"""`name`, `values` of a chain, then `jobs` (ids, the video last) or `error` {code, details}."""


class Batches:
    """Feeds and finishes the rows of a batch. Each row is a chain like any other."""

    def __init__(self, store: Store, intake: Intake) -> None:
        self._store, self._intake, self._endings = store, intake, Endings(store)

    def submit(
        self,
        rows: Sequence[Row],
        *,
        owner: str,
        origin: str = "",
        consent: bool | None = None,
        wishes: Mapping[str, object] = {},
    ) -> Job:
        """Many chains as one job; a row that cannot be used says why, and stops no other.

        `wishes` are by task. Raises InputError where nobody is allowed more jobs, or none of the
        rows can be used.
        """
        checked = [self._accept(row, owner, consent, wishes) for row in rows]
        if all(row.get("error") for row in checked):
            first: Row = checked[0]["error"] if checked else {"code": "batch_empty"}
            raise InputError(str(first["code"]), **first.get("details", {}))
        said = {CONSENT: consent, WISHES: {task: wish for task, wish in wishes.items() if wish}}
        said = {name: value for name, value in said.items() if value not in (None, {})}
        return self._intake.add(BATCH, Accepted({ROWS: checked, **said}), owner, origin)

    def retry(self, job_id: str, *, owner: str, origin: str = "") -> Job | None:
        """A new batch in which only what failed runs again. None if there is nothing like that."""
        batch = self._store.get(job_id)
        if batch is None or batch.task != BATCH or batch.owner != owner or not batch.finished:
            return None
        old: list[Row] = list(batch.values[ROWS])
        rows = [{k: v for k, v in r.items() if k != "jobs"} if self.failed(r) else r for r in old]
        if rows == old:
            return None
        return self._intake.add(BATCH, Accepted({**batch.values, ROWS: rows}), owner, origin)

    def newest(self, owner: str) -> Job | None:
        return self._store.newest(owner, BATCH)

    def failed(self, row: Row) -> bool:
        """Whether a row began, and did not come to its end."""
        jobs = row.get("jobs") or ()
        chain = self.chain(row)
        return len(chain) < len(jobs) or any(job.status in (FAILED, CANCELLED) for job in chain)

    def _accept(
        self, row: Row, owner: str, consent: bool | None, wishes: Mapping[str, object]
    ) -> Row:
        """A row with its files copied and checked, or with what is wrong with it."""
        if row.get("error"):
            return {**row, "values": {}}
        try:
            values: dict[str, Any] = {}
            for task, given in split(row["values"]).items():
                chained = task != VIDEO
                asked = consent if chained else None
                wish = wishes.get(task)
                accepted = self._intake.accept(task, given, owner, asked, wish, chained=chained)
                values = {**accepted.values, **values}  # the last has links, the first had files
        except StudioError as error:
            return {**row, "values": {}, "error": trouble(error)}
        return {**row, "values": {k: v for k, v in values.items() if k in row["values"]}}

    def feed(self, batch: Job) -> bool:
        """Start what there is room for, and write down how far all are. True when all ended.

        After a crash between a start and its record the same chain is found again as a twin.
        """
        rows: list[Row] = [dict(row) for row in batch.values[ROWS]]
        for row in rows:
            if row.get("jobs") or row.get("error"):
                continue
            try:
                said = batch.values.get(CONSENT)
                wishes = batch.values.get(WISHES, {})
                jobs = self._intake.add_chain(
                    row["values"], batch.owner, batch.origin, said, wishes, asked=False
                )
                row["jobs"] = [job.id for job in jobs]
                if not self._store.update(batch.id, **self._begun(batch, rows)):  # it was stopped
                    for job in reversed(jobs):  # nobody wants them but a batch that was stopped
                        self._endings.drop(job.id)
                    return False
            except StudioError as error:
                if error.code in FULL:
                    break
                row["error"] = trouble(error)
        chains = [self.chain(row) for row in rows]
        done = [
            all(j.finished for j in c) if c else bool(r.get("error"))
            for r, c in zip(rows, chains, strict=True)
        ]
        changes: dict[str, Any] = {
            "status": IN_PROGRESS,
            "phase": "parts",
            "place": done.count(False),
            "progress": round(sum(map(progress, chains)) / max(1, len(rows)), 2),
        }
        if rows != list(batch.values[ROWS]):
            changes |= self._begun(batch, rows)
        self._store.show(batch, **changes)
        return all(done)

    def _begun(self, batch: Job, rows: Sequence[Row]) -> dict[str, Any]:
        """What has begun, as the batch keeps it."""
        chains = (self.chain(row) for row in rows)
        parts = [Link(chain[-1].id) for chain in chains if chain]
        return {"values": {**batch.values, ROWS: rows}, "parts": parts}

    def chain(self, row: Mapping[str, Any]) -> list[Job]:
        """The jobs of a row that has begun."""
        return [job for job_id in row.get("jobs") or () if (job := self._store.get(job_id))]

    def join(self, batch: Job) -> None:
        """Zip all videos that there are, named after their rows. Raises InputError, OSError."""
        made = [
            (number, row["name"], chain[-1].outputs[0].path)
            for number, row in enumerate(batch.values[ROWS], 1)
            if (chain := self.chain(row)) and chain[-1].status == COMPLETED
        ]
        if not made:
            raise InputError("batch_failed")
        target = self._store.folder / "outputs" / batch.id / f"batch-{batch.id[:8]}.zip"
        with written_whole(target) as part, zipfile.ZipFile(part, "w") as archive:
            for number, name, path in made:
                safe = UNSAFE.sub("-", name).strip("-.")[:60]
                archive.write(self._store.files.local(path), f"{number:02}-{safe}{path.suffix}")
        self._store.files.keep(target)
        done: dict[str, Any] = {
            "phase": "",
            "progress": 1.0,
            "place": 0,
            "outputs": [Output(target, "zip")],
        }
        self._store.update(batch.id, status=COMPLETED, **done)


def trouble(error: StudioError) -> dict[str, Any]:
    """What is wrong with a row, as plain data."""
    return {"code": error.code, "details": dict(error.details)}


def progress(chain: Sequence[Job]) -> float:
    """Of one row, 0..1."""
    return sum(1.0 if j.finished else j.progress for j in chain) / len(chain) if chain else 0.0

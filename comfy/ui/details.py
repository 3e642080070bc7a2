"""What stands under a result: what was asked, who made it, what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.studio import Studio
from comfy.text import LANGUAGES, has, named, say
from comfy.ui.language import Both, both, either
from comfy.ui.parts import clickable
from comfy.workflow.inputs import FILE_KINDS, NUMBER_KINDS, Input

EVENTS = ("again", "open", "erase")
LONGEST = 160  # characters of a text that are shown
RECENT = 50  # jobs among which uses of a result are looked for
MOST_USES = 5  # that are shown


def create_details(name: str) -> Any:
    """Empty until there is a result. Events: `again`, `open` (id), `erase` (id)."""
    return clickable("details", None, EVENTS, elem_id=f"details-{name}")


def details_value(
    studio: Studio, jobs: Sequence[Job], tab: str, viewer: str
) -> dict[str, Any] | None:
    """The details of a finished run; None while there is no result at all."""
    if not any(job.status == COMPLETED for job in jobs) or not all(job.finished for job in jobs):
        return None
    last = jobs[-1]
    return {
        "job": last.id,
        "tab": tab,
        "title": both("details.title"),
        "rows": [*_asked(studio, jobs), *_made(jobs)],
        "sources": _sources(studio, jobs),
        "uses": _uses(studio, jobs, viewer),
        "words": {
            word: both(f"act.{word}") for word in ("again", "change", "link", "copied", "delete")
        }
        | {"sure": both("act.sure")}
        | {word: both(f"details.{word}") for word in ("from", "into")},
    }


def _asked(studio: Studio, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Texts and choices as they were given, each once."""
    rows: dict[str, dict[str, Any]] = {}
    for job in jobs:
        for item in studio.tasks[job.task].inputs:
            value = job.values.get(item.name)
            if item.kind in FILE_KINDS or item.name in rows or _unsaid(item, value):
                continue
            full = either(f"input.{item.name}", "input.any")
            label = both(either(f"details.{item.name}", full))
            rows[item.name] = {"label": label, "value": _said(item, value)}
    return list(rows.values())


def _unsaid(item: Input, value: Any) -> bool:
    return value in (None, "") or (item.kind in NUMBER_KINDS and value == item.default)


def _said(item: Input, value: Any) -> Both:
    key = f"choice.{value}"
    if item.kind == "choice" and has(key):
        return both(key)
    if item.kind == "boolean":
        return both("choice.yes" if value else "choice.no")
    text = str(value)
    shortened = text if len(text) <= LONGEST else text[:LONGEST].rstrip() + "…"
    return dict.fromkeys(LANGUAGES, shortened)


def _made(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Which variant on which kind of server made it, and how long that took."""
    return [
        {
            "label": both(f"result.{job.task}" if len(jobs) > 1 else "details.made"),
            "value": {language: _maker(job, language) for language in LANGUAGES},
        }
        for job in jobs
        if job.status == COMPLETED
    ]


def _maker(job: Job, language: str) -> str:
    return say(
        "details.preview" if job.quality == "preview" else "details.server",
        language,
        variant=named("wish", job.variant, language),
        seconds=f"{max(0.0, job.ended - (job.started or job.created)):.1f}",
    )


def _sources(studio: Studio, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The jobs whose results were used, to be opened."""
    shown = {job.id for job in jobs}
    linked = [studio.job(link.job) for job in jobs for link in job.inputs if link.job not in shown]
    return [_openable(job) for job in linked if job]


def _uses(studio: Studio, jobs: Sequence[Job], viewer: str) -> list[dict[str, Any]]:
    """The viewer's newest jobs that were made from these results, to be opened.

    Whoever was given the link of a result was not given what its owner made of it.
    """
    shown = {job.id for job in jobs}
    recent = studio.recent(viewer, RECENT)
    made = [job for job in recent if job.id not in shown and job.status == COMPLETED]
    return [_openable(job) for job in made if shown & {link.job for link in job.inputs}][:MOST_USES]


def _openable(job: Job) -> dict[str, Any]:
    return {"id": job.id, "title": both(f"task.{job.task}")}

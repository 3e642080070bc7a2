"""What the progress card shows of a run: plain data, drawn by assets/page.js in the browser."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comfy.errors import StudioError
from comfy.jobs.job import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    PENDING,
    WAITING,
    Job,
)
from comfy.jobs.mending import NOT_PASTED, PASTED
from comfy.media.bounded import thumbnail
from comfy.text import LANGUAGES, has, named, say
from comfy.ui.language import Both, both, either, error_both, error_of

Card = dict[str, Any]

STEPS = ("line", "upload", "run", "download")  # the steps of one job, in their order
STEP_OF_PHASE = {
    "upload": 1,
    "queue": 2,
    "run": 2,
    "download": 3,
    "parts": 2,
    "join": 3,
}  # any other phase: in line
PREVIEW_PIXELS = 512
WORST_FIRST = (FAILED, CANCELLED, IN_PROGRESS, PENDING, WAITING)


def idle_card(name: str, kinds: Sequence[str]) -> Card:
    """The card before anything runs: what will appear here.

    `name` is the tab's; `kinds` are those of its results: "image", "audio", "video".
    """
    return {
        "state": "idle",
        "drawing": kinds[0] if len(kinds) == 1 else "chain",
        "title": both("status.idle"),
        "detail": both(either(f"empty.{name}", "empty.any")),
    }


def refused_card(error: StudioError, tick: str = "") -> Card:
    """The card for a run that never started; `tick` is the page's id for the consent."""
    asks = error.code == "consent_missing"
    card: Card = {
        "state": FAILED,
        "title": both("status.asks" if asks else "status.failed"),
        "detail": error_both(error.code, error.details),
    }
    return card | {"at": tick, "mark": both("add.consent")} if asks and tick else card


def run_card(jobs: Sequence[Job], *, follow: bool = False) -> Card:
    """The card of one job, or of the jobs of a chain.

    `follow` asks the browser to start the watching event; `shown` is then the number of results
    the page has, so that the watcher ends as soon as there is one more.
    """
    status = overall(jobs)
    running = not all(job.finished for job in jobs)
    card: Card = {
        "job": jobs[-1].id,
        "state": status,
        "title": both(f"status.{status}"),
        "detail": _detail(jobs, status),
        "steps": _steps(jobs),
        "percent": 100 if status == COMPLETED else int(100 * _fraction(jobs)),
        "seconds": round(_seconds(jobs, running), 1),
        "running": running,
        "shown": sum(job.status == COMPLETED for job in jobs),
    }
    if running:
        card["preview"] = _preview(jobs)
        card["note"] = both("page.leave")
        card["follow"] = time.time() if follow else 0
    elif status == COMPLETED:
        card |= _maker(jobs)
    return card


def _maker(jobs: Sequence[Job]) -> Card:
    """Who made the result: the preview engine, or a model with a name."""
    if any(job.quality == "preview" for job in jobs):
        return {"badge": both("page.preview_quality"), "quality": "preview"}
    key = f"variant.{jobs[-1].variant}"
    return {"badge": both(key), "quality": "full"} if has(key) else {}


def overall(jobs: Sequence[Job]) -> str:
    """One status for several jobs: what went wrong first, then what goes on."""
    found = {job.status for job in jobs}
    return next((status for status in WORST_FIRST if status in found), COMPLETED)


def _detail(jobs: Sequence[Job], status: str) -> Both | None:
    """The line under the title: what is wrong, the place in line, or the time left."""
    job = next(job for job in jobs if job.status == status)
    if status == FAILED:
        return _failure(job)
    if status in (WAITING, PENDING) and (why := _waiting(job)):
        return why
    if status == COMPLETED:
        return _told(jobs)
    if job.parts and job.place and not job.finished:
        return both("page.parts_left", left=job.place, count=len(job.parts))
    left = _seconds_left(jobs) if status != CANCELLED else 0.0
    return both("page.time_left", time=_clock(left)) if left else None


def _told(jobs: Sequence[Job]) -> Both | None:
    """What could not be done though the job is, or what was done to the result."""
    lines = [line for job in jobs for line in job.notes]
    undone = [line.removeprefix("not_done:") for line in lines if line.startswith("not_done:")]
    if undone:
        return both("page.not_done", what="; ".join(undone))
    if "nothing_found" in lines:
        return both("page.nothing_found")
    return _mended(lines)


def _mended(lines: Sequence[str]) -> Both | None:
    """Whether everything but the edited area is the person's own picture."""
    told = [line.partition(":") for line in lines]
    percent = next((about for code, _, about in told if code == PASTED), "")
    if percent:
        return both("page.pasted", percent=percent)
    reason = next((about for code, _, about in told if code == NOT_PASTED), "")
    return both(f"not_pasted.{reason}") if reason else None


def _failure(job: Job) -> Both:
    told = error_of(job)
    number = both("page.job_number", number=job.id[:8])
    return {language: told[language] + number[language] for language in told}


def _waiting(job: Job) -> Both | None:
    """Why it does not run yet: a server that is away, or others before it."""
    if job.error:
        return error_both(str(job.error.get("code", "")), job.error.get("details") or {})
    if job.phase == "server":
        key = "page.no_wished" if job.wish else "page.no_server"
        return {to: say(key, to, wish=named("wish", job.wish, to)) for to in LANGUAGES}
    return both("page.place", place=job.place) if job.place else None


def _steps(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    if len(jobs) > 1:
        return [{"label": both(f"task.{job.task}"), "state": _step_state(job)} for job in jobs]
    (job,) = jobs
    current = len(STEPS) if job.status == COMPLETED else STEP_OF_PHASE.get(job.phase, 0)
    states = ["done"] * current + [_step_state(job)] + ["todo"] * len(STEPS)
    return [
        {"label": both(f"phase.{step}"), "state": state}
        for step, state in zip(STEPS, states, strict=False)
    ]


def _step_state(job: Job) -> str:
    if job.status == COMPLETED:
        return "done"
    if job.status in (FAILED, CANCELLED):
        return "stopped"
    return "todo" if job.status == WAITING and job.inputs else "now"


def _fraction(jobs: Sequence[Job]) -> float:
    return sum(1.0 if job.status == COMPLETED else job.progress for job in jobs) / len(jobs)


def _seconds(jobs: Sequence[Job], running: bool) -> float:
    """How long the run takes or took; a step that had been done before takes no time."""
    end = time.time() if running else max(job.ended for job in jobs)
    return max(0.0, end - jobs[-1].created)


def _seconds_left(jobs: Sequence[Job]) -> float:
    """Until the last one is done: each begins after those it is made of, and after those of this
    run that have its server. 0 while that cannot be told of one of them, and at the very end."""
    ends: dict[str, float] = {}  # job -> seconds from now
    busy: dict[str, float] = {}  # server -> the same
    for job in jobs:  # in this order: upstream first
        takes = _takes(job, sum(o.server == job.server and not o.finished for o in jobs) - 1)
        if takes is None:
            return 0.0
        before = [ends.get(link.job, 0.0) for link in job.inputs]
        ends[job.id] = takes + max([busy.get(job.server, 0.0), *before])
        if job.server:
            busy[job.server] = ends[job.id]
    left = max(ends.values())
    return left if left >= 3 else 0.0


def _takes(job: Job, beside: int) -> float | None:
    """Seconds that a job will still run: what was told before, and more and more the pace so far;
    None where both are worthless, or others come first. `beside` jobs of its run have its server.
    """
    if job.finished:
        return 0.0
    if job.status != IN_PROGRESS:
        waits = job.phase in ("line", "server") or job.place > beside
        return None if waits else job.expected or None
    if job.progress > 0.97:
        return 0.0
    used = time.time() - job.started if job.started else 0.0
    paced = used / job.progress - used if job.progress >= 0.15 else 0.0
    told = max(0.0, job.expected - used)
    both_known = told * (1 - job.progress) + paced * job.progress
    return (both_known if told and paced else told or paced) or None


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _preview(jobs: Sequence[Job]) -> str:
    paths = [job.preview for job in jobs if job.preview and job.status == IN_PROGRESS]
    return picture_data(paths[-1], PREVIEW_PIXELS) if paths else ""


def picture_data(path: Path, pixels: int) -> str:
    """A small copy of a picture of ours as a data URI; "" if it is gone or cannot be read."""
    small = thumbnail(path, pixels)
    return "data:image/jpeg;base64," + base64.b64encode(small).decode() if small else ""

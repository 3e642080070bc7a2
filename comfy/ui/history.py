"""The strip of recent results at the foot of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from comfy.jobs.job import COMPLETED, Job, Link
from comfy.jobs.studio import Studio
from comfy.ui.job_view import picture_data
from comfy.ui.language import both
from comfy.ui.parts import clickable
from comfy.ui.recipe import LAST, PIPELINE

SHOWN = 12
EVENTS = ("open", "again", "erase")
THUMBNAIL_PIXELS = 120


def create_history() -> Any:
    return clickable("history", {"items": []}, EVENTS, elem_id="history")


def history_value(studio: Studio, owner: str) -> dict[str, Any]:
    """The newest jobs of this person that run or have a result, with a small picture each."""
    jobs = [job for job in studio.recent(owner) if not job.finished or job.status == COMPLETED]
    items = [_item(studio, job) for job in jobs[:SHOWN]]
    words = {"again": both("act.again"), "delete": both("act.delete"), "sure": both("act.really")}
    return {"title": both("page.recent"), "items": items, "words": words}


def _item(studio: Studio, job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "tab": home(studio, job),
        "kind": studio.tasks[job.task].output,
        "running": not job.finished,
        "title": both(f"task.{job.task}"),
        "picture": _picture(studio, job),
        "text": str(job.values.get("text") or "")[:60],
        "time": job.ended or job.created,
    }


def home(studio: Studio, job: Job) -> str:
    """The tab in which a job is shown: its task's, or the chain's for what came out of it."""
    return PIPELINE if job.inputs and _is_chain(studio, job) else job.task


def _is_chain(studio: Studio, job: Job) -> bool:
    return job.task == LAST and all(studio.job(link.job) for link in job.inputs)


def _picture(studio: Studio, job: Job) -> str:
    """A picture that stands for the result: itself, or for a video the one it was made of."""
    if job.outputs and job.outputs[0].kind == "image":
        return _thumbnail(job.outputs[0].path)
    return _first_picture(studio, job.values, [item.name for item in _images(studio, job)])


def _images(studio: Studio, job: Job) -> list[Any]:
    return [item for item in studio.tasks[job.task].inputs if item.kind in ("image", "video")]


def _first_picture(studio: Studio, values: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        value = values.get(name)
        if isinstance(value, Link):
            upstream = studio.job(value.job)
            return _picture(studio, upstream) if upstream else ""
        if value:
            return _thumbnail(Path(value))
    return ""


@lru_cache(maxsize=1000)
def _thumbnail(path: Path) -> str:
    """Inputs and results never change, and a large picture takes a while to read."""
    return picture_data(path, THUMBNAIL_PIXELS)

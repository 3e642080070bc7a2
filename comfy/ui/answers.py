"""What the named endpoints answer with: files, jobs in plain words, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from comfy.errors import StudioError
from comfy.jobs.job import Job
from comfy.text import explain
from comfy.ui.language import language_of
from comfy.ui.verdict import verdict_value

JobState = dict[str, Any]


def refusal_of(error: StudioError, request: gr.Request) -> Exception:
    told = explain(error.code, language_of(request), error.details)
    refusal: Exception = gr.Error(told, print_exception=False)
    return refusal


def file_data(path: Path) -> dict[str, Any]:
    """A file in the shape that Gradio's clients download by themselves."""
    return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


def state_of(jobs: Sequence[Job], language: str) -> JobState:
    """The last job in plain words; with several jobs, each of them under `steps`."""
    job = jobs[-1]
    state: JobState = {
        "id": job.id,
        "task": job.task,
        "status": job.status,
        "phase": job.phase,
        "progress": round(job.progress, 3),
        "place": job.place,
        "variant": job.variant,
        "quality": job.quality,
        "error": _error(job, language),
        "verdict": [line[language] for line in verdict_value([job.changed(notes=())])],
    }
    if len(jobs) > 1:
        state["steps"] = [state_of([step], language) for step in jobs]
    return state


def _error(job: Job, language: str) -> str:
    if not job.error:
        return ""
    details = {**(job.error.get("details") or {}), "job": job.id}
    return explain(str(job.error.get("code", "")), language, details)

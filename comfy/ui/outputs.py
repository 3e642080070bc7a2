"""How a result is shown: a slider to compare pictures, a waveform for sound, a player for video."""

from __future__ import annotations

from typing import Any

import gradio as gr

from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.ui.language import label
from comfy.ui.results import input_file, raw_file, result_file
from comfy.ui.widgets import WAVEFORM
from comfy.workflow.task import Task

HEIGHT = 440  # pixels of the big result; assets/style.css makes it smaller on phones


def create_output(task: Task, tab: str, alone: bool) -> Any:
    """The component for a task's result, hidden until there is one.

    `alone`: it is the only result of its tab; in the chain there are three.
    """
    common: dict[str, Any] = {
        "label": label(f"result.{task.name}", "result.any"),
        "interactive": False,
        "visible": False,
        "elem_id": f"result-{tab}" if alone else f"result-{tab}-{task.name}",
        "elem_classes": f"result result-{task.output}",
    }
    if task.output == "audio":
        buttons = [] if alone else ["download"]
        return gr.Audio(type="filepath", buttons=buttons, waveform_options=WAVEFORM, **common)
    if task.output == "video":
        return gr.Video(height=HEIGHT if alone else None, buttons=[], **common)
    if alone and compares(task):
        common["label"] = label("result.compare")
        return gr.ImageSlider(type="filepath", max_height=HEIGHT, buttons=["fullscreen"], **common)
    return gr.Image(type="filepath", buttons=["fullscreen", "download"], **common)


def output_value(studio: Studio, job: Job, language: str, *, alone: bool, raw: bool = False) -> Any:
    """The update for a job's output component: its result, or hidden while there is none.

    `raw`: the model's own picture, not the one that was mended.
    """
    path = raw_file(job) if raw else result_file(job, language)
    if path is None:
        return gr.update(value=None, visible=False)
    task = studio.tasks[job.task]
    if alone and compares(task):
        before = input_file(studio, job, _picture_input(task)) or path
        return gr.update(value=(str(before), str(path)), visible=True)
    return gr.update(value=str(path), visible=True)


def compares(task: Task) -> bool:
    """Whether the result is a changed picture, so that before and after can be compared."""
    return task.output == "image" and _picture_input(task) != ""


def _picture_input(task: Task) -> str:
    return next((item.name for item in task.inputs if item.kind == "image"), "")

"""What a tab is about: one task, or the chain of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.workflow.inputs import Input
from comfy.workflow.task import Task

PIPELINE = "pipeline"
PIPELINE_INPUTS = ("image", "reference_audio", "text")
PIPELINE_OPTIONS = ("instruction", "emotion", "prompt", "size", "seed")


@dataclass(frozen=True)
class Recipe:
    """`tasks` run in this order, one job each; `submit(values, owner)` stores those jobs."""

    name: str
    inputs: tuple[Input, ...]
    tasks: tuple[Task, ...]
    submit: Callable[[Mapping[str, Any], str], tuple[Job, ...]]


def task_recipe(studio: Studio, task: Task) -> Recipe:
    """A tab for one task."""

    def submit(values: Mapping[str, Any], owner: str) -> tuple[Job, ...]:
        return (studio.submit(task.name, values, owner=owner),)

    return Recipe(task.name, task.inputs, (task,), submit)


def pipeline_recipe(studio: Studio) -> Recipe:
    """The tab of the chain: what its first steps need, everything else under "more settings"."""
    inputs = {item.name: item for task in studio.tasks.values() for item in reversed(task.inputs)}
    needed = [inputs[name] for name in PIPELINE_INPUTS]
    options = [replace(inputs[name], advanced=True) for name in PIPELINE_OPTIONS if name in inputs]

    def submit(values: Mapping[str, Any], owner: str) -> tuple[Job, ...]:
        return studio.submit_pipeline(values, owner=owner)

    return Recipe(PIPELINE, (*needed, *options), tuple(studio.tasks.values()), submit)


def recipes(studio: Studio) -> list[Recipe]:
    """All tabs, in order. A task whose manifest is broken has no tab."""
    usable = [task for task in studio.tasks.values() if task.output]
    found = [task_recipe(studio, task) for task in usable]
    if {"image_cleanup", "voice_clone", "talking_head"} <= {task.name for task in usable}:
        found.append(pipeline_recipe(studio))
    return found

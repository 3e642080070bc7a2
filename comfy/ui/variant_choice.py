"""The form's choice of variant: one list for each task, shown where there is a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from comfy.errors import InputError
from comfy.jobs.pipeline import INPUTS as CHAIN_INPUTS
from comfy.jobs.studio import Studio
from comfy.text import has
from comfy.ui.language import either, label
from comfy.workflow.inputs import Input

KIND = "variant"  # of an input that only a form has
PREFIX = "variant_"  # of its name, before the task's
AUTOMATIC = ""


def wish_of(task: str) -> Input:
    """The input that stands for a task's variant."""
    return Input(PREFIX + task, KIND, required=False, default=AUTOMATIC, advanced=True)


def wished_task(name: str) -> str:
    """The task whose variant this input stands for."""
    return name.removeprefix(PREFIX)


def create_choice(tab: str, item: Input) -> Any:
    """The list, hidden: `choice_now` fills it when a page opens."""
    return gr.Dropdown(
        _choices([]),
        value=AUTOMATIC,
        visible=False,
        label=label(either(f"input.{item.name}", "input.variant")),
        info=label("info.variant"),
        elem_id=f"{tab}-{item.name}",
    )


def choice_now(studio: Studio, task: str, wish: str = AUTOMATIC) -> Any:
    """What the list shows now: the variants that can be run, and one that was wished for before.

    Those that ask for an input of their own are taken when it is given.
    """
    manifest = studio.tasks[task]
    usual = {item.name for item in manifest.inputs if item.required}
    asking = {variant.name for variant in manifest.variants if variant.takes - usual}
    possible = [name for name in studio.wishes.possible(task) if name not in asking]
    names = [*possible, *([wish] if wish and wish not in possible else [])]
    return gr.update(choices=_choices(names), value=wish, visible=len(names) > 1)


def take_wishes(given: dict[str, Any], tasks: Sequence[str]) -> Mapping[str, Any]:
    """Take the wishes out of a form's values: what there is of them, by task."""
    found = {task: given.pop(PREFIX + task, None) for task in tasks}
    return {task: wish for task, wish in found.items() if wish}


def wishes_by_task(given: object) -> Mapping[str, object]:
    """What a program wishes for the chain, by task. Raises InputError for any other shape."""
    wishes = given or {}
    if not isinstance(wishes, Mapping):
        raise InputError("value_unusable", input="variant")
    for task in wishes:
        if task not in CHAIN_INPUTS:
            raise InputError("task_unknown", task=str(task)[:80])
    return wishes


def _choices(names: Sequence[str]) -> list[tuple[str, str]]:
    shown = [(label(f"variant.{n}") if has(f"variant.{n}") else n, n) for n in names]
    return [(label("choice.auto"), AUTOMATIC), *shown]

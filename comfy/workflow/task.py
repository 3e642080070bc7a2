"""A task: what a person wants done, what they can set, and the variants that can do it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.workflow.inputs import Input
from comfy.workflow.problem import Problem
from comfy.workflow.variant import Variant, load_variant

__all__ = ["Input", "Task", "load_tasks"]

MANIFEST = "task.toml"
OUTPUTS = ("image", "audio", "video")
LAST = 1_000_000  # the order of a task whose manifest cannot be read


@dataclass(frozen=True)
class Task:
    """What the folder `workflows/<name>` says.

    `output` is the result's kind: "image", "audio" or "video". `broken` tells what is wrong with
    variants that were left out, or with the task itself, which then has no variants.
    """

    name: str
    order: int
    output: str
    inputs: tuple[Input, ...] = ()
    variants: tuple[Variant, ...] = ()
    broken: tuple[Problem, ...] = ()

    def input(self, name: str) -> Input:
        """The input of this name. Raises InputError input_unknown."""
        for item in self.inputs:
            if item.name == name:
                return item
        raise InputError("input_unknown", input=name)

    def accept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All inputs with checked values, in the task's order; missing ones are completed.

        Raises InputError. Files (and links to other jobs) are passed on untouched.
        """
        for name in values:
            self.input(name)
        return {item.name: item.accept(values.get(item.name)) for item in self.inputs}


def load_tasks(folder: Path) -> dict[str, Task]:
    """Every task of the folder by name, in order. What is broken is reported, never raised."""
    tasks = [_load_task(manifest) for manifest in sorted(folder.glob(f"*/{MANIFEST}"))]
    return {task.name: task for task in sorted(tasks, key=lambda task: task.order)}


def _load_task(manifest: Path) -> Task:
    name = manifest.parent.name
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
        inputs = tuple(Input.read(key, entry) for key, entry in table["inputs"].items())
        task = Task(name, int(table["order"]), str(table["output"]), inputs)
        _check(task)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        problem = Problem("workflow_unreadable", {"task": name, "variant": "", "reason": reason})
        return Task(name, LAST, "", broken=(problem,))
    return _with_variants(task, manifest.parent)


def _check(task: Task) -> None:
    """Raise ValueError for an unknown output, or an "auto" choice without a picture to look at."""
    if task.output not in OUTPUTS:
        raise ValueError(f"output must be one of {', '.join(OUTPUTS)}")
    images = {item.name for item in task.inputs if item.kind == "image"}
    for item in task.inputs:
        if item.auto_from and item.auto_from not in images:
            raise ValueError(f"input {item.name}: auto_from names no image input")


def _with_variants(task: Task, folder: Path) -> Task:
    variants: list[Variant] = []
    broken: list[Problem] = []
    for manifest in sorted(folder.glob("*.toml")):
        if manifest.name == MANIFEST:
            continue
        loaded = load_variant(manifest, task.name, task.inputs)
        if isinstance(loaded, Variant):
            variants.append(loaded)
        else:
            broken += loaded
    variants.sort(key=lambda variant: variant.order)
    return Task(task.name, task.order, task.output, task.inputs, tuple(variants), tuple(broken))

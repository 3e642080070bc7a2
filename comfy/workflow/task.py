"""A task: what a person wants done, what they can set, and the variants that can do it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comfy.errors import InputError, WorkflowError
from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.discover import discovered_variants
from comfy.workflow.formats import lost, read_graph
from comfy.workflow.inputs import Input
from comfy.workflow.pace import Pace
from comfy.workflow.problem import Problem
from comfy.workflow.read import check_name
from comfy.workflow.variant import Variant, load_variant

__all__ = ["Input", "Task", "load_tasks"]

MANIFEST = "task.toml"
SIGNATURES = "known-nodes.json"
OUTPUTS = ("image", "audio", "video")
Graph = tuple[Nodes, tuple[Problem, ...]]
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
        """All inputs with checked values, in the task's order; missing ones get their default.

        What has none is left out. Raises InputError, also where no variant takes what is given
        together. Files (and links to other jobs) are passed on untouched.
        """
        for name in values:
            self.input(name)
        replaced = {i.instead_of: i.name for i in self.inputs if values.get(i.name)}
        for name, other in replaced.items():
            if values.get(name):
                raise InputError("input_twice", inputs=[name, other])
        checked = {
            item.name: item.accept(values.get(item.name))
            for item in self.inputs
            if item.name not in replaced
        }
        accepted = {name: value for name, value in checked.items() if value is not None}
        given = self.given(accepted)
        if self.variants and not any(variant.takes == given for variant in self.variants):
            raise self.unfit(accepted)
        return accepted

    def given(self, values: Mapping[str, Any]) -> frozenset[str]:
        """What of accepted values decides which variants can do the job: see Variant.takes.

        None is something that is yet to come; values of an older version may have "" for nothing.
        """
        return frozenset(i.name for i in self.inputs if i.picks and values.get(i.name, "") != "")

    def unfit(self, values: Mapping[str, Any]) -> InputError:
        """The error for values that no variant takes together: it names what may be left out."""
        given = self.given(values)
        extra = [i.name for i in self.inputs if i.name in given and not i.required]
        return InputError("inputs_unfit", inputs=extra or sorted(given))


def first_guess(task: Task, variant: Variant) -> Pace:
    """How long a variant may take; without a manifest's word, like the task's best that has one."""
    guesses = (v.pace for v in (variant, *task.variants) if v.pace)
    return next(guesses, Pace())


def load_tasks(folder: Path, own: Path | None = None) -> dict[str, Task]:
    """Every task of the folder by name, in order. What is broken is reported, never raised.

    `own` is an operator's folder with more variants: `<own>/<task>/` like one of ours, and
    workflow files of any kind in `<own>/` itself, whose task and bindings are found in the graph.
    """
    signatures = read_signatures(folder)
    tasks = [_load_task(manifest, signatures) for manifest in sorted(folder.glob(f"*/{MANIFEST}"))]
    if own is not None:
        tasks = [_with_variants(task, own / task.name, signatures) for task in tasks]
        tasks = _with_loose_files(tasks, own, signatures)
    return {task.name: task for task in sorted(tasks, key=lambda task: task.order)}


def read_signatures(folder: Path) -> ObjectInfo:
    """What is known of node classes without a server: a file like /object_info, or nothing."""
    try:
        info: ObjectInfo = json.loads((folder / SIGNATURES).read_text(encoding="utf-8"))
        return info
    except (OSError, ValueError):
        return {}


def _load_task(manifest: Path, signatures: ObjectInfo) -> Task:
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
    return _with_variants(task, manifest.parent, signatures)


def _check(task: Task) -> None:
    """Raise ValueError for an unknown output, and for an input that names one that is not there."""
    if task.output not in OUTPUTS:
        raise ValueError(f"output must be one of {', '.join(OUTPUTS)}")
    images = {item.name for item in task.inputs if item.kind == "image"}
    for item in task.inputs:
        if item.auto_from and item.auto_from not in images:
            raise ValueError(f"input {item.name}: auto_from names no image input")
        if item.kind == "mask" and item.over not in images:
            raise ValueError(f"input {item.name}: over names no image input")
        if item.instead_of and item.instead_of not in {other.name for other in task.inputs}:
            raise ValueError(f"input {item.name}: instead_of names no input")


def _with_variants(task: Task, folder: Path, signatures: ObjectInfo) -> Task:
    """The task with the variants of a folder: pairs of files, and graphs without a manifest."""
    manifests = [path for path in sorted(folder.glob("*.toml")) if path.name != MANIFEST]
    loaded = [_described(path, task) for path in manifests]
    described = {path.stem for path in manifests}
    for path in sorted(folder.glob("*.json")):
        if path.stem not in described:
            loaded += _undescribed(path, _read(path, signatures), task)
    return _extended(task, loaded)


def _described(path: Path, task: Task) -> Variant | list[Problem]:
    try:
        check_name(path)
    except WorkflowError as error:
        return [Problem.of(error, task=task.name)]
    return load_variant(path, task.name, task.inputs)


def _with_loose_files(tasks: list[Task], own: Path, signatures: ObjectInfo) -> list[Task]:
    """Each file goes to the task that has most to bind in it."""
    by_name = {task.name: task for task in tasks}
    for path in sorted(own.glob("*.json")):
        graph = _read(path, signatures)
        tried = {task.name: _undescribed(path, graph, task) for task in tasks if task.inputs}
        fitting = {n: v for n, [v, *_] in tried.items() if isinstance(v, Variant)}
        nearest = min(tried, key=lambda name: _distance(tried[name][0]), default=None)
        name = max(fitting, key=lambda n: len(fitting[n].bindings), default=nearest)
        if name is not None:
            by_name[name] = _extended(by_name[name], tried[name])
    return list(by_name.values())


def _distance(loaded: Variant | list[Problem]) -> int:
    """How far a file is from doing a task: one that saves another kind is farthest."""
    problems = [] if isinstance(loaded, Variant) else loaded
    return sum(100 if problem.code == "saver_not_found" else 1 for problem in problems)


def _read(path: Path, signatures: ObjectInfo) -> Graph | WorkflowError:
    try:
        check_name(path)
        return read_graph(path, signatures)
    except WorkflowError as error:
        return error


def _undescribed(
    path: Path, graph: Graph | WorkflowError, task: Task
) -> list[Variant | list[Problem]]:
    """What a graph without a manifest can be used as; else all that is wrong with it, as one."""
    if isinstance(graph, WorkflowError):
        return [[Problem.of(graph, task=task.name, variant=path.stem)]]
    nodes, remarks = graph
    variants = discovered_variants(
        nodes, name=path.stem, task=task.name, output=task.output, inputs=task.inputs
    )
    where = {"task": task.name, "variant": path.stem}
    made: list[Variant | list[Problem]] = []
    for found in variants:
        gone = lost(remarks, found.nodes if isinstance(found, Variant) else nodes)
        wrong = [Problem(problem.code, {**where, **problem.details}) for problem in gone]
        if isinstance(found, Variant):
            made.append(wrong or replace(found, remarks=(*remarks, *found.remarks)))
        else:
            made.append([*wrong, *found])
    return [item for item in made if isinstance(item, Variant)] or made[:1]


def _extended(task: Task, loaded: Sequence[Variant | list[Problem]]) -> Task:
    """The task with more variants; one of the same name replaces the earlier one."""
    variants = {variant.name: variant for variant in task.variants}
    broken = list(task.broken)
    for item in loaded:
        if isinstance(item, Variant):
            variants[item.name] = item
        else:
            broken += item
    ordered = tuple(sorted(variants.values(), key=lambda variant: variant.order))
    return replace(task, variants=ordered, broken=tuple(broken))

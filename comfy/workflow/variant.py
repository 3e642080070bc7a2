"""A variant: one workflow file that can do a task, and where the task's inputs go in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from comfy.errors import InputError, WorkflowError
from comfy.protocol import Nodes
from comfy.workflow.inputs import AUTO, FILE_KINDS, Input
from comfy.workflow.pace import Pace
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.prompt import Prompt, Selector
from comfy.workflow.read import checked_nodes, read_file
from comfy.workflow.transform import Transform

PREFIX = "filename_prefix"
QUALITIES = ("preview", "full")
SAFE_SECONDS = 40.0  # InfiniteTalk holds all frames in memory: more killed servers


@dataclass(frozen=True)
class Binding:
    """One place that a task input goes to: `name` of the node with this id."""

    input: Input
    node: str
    name: str
    transform: Transform

    @property
    def is_length(self) -> bool:
        """Whether the place gets the length of a sound instead of its file."""
        return self.transform.seconds_times is not None


@dataclass(frozen=True)
class Bound:
    """A prompt that is ready to be sent, and the node that will write the result."""

    nodes: Nodes
    output_node: str


@dataclass(frozen=True)
class Variant:
    """Turns accepted values into a prompt.

    `nodes` are the ones every prompt of this variant has; variants with the smaller `order` are
    taken first. `unused` names the task inputs with a default that go nowhere here.
    `alternatives` lists, for model files, others that do the same; `extra_pnginfo` belongs into
    the request's extra_data.
    A longer sound than `safe_seconds` is sent in parts; 0 for no limit.
    `pace` is the first guess of how long it takes; None if its manifest has none.
    `remarks` tell what was noticed in a file without a manifest.
    """

    name: str
    task: str
    quality: str
    order: int
    nodes: Nodes
    bindings: tuple[Binding, ...]
    output_node: str
    unused: tuple[str, ...] = ()
    alternatives: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extra_pnginfo: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[Remark | Problem, ...] = ()
    safe_seconds: float = SAFE_SECONDS
    pace: Pace | None = None

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """Every (node id, input) that a prompt's values and its prefix go to."""
        return frozenset((b.node, b.name) for b in self.bindings) | {(self.output_node, PREFIX)}

    @property
    def files(self) -> frozenset[tuple[str, str]]:
        """The (node id, input) places that take a file's name on the server."""
        bound = (b for b in self.bindings if b.input.kind in FILE_KINDS and not b.is_length)
        return frozenset((b.node, b.name) for b in bound)

    @property
    def takes(self) -> frozenset[str]:
        """The inputs that a job for it must have: neither less nor more. See Input.picks."""
        return frozenset(b.input.name for b in self.bindings if b.input.picks)

    @property
    def measured(self) -> frozenset[str]:
        """The inputs whose length in seconds a prompt has to know."""
        return frozenset(b.input.name for b in self.bindings if b.is_length)

    def takes_auto(self, name: str) -> bool:
        """Whether its nodes find out by themselves what "auto" means for this input."""
        maps = [b.transform.map for b in self.bindings if b.input.name == name]
        return all(table is None or AUTO in table for table in maps)

    def prompt(
        self,
        values: Mapping[str, Any],
        *,
        filename_prefix: str,
        seconds: Mapping[str, float] = MappingProxyType({}),
    ) -> Bound:
        """The graph with these accepted values in it; files are given by their server names.

        `filename_prefix` must be one job's own: a server answers a repeated prompt from its
        cache, with a file that may be gone. `seconds` are the lengths of the `measured` inputs;
        where one is not known its place stays as the author left it.
        """
        prompt = Prompt(self.nodes)
        for binding in self.bindings:
            item = binding.input
            value = values.get(item.name, item.default)  # an older version's job may lack it
            if value is None and item.name not in values:
                raise InputError("input_missing", input=item.name)
            if binding.is_length:
                if item.name in seconds:
                    length = binding.transform.of_length(seconds[item.name])
                    prompt.patch(binding.node, binding.name, length)
            elif value is not None:
                factor = values.get(binding.transform.times or "")
                changed = binding.transform.apply(item, value, 1.0 if factor is None else factor)
                prompt.patch(binding.node, binding.name, changed)
        prompt.patch(self.output_node, PREFIX, filename_prefix)
        return Bound(prompt.nodes, self.output_node)


def load_variant(manifest: Path, task: str, inputs: Sequence[Input]) -> Variant | list[Problem]:
    """Read `<variant>.toml` and the graph `<variant>.json` beside it, or say all that is wrong."""
    where = {"task": task, "variant": manifest.stem}
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
        nodes = checked_nodes(read_file(manifest.with_suffix(".json")))
        return _build(table, Prompt(nodes), inputs, where)
    except WorkflowError as error:
        return [Problem.of(error, **where)]
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        return [Problem("workflow_unreadable", {**where, "reason": reason})]


def _build(
    table: dict[str, Any], prompt: Prompt, inputs: Sequence[Input], where: dict[str, str]
) -> Variant | list[Problem]:
    quality, order = table.pop("quality"), int(table.pop("order"))
    if quality not in QUALITIES:
        raise ValueError(f"quality must be one of {', '.join(QUALITIES)}")
    output_node = prompt.find(Selector(**table.pop("output")))
    if PREFIX not in prompt.nodes[output_node]["inputs"]:
        raise WorkflowError("input_not_found", node=output_node, input=PREFIX)
    bindings, problems = _bind(table.pop("bind"), prompt, inputs, where)
    prompt.nodes = bound_graph(prompt, bindings, output_node)
    problems += [
        Problem("input_unreachable", {**where, "input": item.input.name, "node": item.node})
        for item in bindings
        if item.node not in prompt.nodes
    ]
    if problems:
        return problems
    bound = {name for item in bindings for name in (item.input.name, item.transform.times)}
    unused = tuple(i.name for i in inputs if i.name not in bound and not i.picks)
    guess = table.pop("estimate", None)
    return Variant(
        name=where["variant"],
        task=where["task"],
        quality=quality,
        order=order,
        nodes=prompt.nodes,
        bindings=tuple(bindings),
        output_node=output_node,
        unused=unused,
        pace=Pace(**guess) if guess else None,
        **table,
    )


def _bind(
    tables: Mapping[str, Any], prompt: Prompt, inputs: Sequence[Input], where: dict[str, str]
) -> tuple[list[Binding], list[Problem]]:
    """Find every place; one that cannot be found is a problem and does not hide the others."""
    known = {item.name: item for item in inputs}
    bindings, problems = [], []
    for name, entries in tables.items():
        if name not in known:
            raise ValueError(f"the task has no input {name}")
        for entry in entries if isinstance(entries, list) else [entries]:
            try:
                bindings.append(_place(known[name], dict(entry), prompt))
            except WorkflowError as error:
                problems.append(Problem.of(error, **where, task_input=name))
    return bindings, problems


def _place(item: Input, entry: dict[str, Any], prompt: Prompt) -> Binding:
    node = prompt.find(Selector(**entry.pop("node")))
    name, new = entry.pop("input"), entry.pop("new", False)
    if name not in prompt.nodes[node]["inputs"] and not new:
        raise WorkflowError("input_not_found", node=node, input=name)
    transform = Transform(**entry)
    transform.check(item)
    return Binding(item, node, name, transform)


def bound_graph(prompt: Prompt, bindings: Sequence[Binding], output_node: str) -> Nodes:
    """What a bound prompt will have: a literal replaces a link, what fed it falls away."""
    for binding in bindings:
        if not isinstance(
            prompt.nodes[binding.node]["inputs"].get(binding.name), str | int | float
        ):
            prompt.patch(binding.node, binding.name, "", new=True)
    prompt.keep_only(output_node)
    return {
        key: {"class_type": node["class_type"], "inputs": node["inputs"]}
        for key, node in prompt.nodes.items()
    }

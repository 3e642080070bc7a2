"""Make a variant of a workflow file that nobody described: output, bindings, what was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comfy.errors import WorkflowError
from comfy.protocol import Nodes
from comfy.workflow import families
from comfy.workflow.inputs import FILE_KINDS, Input, forms
from comfy.workflow.mend import mend, notice
from comfy.workflow.places import Place, loaders, places, reachable
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.prompt import Prompt
from comfy.workflow.transform import Transform
from comfy.workflow.variant import Binding, Variant, bound_graph

MOST_SAVERS = 20  # that are looked at; bounds what a hostile file costs
OWN_ORDER = 5  # a file that somebody put there is taken before the ones we ship
# VideoHelperSuite: only the finished video stays, without a first frame that carries the prompt
VHS_EXTRAS = {"workflow": {"extra": {"VHS_MetadataImage": False, "VHS_KeepIntermediate": False}}}


@dataclass(frozen=True)
class Found:
    """What was found in a graph. It can be run as it is if there are no `problems`."""

    nodes: Nodes
    output_node: str
    bindings: tuple[Binding, ...]
    remarks: tuple[Remark, ...] = ()
    problems: tuple[Problem, ...] = ()


def discover(
    nodes: Nodes,
    output: str,
    inputs: Sequence[Input],
    told: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> Found:
    """Find the places of a task's inputs, after mending the graph. `output`: the result's kind.

    `told` are places (node id, input) that somebody named, by task input: they are taken as they
    are. Raises WorkflowError input_not_found for one that is not there.
    """
    prompt = Prompt(nodes)
    savers = _savers(prompt, output)
    if not savers:
        return Found(prompt.nodes, "", (), problems=(Problem("saver_not_found"),))
    output_node = savers[0]
    remarks = [Remark("one_of_several_outputs", {"node": output_node})] if savers[1:] else []
    kinds = {item.kind for item in inputs}
    remarks += mend(prompt, output_node, picture="image" in kinds and "video" not in kinds)
    remarks += notice(prompt, output_node)
    used = reachable(prompt, output_node)
    bindings: list[Binding] = []
    problems: list[Problem] = []
    for item in inputs:
        found = _told_places(item, prompt, told or {}) or places(item, used)
        bindings += [Binding(item, *place) for place in found]
        if not found and item.required:
            problems.append(Problem("input_place_unknown", {"input": item.name}))
        elif not found and not item.picks and item.name not in _factors(bindings):
            remarks.append(Remark("input_without_place", {"input": item.name}))
        elif item.kind in FILE_KINDS and len(found) > 1 and item.name not in (told or {}):
            many = [node for node, _, _ in found]
            problems.append(Problem("input_places_many", {"input": item.name, "nodes": many}))
    problems += _unfilled(used, bindings)
    return Found(prompt.nodes, output_node, tuple(bindings), tuple(remarks), tuple(problems))


def discover_form(
    nodes: Nodes,
    output: str,
    inputs: Sequence[Input],
    told: Mapping[str, Sequence[tuple[str, str]]],
) -> Found:
    """The first form of the inputs (see `forms`) that works, among those with all that is told."""
    fitting = [f for f in forms(inputs) if told.keys() <= {item.name for item in f}]
    tried = [discover(nodes, output, form, told) for form in fitting or [tuple(inputs)]]
    return next((found for found in tried if not found.problems), tried[0])


def discovered_variants(
    nodes: Nodes, *, name: str, task: str, output: str, inputs: Sequence[Input]
) -> Sequence[Variant | list[Problem]]:
    """One for each form of the inputs that works; if none does, what is in the way of the first.

    A file that makes a video of a video does so, and takes a picture in its place as well.
    """
    tried = []
    for form in forms(inputs):
        named = "-".join([name, *(item.name for item in form if item.instead_of)])
        tried.append(discovered_variant(nodes, name=named, task=task, output=output, inputs=form))
    return [found for found in tried if isinstance(found, Variant)] or tried[:1]


def discovered_variant(
    nodes: Nodes, *, name: str, task: str, output: str, inputs: Sequence[Input]
) -> Variant | list[Problem]:
    """A variant with full quality that is taken before ours, or all that is in its way."""
    found = discover(nodes, output, inputs)
    where = {"task": task, "variant": name}
    if found.problems:
        return [Problem(problem.code, {**where, **problem.details}) for problem in found.problems]
    bound = {binding.input.name for binding in found.bindings} | _factors(found.bindings)
    return Variant(
        name=name,
        task=task,
        quality="full",
        order=OWN_ORDER,
        nodes=bound_graph(Prompt(found.nodes), found.bindings, found.output_node),
        bindings=found.bindings,
        output_node=found.output_node,
        unused=tuple(i.name for i in inputs if i.name not in bound and not i.picks),
        extra_pnginfo=extras_of(found),
        remarks=found.remarks,
    )


def _factors(bindings: Sequence[Binding]) -> set[str | None]:
    """The inputs whose part is to multiply another one's value."""
    return {binding.transform.times for binding in bindings}


def extras_of(found: Found) -> Mapping[str, Any]:
    """What the result's node wants to find in the request's extra_pnginfo."""
    is_vhs = found.nodes[found.output_node]["class_type"] == families.VHS_SAVER
    return VHS_EXTRAS if is_vhs else {}


def _savers(prompt: Prompt, kind: str) -> list[str]:
    """Nodes that save this kind, the one that most of the given files have a part in first."""

    def files(node_id: str) -> int:
        used = reachable(prompt, node_id)
        return sum(len(loaders(used, kind)) for kind in families.LOADERS)

    found = [n for n, node in prompt.nodes.items() if families.saver_kind(node) == kind]
    return sorted(found[:MOST_SAVERS], key=files, reverse=True)


def _told_places(
    item: Input, prompt: Prompt, told: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Place]:
    for node_id, name in told.get(item.name, ()):
        if name not in prompt.nodes.get(node_id, {}).get("inputs", {}):
            raise WorkflowError("input_not_found", node=node_id, input=name)
    return [(node_id, name, Transform()) for node_id, name in told.get(item.name, ())]


def _unfilled(used: Nodes, bindings: Sequence[Binding]) -> list[Problem]:
    """Loaders of files on somebody else's disk that no input of the task fills."""
    filled = {(binding.node, binding.name) for binding in bindings}
    return [
        Problem("file_without_input", {"node": node_id, "class_type": used[node_id]["class_type"]})
        for kind in families.LOADERS
        for node_id, name in loaders(used, kind).items()
        if (node_id, name) not in filled
    ]

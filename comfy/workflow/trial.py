"""Whether a server would take every value that people can set, asked before anybody does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comfy.protocol import ObjectInfo
from comfy.workflow.check import problems, resolve_models
from comfy.workflow.inputs import FILE_KINDS, MAX_SEED, Input
from comfy.workflow.problem import Problem
from comfy.workflow.variant import Variant


def variant_problems(variant: Variant, object_info: ObjectInfo) -> list[Problem]:
    """Why this server cannot run the variant, also with values at the ends of their ranges."""
    nodes = resolve_models(variant.nodes, object_info, variant.alternatives)
    found = problems(nodes, object_info, bound=variant.places)
    for binding in variant.bindings:
        if binding.input.kind in FILE_KINDS:
            continue
        inputs = nodes[binding.node]["inputs"]
        before = inputs[binding.name]
        for value in _extremes(binding.input, binding.transform.map):
            inputs[binding.name] = binding.transform.apply(binding.input, value)
            others = variant.places - {(binding.node, binding.name)}
            new = problems(nodes, object_info, bound=others)
            found += [problem for problem in new if problem not in found]
        inputs[binding.name] = before
    return found


def _extremes(item: Input, table: Any) -> Iterator[Any]:
    """The values that are most likely to be refused: the ends of a range, every choice."""
    match item.kind:
        case "seed":
            yield from (0, MAX_SEED)
        case "integer" | "number":
            yield from (item.min, item.max)
        case "boolean":
            yield from (True, False)
        case "text":
            yield item.default or "x"
        case _:
            yield from table or item.choices

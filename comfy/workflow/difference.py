"""What differs between two versions of a variant, in terms that a person knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from comfy.workflow.check import MODEL_ENDINGS
from comfy.workflow.prompt import is_link
from comfy.workflow.variant import Variant


@dataclass(frozen=True)
class Change:
    """Names that are new (`more`) or gone, among the "inputs", "models", "nodes" or "values"."""

    part: str
    more: bool
    names: tuple[str, ...]


def difference(before: Variant, now: Variant) -> list[Change]:
    """All changes from one version to the next; empty if they do the same."""
    parts = {
        "inputs": (_inputs(before), _inputs(now)),
        "models": (_models(before), _models(now)),
        "nodes": (_classes(before), _classes(now)),
        "values": (_values(before, now), _values(now, before)),
    }
    changes = []
    for part, (old, new) in parts.items():
        changes += [Change(part, True, _names(new - old)), Change(part, False, _names(old - new))]
    return [change for change in changes if change.names]


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


def _inputs(variant: Variant) -> set[str]:
    return {binding.input.name for binding in variant.bindings}


def _classes(variant: Variant) -> set[str]:
    return {node["class_type"] for node in variant.nodes.values()}


def _models(variant: Variant) -> set[str]:
    return {
        value
        for node in variant.nodes.values()
        for value in node["inputs"].values()
        if _is_model(value)
    }


def _values(variant: Variant, other: Variant) -> set[str]:
    """Literals that nobody sets, as "KSampler.steps = 4", of nodes that both versions have."""
    return {
        f"{node['class_type']}.{name} = {value}"
        for node_id, node in variant.nodes.items()
        for name, value in node["inputs"].items()
        if node["class_type"] in _classes(other)
        and not (is_link(value) or _is_model(value) or (node_id, name) in variant.places)
    }


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(MODEL_ENDINGS)

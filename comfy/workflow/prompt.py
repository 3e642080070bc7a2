"""A prompt (ComfyUI's API-format graph): find nodes, set inputs, drop what is not needed."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from comfy.errors import InputError, WorkflowError
from comfy.protocol import Nodes


@dataclass(frozen=True)
class Selector:
    """Picks one node. Empty fields match everything.

    `feeds` tells twins apart by where they are plugged in: "KSampler.positive", or just
    "positive". A node may sit there directly or further up; if any sits there directly, only
    those count. `id` is the last resort: ids differ between exports of one workflow.
    """

    class_type: str = ""
    feeds: str = ""
    title: str = ""
    id: str = ""

    def __str__(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in vars(self).items() if value)


def is_link(value: object) -> TypeGuard[list[Any]]:
    """Whether an input is another node's output: [node id, slot]."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


class Prompt:
    """A graph of nodes that can be searched, patched and pruned. Works on its own copy."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes: Nodes = copy.deepcopy(nodes)

    def find(self, selector: Selector) -> str:
        """The id of the one node that fits, or WorkflowError node_not_found, node_ambiguous."""
        hits = [node_id for node_id in self.nodes if self._matches(node_id, selector)]
        if selector.feeds:
            hits = self._feeding(hits, selector.feeds)
        if not hits:
            raise WorkflowError("node_not_found", selector=str(selector))
        if len(hits) > 1:
            raise WorkflowError("node_ambiguous", selector=str(selector), nodes=hits)
        return hits[0]

    def patch(self, node_id: str, name: str, value: object, *, new: bool = False) -> None:
        """Put a literal into an input, also in place of a link. `new` inputs need not exist yet.

        Raises InputError for anything but text, a finite number or a boolean: a list would
        become a link, so that a value could change the graph.
        """
        inputs = self.nodes[node_id]["inputs"]
        if name not in inputs and not new:
            raise WorkflowError("input_not_found", node=node_id, input=name)
        if not isinstance(value, str | int | float):
            raise InputError("value_unusable", input=name)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError("value_unusable", input=name)
        inputs[name] = value

    def upstream(self, node_id: str) -> set[str]:
        """The node and every node it depends on."""
        seen: set[str] = set()
        todo = [node_id]
        while todo:
            current = todo.pop()
            if current not in seen:
                seen.add(current)
                inputs = self.nodes[current]["inputs"].values()
                todo += [value[0] for value in inputs if is_link(value)]
        return seen

    def keep_only(self, node_id: str) -> None:
        """Drop every node that this one does not need."""
        needed = self.upstream(node_id)
        self.nodes = {key: node for key, node in self.nodes.items() if key in needed}

    def _matches(self, node_id: str, selector: Selector) -> bool:
        node = self.nodes[node_id]
        return (
            selector.id in ("", node_id)
            and selector.class_type in ("", node["class_type"])
            and selector.title in ("", node.get("_meta", {}).get("title"))
        )

    def _feeding(self, candidates: list[str], target: str) -> list[str]:
        class_type, _, input_name = target.rpartition(".")
        plugged = [
            source
            for node_id, name, (source, _) in links(self.nodes)
            if name == input_name and class_type in ("", self.nodes[node_id]["class_type"])
        ]
        direct = [node_id for node_id in candidates if node_id in plugged]
        behind = set().union(*(self.upstream(source) for source in plugged))
        return direct or [node_id for node_id in candidates if node_id in behind]


def links(nodes: Nodes) -> Iterator[tuple[str, str, list[Any]]]:
    """Every link: the node that has it, its input, the link."""
    for node_id, node in nodes.items():
        for name, value in node["inputs"].items():
            if is_link(value):
                yield node_id, name, value

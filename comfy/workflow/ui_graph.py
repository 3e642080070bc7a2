"""ComfyUI's UI format, read defensively: nodes, links, subgraph definitions as plain data.

Both forms of it: links as lists (version 0.4) and as objects (version 1 and in subgraphs). Node
and link ids are text here, whatever they are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy.errors import WorkflowError
from comfy.workflow.problem import Problem

MAX_NODES = 5_000  # the largest official template has 150; this bounds what a hostile file costs
MUTED, BYPASSED = 2, 4  # LiteGraph's node modes; all others run
SUBGRAPH_INPUT, SUBGRAPH_OUTPUT = "-10", "-20"  # ids of a definition's two edges


@dataclass(frozen=True)
class Slot:
    """An input or output of a node, or of a subgraph. `link` is a link id or empty.

    `widget` is the name of the widget that an input belongs to, or empty.
    """

    name: str
    type: str
    link: str = ""
    widget: str = ""


@dataclass(frozen=True)
class Link:
    """From an output slot to an input slot."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True)
class UiNode:
    """One node of the canvas; its widgets' values by place, or by name, or both."""

    id: str
    type: str
    mode: int
    title: str
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[Slot, ...] = ()
    values: tuple[Any, ...] = ()
    named_values: Mapping[str, Any] = field(default_factory=dict)
    proxies: tuple[tuple[str, str], ...] = ()

    def link_of(self, slot: int) -> str:
        """What is plugged into this input; empty if nothing, or if there is no such input."""
        return self.inputs[slot].link if 0 <= slot < len(self.inputs) else ""


@dataclass(frozen=True)
class Graph:
    """A canvas: the workflow's own, or a subgraph definition with its `inputs` and `outputs`."""

    nodes: Mapping[str, UiNode]
    links: Mapping[str, Link]
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[Slot, ...] = ()
    leads_out: Mapping[int, str] = field(default_factory=dict)  # output slot -> link to it


@dataclass(frozen=True)
class UiWorkflow:
    """A whole file. `problems` are the parts of it that could not be read."""

    root: Graph
    subgraphs: Mapping[str, Graph]
    problems: tuple[Problem, ...]


def is_ui_format(data: object) -> bool:
    """Whether this is what ComfyUI's "Save" writes: a canvas with a list of nodes."""
    return isinstance(data, dict) and isinstance(data.get("nodes"), list)


def read_workflow(data: object) -> UiWorkflow:
    """Raises WorkflowError ui_unreadable, ui_too_large; smaller faults become problems."""
    if not isinstance(data, dict) or not is_ui_format(data):
        raise WorkflowError("ui_unreadable")
    definitions = _dict(data.get("definitions")).get("subgraphs")
    subgraphs = [item for item in _list(definitions) if isinstance(item, dict)]
    total = sum(len(_list(item.get("nodes"))) for item in [data, *subgraphs])
    if total > MAX_NODES or len(subgraphs) > MAX_NODES:
        raise WorkflowError("ui_too_large", limit=MAX_NODES)
    problems: list[Problem] = []
    root = _graph(data, problems)
    known = {_id(item.get("id")): _graph(item, problems) for item in subgraphs}
    return UiWorkflow(root, known, tuple(problems))


def _graph(data: Mapping[str, Any], problems: list[Problem]) -> Graph:
    links = dict(_links(_list(data.get("links"))))
    edge = [(key, link) for key, link in links.items() if link.target == SUBGRAPH_OUTPUT]
    return Graph(
        dict(_nodes(data, problems)),
        links,
        tuple(map(_slot, _list(data.get("inputs")))),
        tuple(map(_slot, _list(data.get("outputs")))),
        {link.target_slot: key for key, link in reversed(edge)},
    )


def _nodes(data: Mapping[str, Any], problems: list[Problem]) -> Iterator[tuple[str, UiNode]]:
    seen = set()
    for item in _list(data.get("nodes")):
        node = _node(_dict(item))
        if not node.id or not node.type:
            problems.append(Problem("ui_node_unreadable", {"node": node.id}))
        elif node.id in seen:
            problems.append(Problem("ui_id_duplicate", {"node": node.id}))
        else:
            seen.add(node.id)
            yield node.id, node


def _node(data: Mapping[str, Any]) -> UiNode:
    values = data.get("widgets_values")
    named = values if isinstance(values, dict) else data.get("widgets_values_named")
    return UiNode(
        id=_id(data.get("id")),
        type=_text(data.get("type")),
        mode=_number(data.get("mode")),
        title=_text(data.get("title")),
        inputs=tuple(map(_slot, _list(data.get("inputs")))),
        outputs=tuple(map(_slot, _list(data.get("outputs")))),
        values=tuple(_list(values)),
        named_values=_dict(named),
        proxies=tuple(_proxies(_dict(data.get("properties")).get("proxyWidgets"))),
    )


def _proxies(value: object) -> Iterator[tuple[str, str]]:
    """Widgets of inner nodes that a subgraph shows: (inner node id, widget name)."""
    for item in _list(value):
        pair = _list(item)
        if len(pair) >= 2:
            yield _id(pair[0]), _text(pair[1])


def _slot(value: object) -> Slot:
    data = _dict(value)
    widget = _dict(data.get("widget")).get("name")
    return Slot(
        _text(data.get("name")), _text(data.get("type")), _id(data.get("link")), _text(widget)
    )


def _links(items: list[Any]) -> Iterator[tuple[str, Link]]:
    for item in items:
        if isinstance(item, dict):
            keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            item = [item.get(key) for key in keys]
        if isinstance(item, list) and len(item) >= 5:
            link_id, origin, origin_slot, target, target_slot = item[:5]
            yield (
                _id(link_id),
                Link(_id(origin), _number(origin_slot), _id(target), _number(target_slot)),
            )


def _id(value: object) -> str:
    """An id as text; empty for what is no id."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value) if isinstance(value, str) or abs(value) < 2**63 else ""


def _number(value: object) -> int:
    """A slot number or a mode; 0 for what is neither."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

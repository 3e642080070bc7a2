"""Where a link on the canvas really comes from: through reroutes, bypassed nodes and subgraphs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from comfy.workflow.promoted import NO_WIDGET, WidgetValues
from comfy.workflow.subgraphs import Scope, Unfolded
from comfy.workflow.ui_graph import (
    BYPASSED,
    MUTED,
    SUBGRAPH_INPUT,
    Link,
    UiNode,
)
from comfy.workflow.widgets import MISSING

REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
SETTERS = frozenset({"SetNode", "easy setNode"})  # KJNodes, Easy-Use: a wire with a name
GETTERS = frozenset({"GetNode", "easy getNode"})
PRIMITIVE = "PrimitiveNode"
NOTES = frozenset({"Note", "MarkdownNote", "Label (rgthree)", "Bookmark (rgthree)"})
PAGE_ONLY = REROUTES | SETTERS | GETTERS | NOTES | {PRIMITIVE}  # they exist on the canvas only


@dataclass(frozen=True)
class Output:
    """A node that runs, and which of its outputs."""

    node_id: str
    slot: int


@dataclass(frozen=True)
class Literal:
    """A value, from a PrimitiveNode or from a subgraph's own widget."""

    value: Any


@dataclass(frozen=True)
class Lost:
    """Nothing comes: why, in one word: muted, dangling, broken, circle."""

    reason: str


@dataclass(frozen=True)
class _Hop:
    """The source lies further up, behind this link."""

    scope: Scope
    link: str


Source = Output | Literal | Lost
DANGLING, BROKEN = Lost("dangling"), Lost("broken")


class Tracer:
    """Follows links upwards, each one once. `running` are the ids of the prompt's nodes."""

    def __init__(self, unfolded: Unfolded, values: WidgetValues, running: Collection[str]) -> None:
        self._scopes = unfolded.scopes
        self._running = running
        self._values = values
        self._known: dict[tuple[str, str], Source] = {}
        self._setters: dict[str, dict[str, UiNode]] = {}

    def source(self, scope: Scope, link: str) -> Source:
        """What a link brings. Ends also where reroutes or subgraphs go in a circle."""
        passed: dict[tuple[str, str], _Hop] = {}
        step: Source | _Hop = _Hop(scope, link)
        while isinstance(step, _Hop):
            key = (step.scope.path, step.link)
            if key in self._known:
                step = self._known[key]
            elif key in passed:
                step = Lost("circle")
            else:
                passed[key] = step
                step = self._step(step)
        for key, hop in reversed(passed.items()):
            step = self._instead(hop, step) if step in (DANGLING, BROKEN) else step
            self._known[key] = step
        return step

    def _step(self, hop: _Hop) -> Source | _Hop:
        scope, link = hop.scope, hop.scope.graph.links.get(hop.link)
        if link is None:
            return BROKEN if hop.link else DANGLING
        if link.origin == SUBGRAPH_INPUT:
            return self._outside(scope, link.origin_slot)
        node = scope.graph.nodes.get(link.origin)
        return BROKEN if node is None else self._behind(scope, node, link)

    def _behind(self, scope: Scope, node: UiNode, link: Link) -> Source | _Hop:
        """What a node's output stands for."""
        if node.type in REROUTES | SETTERS:  # whatever their mode
            return _Hop(scope, node.link_of(0))
        if node.type in GETTERS:
            return self._named(scope, node)
        if node.type == PRIMITIVE:
            return Literal(node.values[0]) if node.values else DANGLING
        if node.mode == MUTED:
            return Lost("muted")
        if node.mode == BYPASSED:
            return _Hop(scope, node.link_of(_passed_on(node, link.origin_slot)))
        child = self._scopes.get(f"{scope.path}{node.id}:")
        if child is not None:
            return _Hop(child, child.graph.leads_out.get(link.origin_slot, ""))
        node_id = scope.path + node.id
        if link.origin_slot < 0:
            return BROKEN
        return Output(node_id, link.origin_slot) if node_id in self._running else DANGLING

    def _outside(self, scope: Scope, slot: int) -> Source | _Hop:
        """What comes into a subgraph: the instance's input, else its widget."""
        if scope.host is None or scope.parent is None or not 0 <= slot < len(scope.graph.inputs):
            return BROKEN
        name = scope.graph.inputs[slot].name
        outer = next((item.link for item in scope.host.inputs if item.name == name), "")
        return _Hop(scope.parent, outer) if outer else self._own_widget(scope, slot, DANGLING)

    def _instead(self, hop: _Hop, lost: Source) -> Source:
        """A subgraph's own widget steps in where nothing comes from outside."""
        link = hop.scope.graph.links.get(hop.link)
        if link is None or link.origin != SUBGRAPH_INPUT:
            return lost
        return self._own_widget(hop.scope, link.origin_slot, lost)

    def _own_widget(self, scope: Scope, slot: int, otherwise: Source) -> Source:
        value = self._values.at_instance(scope, slot)
        return otherwise if value is MISSING or value is NO_WIDGET else Literal(value)

    def _named(self, scope: Scope, getter: UiNode) -> Source | _Hop:
        """The wire of this name, on this canvas or on one around it."""
        for around in _outwards(scope):
            setter = self._wires(around).get(_wire_name(getter))
            if setter is not None:
                return _Hop(around, setter.link_of(0))
        return DANGLING

    def _wires(self, scope: Scope) -> dict[str, UiNode]:
        if scope.path not in self._setters:
            setters = [node for node in scope.graph.nodes.values() if node.type in SETTERS]
            self._setters[scope.path] = {_wire_name(node): node for node in reversed(setters)}
        return self._setters[scope.path]


def _outwards(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _wire_name(node: UiNode) -> str:
    return str(node.values[0]) if node.values and isinstance(node.values[0], str) else ""


def _passed_on(node: UiNode, slot: int) -> int:
    """Which input a bypassed node passes to this output; -1 if none is of its type.

    The input in the same place if it fits, else the first of exactly that type, plugged in or not.
    """
    kind = node.outputs[slot].type if 0 <= slot < len(node.outputs) else ""
    kinds = [item.type for item in node.inputs]
    if 0 <= slot < len(kinds) and (kind == "*" or _overlap(kinds[slot], kind)):
        return slot
    return kinds.index(kind) if kind in kinds else -1


def _overlap(one: str, other: str) -> bool:
    """Whether two types may be plugged together; "IMAGE,MASK" takes both, "*" takes all."""
    return one == "*" or bool({*one.split(",")} & {*other.split(",")})

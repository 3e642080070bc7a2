"""What the widgets of a canvas say: a node's own, and those a subgraph shows at its instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy.protocol import ObjectInfo
from comfy.workflow.subgraphs import Place, Scope, Unfolded
from comfy.workflow.ui_graph import SUBGRAPH_INPUT, Slot, UiNode
from comfy.workflow.widgets import MISSING, Reading, read_widgets

NO_WIDGET = object()
NO_SLOT = -1
OWN = "-1"  # in `proxyWidgets`, where else an inner node's id stands


class WidgetValues:
    """Reads each node's widgets once."""

    def __init__(self, unfolded: Unfolded, object_info: ObjectInfo) -> None:
        self._scopes = unfolded.scopes
        self._object_info = object_info
        self._readings: dict[str, Reading] = {}
        self._targets: dict[str, dict[int, list[tuple[UiNode, Slot]]]] = {}
        self._shown: dict[str, dict[int, Any]] = {}

    def of(self, place: Place) -> Reading:
        """The node's own widgets."""
        if place.id not in self._readings:
            description = self.described(place.node.type)
            self._readings[place.id] = read_widgets(description, place.node)
        return self._readings[place.id]

    def described(self, class_type: str) -> Mapping[str, Any]:
        """What the server says of a class; empty if it does not know it."""
        description: object = self._object_info.get(class_type)
        return description if isinstance(description, dict) else {}

    def at_instance(self, scope: Scope, slot: int) -> Any:
        """The value of a subgraph's input that is not plugged in; NO_WIDGET if it is only plugged.

        MISSING if it has a widget of which no value is known."""
        if scope.path not in self._shown:
            self._shown[scope.path] = self._read_instance(scope)
        return self._shown[scope.path].get(slot, NO_WIDGET)

    def _read_instance(self, scope: Scope) -> dict[int, Any]:
        """By input slot: what the instance says, else what the first inner widget says.

        The instance's list holds one value for each input that has a widget, in order; or one
        for each entry of `proxyWidgets`, of which "-1" are the inputs.
        """
        inner = {slot: self._inner(scope, slot) for slot in range(len(scope.graph.inputs))}
        shown = {slot: value for slot, value in inner.items() if value is not NO_WIDGET}
        host = scope.host
        if host is None or not host.values:
            return shown
        order = [
            _position(scope, name) if node_id == OWN else NO_SLOT for node_id, name in host.proxies
        ]
        given = zip(order or shown, host.values, strict=False)
        return {**shown, **{slot: value for slot, value in given if slot in shown}}

    def _inner(self, scope: Scope, slot: int) -> Any:
        """The value of the first inner widget that the input feeds, MISSING, or NO_WIDGET."""
        for node, target in self._fed_by(scope, slot):
            child = self._scopes.get(f"{scope.path}{node.id}:")
            if child is not None:
                value = self.at_instance(child, _position(child, target.name))
            else:
                reading = self.of(Place(scope, node))
                known = target.name in reading.widgets
                value = reading.values.get(target.name, MISSING) if known else NO_WIDGET
            if value is not NO_WIDGET:
                return value
        return NO_WIDGET

    def _fed_by(self, scope: Scope, slot: int) -> list[tuple[UiNode, Slot]]:
        """The inner nodes' inputs that a subgraph's input is plugged into."""
        if scope.path not in self._targets:
            found: dict[int, list[tuple[UiNode, Slot]]] = {}
            links = scope.graph.links
            for node in scope.graph.nodes.values():
                for target in node.inputs:
                    link = links.get(target.link)
                    if link is not None and link.origin == SUBGRAPH_INPUT:
                        found.setdefault(link.origin_slot, []).append((node, target))
            self._targets[scope.path] = found
        return self._targets[scope.path].get(slot, [])


def _position(scope: Scope, name: str) -> int:
    """Which of a subgraph's inputs has this name; NO_SLOT if none."""
    names = [slot.name for slot in scope.graph.inputs]
    return names.index(name) if name in names else NO_SLOT

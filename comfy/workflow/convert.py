"""ComfyUI's UI format turned into a prompt (API format), with the server's /object_info at hand.

The rules are those of the real front end, comfyui-frontend-package 1.35.9, as measured
(`tests/workflow/front_end.py`). It differs on purpose where: a text's "{a|b}" is not drawn at
random and its comments stay, so that a file gives the same prompt each time; lists of values from
before "control after generate" are read as they were meant; a muted or bypassed subgraph is left
out whole (as 1.58 does); a PrimitiveNode's value passes reroutes; a bypassed node passes what is
of its output's type, whatever the next node takes; inputs that only scripts of the page add are
left out. What cannot be converted is named in a remark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.links import PAGE_ONLY, Literal, Lost, Output, Tracer
from comfy.workflow.problem import Problem
from comfy.workflow.promoted import WidgetValues
from comfy.workflow.prompt import is_link
from comfy.workflow.subgraphs import Place, unfold
from comfy.workflow.ui_graph import BYPASSED, MUTED, Slot, is_ui_format, read_workflow
from comfy.workflow.widgets import BROWSER_ONLY, Reading, plain

__all__ = ["Converted", "is_ui_format", "to_api"]
# What the front end would draw or drop in a text: "{a|b}", "// ...", "/* ... */".
CHANGING_TEXT = re.compile(r"(?<!\\)\{[^{}]*(?<!\\)\}|//|/\*")


@dataclass(frozen=True)
class Converted:
    """The prompt, and what a person should know about how it came to be."""

    nodes: Nodes
    remarks: tuple[Problem, ...] = ()


def to_api(workflow: object, object_info: ObjectInfo) -> Converted:
    """Convert a UI-format workflow. Raises WorkflowError ui_unreadable, ui_too_large.

    Every link leads to a node of the result. Nodes that wait for each other stay as they are.
    """
    read = read_workflow(workflow)
    unfolded = unfold(read)
    running: dict[str, Place] = {}
    twice: list[Problem] = []
    for place in filter(_runs, unfolded.places):
        if running.setdefault(place.id, place) is not place:  # "57:30" may also be a node's own id
            twice.append(Problem("ui_id_duplicate", {"node": place.id}))
    values = WidgetValues(unfolded, object_info)
    conversion = _Conversion(values, Tracer(unfolded, values, running))
    nodes = {node_id: conversion.node(place) for node_id, place in running.items()}
    remarks = [*read.problems, *unfolded.problems, *twice, *conversion.remarks]
    return Converted(nodes, tuple(remarks))


def _runs(place: Place) -> bool:
    return place.node.mode not in (MUTED, BYPASSED) and place.node.type not in PAGE_ONLY


class _Conversion:
    """Turns one node after the other, and keeps the remarks."""

    def __init__(self, values: WidgetValues, tracer: Tracer) -> None:
        self._values = values
        self._tracer = tracer
        self.remarks: list[Problem] = []

    def node(self, place: Place) -> dict[str, Any]:
        """The API-format node: its widgets, then its links, which win over widgets."""
        class_type = place.node.type
        description = self._values.described(class_type)
        if not description:
            self.remarks.append(Problem("ui_node_unknown", place.where))
        reading = self._values.of(place)
        inputs = self._literals(place, reading)
        for slot in place.node.inputs:
            if slot.name and slot.link:
                self._plug(place, slot, reading, inputs)
        self._remark_on_values(place, reading, inputs)
        self._remark_on_losses(place, description, inputs)
        shown = description.get("display_name")
        title = place.node.title or (shown if isinstance(shown, str) else "") or class_type
        return {"inputs": inputs, "class_type": class_type, "_meta": {"title": title}}

    def _literals(self, place: Place, reading: Reading) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, value in reading.values.items():
            if reading.widgets[name].type not in BROWSER_ONLY:
                self._set(place, name, value, inputs)
        return inputs

    def _set(self, place: Place, name: str, value: Any, inputs: dict[str, Any]) -> None:
        """A value stays a value: a list is wrapped, or the server would take it for a link."""
        if plain(value):
            inputs[name] = _as_input(value)
        else:
            self.remarks.append(Problem("ui_value_unusable", {**place.where, "input": name}))

    def _plug(self, place: Place, slot: Slot, reading: Reading, inputs: dict[str, Any]) -> None:
        match self._tracer.source(place.scope, slot.link):
            case Output(node_id, number):
                inputs[slot.name] = [node_id, number]
            case Literal(value) if slot.widget or slot.name in reading.widgets:
                self._set(place, slot.name, value, inputs)
            case Lost("muted"):
                inputs.pop(slot.name, None)
            case Lost("broken"):
                self.remarks.append(Problem("ui_link_broken", {**place.where, "input": slot.name}))
            case Lost("circle"):
                self.remarks.append(Problem("ui_link_circle", {**place.where, "input": slot.name}))

    def _remark_on_values(self, place: Place, reading: Reading, inputs: Mapping[str, Any]) -> None:
        if reading.old_list:
            self.remarks.append(Problem("ui_values_old", place.where))
        if reading.left_over:
            self.remarks.append(Problem("ui_values_left", place.where))
        for name, widget in reading.widgets.items():
            value = inputs.get(name)
            where = {**place.where, "input": name}
            if name in reading.unfit and value == _as_input(reading.values[name]):
                self.remarks.append(Problem("ui_value_unfit", where))
            if widget.type in BROWSER_ONLY and not is_link(value):
                self.remarks.append(Problem("ui_browser_only", where))
            if widget.options.get("dynamicPrompts") and isinstance(value, str):
                if CHANGING_TEXT.search(value):
                    self.remarks.append(Problem("ui_text_kept", where))

    def _remark_on_losses(
        self, place: Place, description: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> None:
        """Inputs that were plugged in, that the node needs, and that have nothing now."""
        sections = description.get("input")
        required = sections.get("required") if isinstance(sections, dict) else None
        for slot in place.node.inputs:
            if slot.link and slot.name not in inputs and slot.name in (required or ()):
                self.remarks.append(Problem("ui_input_lost", {**place.where, "input": slot.name}))


def _as_input(value: Any) -> Any:
    return {"__value__": value} if isinstance(value, list) else value

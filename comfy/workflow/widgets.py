"""The widgets of a node class, and their values in a saved canvas: by place, or by name.

The front end keeps widget values as a list without names. Which value belongs to which input
follows from /object_info: required inputs, then optional ones, each that has a widget; a seed is
followed by the choice "control after generate", which is no input. Measured on
comfyui-frontend-package 1.35.9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comfy.workflow.ui_graph import UiNode

DYNAMIC_CHOICE = "COMFY_DYNAMICCOMBO_V3"
BASIC = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
# Their values are made by the page while it queues a prompt; a file does not hold them.
BROWSER_ONLY = frozenset({"WEBCAM", "AUDIO_RECORD", "LOAD_3D", "LOAD_3D_ANIMATION"})
OTHER = frozenset({"COLOR", "MARKDOWN", "TEXTAREA", "LOAD3D_CAMERA", DYNAMIC_CHOICE})
WIDGET_TYPES = BASIC | BROWSER_ONLY | OTHER
CONTROL_WORDS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
MISSING = object()
MAX_DEPTH = 8  # of choices that bring further inputs, and of a value that is a list or an object

Take = Callable[["Widget"], Any]


@dataclass(frozen=True)
class Widget:
    """One widget of a class. `choices` is None unless it is a list to choose from."""

    name: str
    type: str
    options: Mapping[str, Any]
    choices: Sequence[Any] | None = None

    @property
    def has_widget(self) -> bool:
        """Whether the front end shows one; other inputs are only plugged in."""
        return self.type in WIDGET_TYPES and not self.options.get("forceInput")

    @property
    def controlled(self) -> bool:
        """Whether "control after generate" follows it in the list of values."""
        seed = self.type == "INT" and self.name in ("seed", "noise_seed")
        return bool(self.options.get("control_after_generate", seed))

    @property
    def default(self) -> Any:
        """What the front end shows in a new node."""
        if "default" in self.options:
            return self.options["default"]
        if self.choices is not None:
            return self.choices[0] if self.choices else MISSING
        zeros = {"INT": 0, "FLOAT": 0, "STRING": "", "BOOLEAN": False}
        return zeros.get(self.type, MISSING)

    def fits(self, value: object) -> bool:
        """Whether the value is of the widget's kind; an unknown choice of the right kind is."""
        if self.choices is not None:
            kinds = tuple({type(choice) for choice in self.choices})
            return not kinds or isinstance(value, kinds)
        match self.type:
            case "INT" | "FLOAT":
                return _is_number(value)
            case "BOOLEAN":
                return isinstance(value, bool)
            case "STRING":
                return isinstance(value, str)
        return True


@dataclass(frozen=True)
class Reading:
    """Values by input name, what was odd about them."""

    values: dict[str, Any]
    widgets: Mapping[str, Widget]
    unfit: tuple[str, ...] = ()  # inputs whose value in the file is of another kind
    missing: int = 0  # inputs for which the file has no value: they got defaults
    left_over: bool = False  # the file has settings that no input takes
    old_list: bool = False  # the list is from before "control after generate"


@dataclass
class _Collector:
    """Walks over a class's widgets and takes a value for each."""

    take: Take
    values: dict[str, Any] = field(default_factory=dict)
    widgets: dict[str, Widget] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    missing: int = 0

    def collect(self, widgets: Iterator[Widget], depth: int = 0) -> None:
        for widget in widgets:
            value = self.take(widget)
            if value is MISSING:
                self.missing += 1
                value = widget.default
            elif not widget.fits(value):
                self.unfit.append(widget.name)
            self.widgets[widget.name] = widget
            if value is not MISSING:
                self.values[widget.name] = value
            if depth < MAX_DEPTH:
                self.collect(_brought_by(widget, value), depth + 1)


def read_widgets(description: Mapping[str, Any], node: UiNode) -> Reading:
    """The node's widget values by name: the reading of its list that fits the class best.

    By name where the file has the names too (`widgets_values_named`, front end 1.56 and later)
    and both agree, so that an input which came or went does not shift the rest. Else by place as
    the front end does, or without the entries of "control after generate" (old files).
    """
    named = node.named_values
    if named and (not node.values or list(named.values()) == list(node.values)):
        return _read(description, node, _ByName(named))
    by_place = _ByPlace(node.values)
    modern = _read(description, node, by_place)
    if not by_place.skipped_a_value:
        return modern
    old = replace(_read(description, node, _ByPlace(node.values, controls=False)), old_list=True)
    return min(modern, old, key=lambda reading: (len(reading.unfit), reading.missing))


def _read(description: Mapping[str, Any], node: UiNode, take: _ByPlace | _ByName) -> Reading:
    collector = _Collector(take)
    collector.collect(_widgets(description, node))
    return Reading(
        collector.values,
        collector.widgets,
        tuple(collector.unfit),
        collector.missing,
        take.has_more(),
    )


class _ByPlace:
    """Takes the values of a list one after the other, as the front end does."""

    def __init__(self, values: Sequence[Any], *, controls: bool = True) -> None:
        self._rest = iter(values)
        self._controls = controls
        self.skipped_a_value = False  # where "control after generate" should be, was another

    def __call__(self, widget: Widget) -> Any:
        value = next(self._rest, MISSING)
        if widget.controlled and self._controls:
            control = next(self._rest, None)
            self.skipped_a_value |= control is not None and control not in CONTROL_WORDS
        return value

    def has_more(self) -> bool:
        """Whether settings are left that only a pack's page can name: lists and objects.

        Plain values at the end are those of upload buttons, or of inputs this server lacks.
        """
        return any(value and isinstance(value, list | dict) for value in self._rest)


class _ByName:
    """Takes values from an object, as VideoHelperSuite writes it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __call__(self, widget: Widget) -> Any:
        return self._values.get(widget.name, MISSING)

    def has_more(self) -> bool:
        """Objects may hold more than inputs: what a pack's page keeps about its preview."""
        return False


def _widgets(description: Mapping[str, Any], node: UiNode) -> Iterator[Widget]:
    """The widgets of the class, in the front end's order; of an unknown class, those it shows."""
    marked = {slot.name for slot in node.inputs if slot.widget}
    if not description:
        for slot in node.inputs:
            if slot.widget:
                yield Widget(slot.name, slot.type, {})
        return
    for name, spec in _specs(description.get("input"), description.get("input_order")):
        widget = _widget(name, spec)
        if widget.has_widget or (name in marked and not widget.options.get("forceInput")):
            yield widget


def _specs(sections: object, order: object = None) -> Iterator[tuple[str, Any]]:
    """Each input's name and description, required ones first."""
    for section in ("required", "optional"):
        specs = _table(_table(sections).get(section))
        listed = _table(order).get(section)
        names = listed if isinstance(listed, list) else list(specs)
        for name in names:
            if isinstance(name, str) and name in specs:
                yield name, specs[name]


def _widget(name: str, spec: object) -> Widget:
    """Read `[type, options]`; the choices of a COMBO are its type, or among its options."""
    kind, options, *_ = [*(spec if isinstance(spec, list) else []), None, None]
    table = _table(options)
    if isinstance(kind, list):
        return Widget(name, "COMBO", table, kind)
    kind = kind if isinstance(kind, str) else ""
    choices = table.get("options") if kind == "COMBO" else None
    if kind not in WIDGET_TYPES and isinstance(table.get("widgetType"), str):
        kind = table["widgetType"]  # several types may be plugged in; this one has the widget
    return Widget(name, kind, table, choices if isinstance(choices, list) else None)


def _brought_by(widget: Widget, value: object) -> Iterator[Widget]:
    """Further widgets that come with a choice: COMFY_DYNAMICCOMBO_V3, VideoHelperSuite's formats.

    Those of a dynamic choice are named after it: "resize_type.width".
    """
    formats = _table(widget.options.get("formats"))
    listed = formats.get(value) if isinstance(value, str) else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, list) and item and isinstance(item[0], str):
            yield _widget(item[0], item[1:])
    options = widget.options.get("options") if widget.type == DYNAMIC_CHOICE else None
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("key") == value:
            for name, spec in _specs(option.get("inputs")):
                brought = _widget(f"{widget.name}.{name}", spec)
                if brought.has_widget:
                    yield brought


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_number(value: object) -> bool:
    """A finite number, also one written as text (the server reads it)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return isinstance(value, int)


def plain(value: object, depth: int = 0) -> bool:
    """Whether a value can be sent: finite, of a size that servers read, not endlessly nested."""
    match value:
        case list():
            return depth < MAX_DEPTH and all(plain(item, depth + 1) for item in value)
        case dict():
            return depth < MAX_DEPTH and all(plain(item, depth + 1) for item in value.values())
        case int():
            return -(2**63) <= value < 2**64
        case float():
            return math.isfinite(value)
    return True

"""What a server would say to a prompt, asked of its /object_info before anything is sent."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.problem import Problem
from comfy.workflow.prompt import is_link

MODEL_ENDINGS = (".safetensors", ".gguf", ".sft", ".ckpt", ".pth", ".pt", ".bin", ".onnx")
UPLOADS = ("image_upload", "audio_upload", "video_upload", "file_upload")


@dataclass(frozen=True)
class Field:
    """One input as /object_info describes it; `choices` is None unless it is a COMBO."""

    name: str
    type: str
    required: bool
    options: Mapping[str, Any]
    choices: Sequence[Any] | None

    @property
    def takes_file(self) -> bool:
        """Whether it names an uploaded file: its list is never complete."""
        return any(self.options.get(key) for key in UPLOADS)

    def names_model(self, value: object) -> bool:
        """Whether the value is a model file that this input picks from a list."""
        is_file = isinstance(value, str) and value.lower().endswith(MODEL_ENDINGS)
        return is_file and self.choices is not None and not self.takes_file


def problems(
    nodes: Nodes, object_info: ObjectInfo, *, bound: Collection[tuple[str, str]] = ()
) -> list[Problem]:
    """Why this server cannot run the prompt; empty if nothing is known against it.

    `bound` are places (node id, input) that get their value later and are not judged. Use
    `resolve_models` first: model files are compared by the server's exact spelling here.
    """
    missing = sorted({n["class_type"] for n in nodes.values()} - object_info.keys())
    found = [Problem("node_missing", {"nodes": missing, "nearest": _nearest(missing, object_info)})]
    found = found if missing else []
    found += _missing_models(nodes, object_info, bound)
    for node_id, node in nodes.items():
        where = {"node": node_id, "class_type": node["class_type"]}
        for item in fields(object_info.get(node["class_type"], {})):
            if (node_id, item.name) not in bound:
                found += _field_problems(item, node["inputs"], where)
    found += _broken_links(nodes, object_info)
    if not missing and not any(_writes_output(node, object_info) for node in nodes.values()):
        found.append(Problem("output_node_missing"))
    return found


def resolve_models(
    nodes: Nodes,
    object_info: ObjectInfo,
    alternatives: Mapping[str, Sequence[str]] | None = None,
) -> Nodes:
    """A copy with model files in the server's own spelling: same base name in any folder.

    Where a file is not there, its `alternatives` (other files that do the same) are tried in
    order. What is not found stays as it is, for `problems` to name.
    """
    resolved = copy.deepcopy(nodes)
    for node_id, item in _models(resolved, object_info):
        inputs = resolved[node_id]["inputs"]
        wanted = inputs[item.name]
        others = (alternatives or {}).get(wanted, ())
        hits = (_spelling(name, item.choices or ()) for name in (wanted, *others))
        inputs[item.name] = next((hit for hit in hits if hit), wanted)
    return resolved


def fields(description: Mapping[str, Any]) -> Iterator[Field]:
    """The inputs of one class: [[choices], {options}], ["COMBO", {"options": choices}], [type]."""
    groups = description.get("input") or {}
    for group in ("required", "optional"):
        for name, spec in (groups.get(group) or {}).items():
            kind = spec[0] if spec else ""
            options = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
            choices = kind if isinstance(kind, list) else None
            if kind == "COMBO" and isinstance(options.get("options"), list):
                choices = options["options"]
            type_name = "COMBO" if isinstance(kind, list) else str(kind)
            yield Field(name, type_name, group == "required", options, choices)


def _models(nodes: Nodes, object_info: ObjectInfo) -> Iterator[tuple[str, Field]]:
    """Every place of the prompt that names a model file."""
    for node_id, node in nodes.items():
        for item in fields(object_info.get(node["class_type"], {})):
            if item.names_model(node["inputs"].get(item.name)):
                yield node_id, item


def _missing_models(
    nodes: Nodes, object_info: ObjectInfo, bound: Collection[tuple[str, str]]
) -> list[Problem]:
    models: list[str] = []
    nearest: dict[str, list[str]] = {}
    for node_id, item in _models(nodes, object_info):
        name, choices = nodes[node_id]["inputs"][item.name], item.choices or ()
        if name in choices or name in models or (node_id, item.name) in bound:
            continue
        models.append(name)
        nearest |= _nearest([name], [str(choice) for choice in choices])
    return [Problem("model_missing", {"models": models, "nearest": nearest})] if models else []


def _field_problems(
    item: Field, inputs: Mapping[str, Any], where: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with one input of a node; at most one problem."""
    place = {**where, "input": item.name}
    if item.name not in inputs:
        if item.required and not _is_dynamic(item, inputs):
            yield Problem("node_input_missing", place)
        return
    value = inputs[item.name]
    if is_link(value) or item.takes_file or item.names_model(value):
        return
    if item.choices is not None:
        if value not in item.choices:
            yield Problem("node_choice_unknown", {**place, "value": value})
    elif item.type in ("INT", "FLOAT"):
        yield from _number_problems(item, value, place)


def _number_problems(item: Field, value: Any, place: Mapping[str, Any]) -> Iterator[Problem]:
    low, high = item.options.get("min"), item.options.get("max")
    try:
        number = int(value) if item.type == "INT" else float(value)  # as the server does
    except (TypeError, ValueError, OverflowError):
        number = None
    too_low = number is not None and low is not None and number < low
    too_high = number is not None and high is not None and number > high
    if number is None or too_low or too_high:
        yield Problem("node_value_out_of_range", {**place, "value": value, "min": low, "max": high})


def _is_dynamic(item: Field, inputs: Mapping[str, Any]) -> bool:
    """Inputs that grow (V3) are given by parts: "images.image_1" for "images"."""
    return item.type.startswith("COMFY_") or any(k.startswith(f"{item.name}.") for k in inputs)


def _broken_links(nodes: Nodes, object_info: ObjectInfo) -> Iterator[Problem]:
    """Links to nodes that are not there, or to more outputs than a node has."""
    for node_id, node in nodes.items():
        for name, value in node["inputs"].items():
            if not is_link(value):
                continue
            source = nodes.get(value[0])
            outputs = object_info.get(source["class_type"], {}).get("output") if source else ()
            if outputs is not None and value[1] not in range(len(outputs)):
                details = {"node": node_id, "class_type": node["class_type"], "input": name}
                yield Problem("node_link_broken", details)


def _writes_output(node: Mapping[str, Any], object_info: ObjectInfo) -> bool:
    return bool(object_info[node["class_type"]].get("output_node"))


def _spelling(wanted: str, choices: Sequence[Any]) -> str | None:
    """The listed file that is meant: the same path if there is one, else the shortest."""
    same = [c for c in choices if isinstance(c, str) and _base(c) == _base(wanted)]
    path = wanted.replace("\\", "/").casefold()
    return min(
        same, key=lambda c: (c.replace("\\", "/").casefold() != path, len(c), c), default=None
    )


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].casefold()


def _nearest(names: Sequence[str], known: Collection[str]) -> dict[str, list[str]]:
    """For each name, up to three known ones that look like it, whatever their folder and ending."""
    by_stem = {_stem(name): name for name in known}
    close = {name: get_close_matches(_stem(name), by_stem, n=3) for name in names}
    return {name: [by_stem[stem] for stem in stems] for name, stems in close.items() if stems}


def _stem(name: str) -> str:
    base = _base(name)
    return next((base.removesuffix(end) for end in MODEL_ENDINGS if base.endswith(end)), base)

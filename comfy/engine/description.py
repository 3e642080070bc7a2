"""How a node is described by /object_info, and in the input_config of validation errors.

Two shapes exist on a ComfyUI server of January 2026: classic ("V1") classes write a list of
choices as [[...], {...}] and leave out options they do not have, newer ("V3") ones write
["COMBO", {"options": [...]}] and always give both.
"""

from __future__ import annotations

from typing import Any

from comfy.engine.folders import Folders
from comfy.engine.node import Node, Nodes


def describe_all(nodes: Nodes, folders: Folders) -> dict[str, Any]:
    return {name: describe(node, folders) for name, node in nodes.items()}


def describe(node: Node, folders: Folders) -> dict[str, Any]:
    """Describe one class, as GET /object_info/{class} does."""
    inputs = _inputs(node, folders)
    described = {
        "input": inputs,
        "input_order": {group: list(names) for group, names in inputs.items()},
        "output": list(node.outputs),
        "output_is_list": [False] * len(node.outputs),
        "output_name": list(node.output_names or node.outputs),
        "name": node.class_type,
        "display_name": node.display_name,
        "description": node.description,
        "python_module": node.python_module,
        "category": node.category,
        "output_node": node.output_node,
    }
    return described if node.classic else described | _newer_keys(node)


def input_config(node: Node, name: str, folders: Folders) -> list[Any]:
    """Describe one input as errors do: [type, options]; a classic COMBO's type is its list."""
    options = dict(node.inputs[name].options)
    if name in node.choices:
        options["options"] = node.choices[name](folders.input)
    if node.classic and node.inputs[name].type == "COMBO":
        return [options.pop("options"), options]
    return [node.inputs[name].type, options]


def choices_of(node: Node, name: str, folders: Folders) -> list[Any]:
    """List what a COMBO input may be now."""
    if name in node.choices:
        return node.choices[name](folders.input)
    return list(node.inputs[name].options.get("options", ()))


def _inputs(node: Node, folders: Folders) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {"required": {}}
    for name, given in node.inputs.items():
        group = groups.setdefault("required" if given.required else "optional", {})
        config = input_config(node, name, folders)
        group[name] = config[:1] if node.classic and not config[1] else config
    if node.hidden:
        groups["hidden"] = {
            name: name.upper() if node.classic else [name.upper()] for name in node.hidden
        }
    return groups


def _newer_keys(node: Node) -> dict[str, Any]:
    return {
        "output_tooltips": [None] * len(node.outputs),
        "output_matchtypes": None,
        "deprecated": False,
        "experimental": False,
        "api_node": False,
    }

"""Write down what was found in a workflow file: the manifest that `load_variant` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from comfy.workflow.discover import OWN_ORDER, Found, extras_of
from comfy.workflow.prompt import Prompt
from comfy.workflow.variant import Binding

HEAD = "# Where the inputs of the task go in the graph beside this file; found by comfy.add."


def write_manifest(found: Found) -> str:
    """The text of `<variant>.toml`; `found` must be without problems."""
    prompt = Prompt(found.nodes)
    prompt.keep_only(found.output_node)
    lines = [HEAD, f"order = {OWN_ORDER}", 'quality = "full"', "", "[output]"]
    lines += [f"{key} = {_value(name)}" for key, name in _select(found.output_node, prompt).items()]
    for binding in found.bindings:
        lines += ["", f"[[bind.{_key(binding.input.name)}]]", *_entry(binding, prompt)]
    for key, value in extras_of(found).items():
        lines += ["", "[extra_pnginfo]", f"{_key(key)} = {_value(value)}"]
    return "\n".join(lines) + "\n"


def write_graph(found: Found) -> str:
    """The text of `<variant>.json`: the mended graph, without what has no part in the result."""
    prompt = Prompt(found.nodes)
    prompt.keep_only(found.output_node)
    return json.dumps(prompt.nodes, ensure_ascii=False, indent=2) + "\n"


def _entry(binding: Binding, prompt: Prompt) -> list[str]:
    changes = {k: v for k, v in vars(binding.transform).items() if v is not None and v is not False}
    table = {"node": _select(binding.node, prompt), "input": binding.name, **changes}
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _select(node_id: str, prompt: Prompt) -> dict[str, str]:
    """By class where there is one of it; else by id, which the next export may change."""
    class_type = prompt.nodes[node_id]["class_type"]
    twins = [n for n, node in prompt.nodes.items() if node["class_type"] == class_type]
    return {"class_type": class_type} if len(twins) == 1 else {"id": node_id}


def _value(value: Any) -> str:
    """A TOML value; strings are written as in JSON, which TOML reads alike but for DEL."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)

"""Read a workflow file that anybody may have written: a graph in API format, or a sentence."""

from __future__ import annotations

import json
import math
import unicodedata
from pathlib import Path
from typing import Any

from comfy.errors import WorkflowError
from comfy.protocol import Nodes
from comfy.workflow.prompt import is_link, links

MOST_MEGABYTES = 20  # the largest official template has less than one
MOST_NODES = 2_000  # the largest official template has 150
MOST_NAME = 56  # characters; a variant's column has 64, and a form's name may be added


def check_name(path: Path) -> None:
    """A variant is called like its file. Raises WorkflowError file_name_unfit."""
    odd = {c for c in path.stem if unicodedata.category(c) in ("Cc", "Cs")}
    if odd or len(path.stem) > MOST_NAME:
        shown = "".join(c for c in path.stem if c not in odd)[:MOST_NAME]
        raise WorkflowError("file_name_unfit", variant=shown, limit=MOST_NAME)


def read_nodes(text: str) -> Nodes:
    """The graph in an API-format text. Raises WorkflowError with a code per fault."""
    return checked_nodes(read_json(text))


def read_file(path: Path) -> Any:
    """The JSON in a file. Raises WorkflowError graph_not_json, _too_large, _node_twice."""
    try:
        if path.stat().st_size > MOST_MEGABYTES * 1_000_000:
            raise WorkflowError("graph_too_large", limit=f"{MOST_MEGABYTES} MB")
        return read_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise WorkflowError("graph_not_json", reason=type(error).__name__) from error


def read_json(text: str) -> Any:
    """Strict JSON: no NaN, no number beyond what a float holds, no key twice in one table."""
    try:
        return json.loads(
            text, object_pairs_hook=_table, parse_constant=_finite, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise WorkflowError("graph_not_json", reason=str(error)) from error


def checked_nodes(data: Any) -> Nodes:
    """The graph, its nodes brought into one shape. Raises WorkflowError."""
    if not isinstance(data, dict) or not data:
        raise WorkflowError("graph_not_workflow")
    if len(data) > MOST_NODES:
        raise WorkflowError("graph_too_large", limit=f"{MOST_NODES} nodes")
    nodes = {node_id: _node(node_id, node) for node_id, node in data.items()}
    for node_id, name, (target, slot) in links(nodes):
        if target not in nodes or isinstance(slot, bool) or not isinstance(slot, int) or slot < 0:
            raise WorkflowError("graph_link_nowhere", node=node_id, input=name, target=target)
    if circle := _circle(nodes):
        raise WorkflowError("graph_circle", nodes=circle)
    return nodes


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise WorkflowError("graph_node_twice", node=next(n for n in names if names.count(n) > 1))
    return table


def _finite(text: str) -> float:
    """Python reads NaN, Infinity and 1e999; no server takes them back."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    return number


def _node(node_id: str, node: Any) -> dict[str, Any]:
    shape = node if isinstance(node, dict) else {}
    class_type, inputs, meta = (shape.get(key) for key in ("class_type", "inputs", "_meta"))
    if not isinstance(class_type, str) or not isinstance(inputs, dict):
        raise WorkflowError("graph_not_api", node=node_id)
    title = meta.get("title") if isinstance(meta, dict) else None
    plain = {"class_type": class_type, "inputs": inputs}
    return {**plain, "_meta": {"title": title}} if isinstance(title, str) else plain


def _circle(nodes: Nodes) -> list[str]:
    """Nodes that wait for each other; a server would refuse them, or never end."""
    waits = {
        node_id: {value[0] for value in node["inputs"].values() if is_link(value)}
        for node_id, node in nodes.items()
    }
    users: dict[str, list[str]] = {node_id: [] for node_id in nodes}
    for node_id, sources in waits.items():
        for source in sources:
            users[source].append(node_id)
    ready = [node_id for node_id, sources in waits.items() if not sources]
    while ready:
        done = ready.pop()
        for user in users[done]:
            waits[user].discard(done)
            if not waits[user]:
                ready.append(user)
    return [node_id for node_id, sources in waits.items() if sources][:10]

"""Results of nodes, kept by content: same class, same inputs, same files give the same key."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from comfy.engine.graph import Prompt, links_of
from comfy.engine.node import Node, Nodes, Result, Run, Video

LIMIT = 64 * 2**20  # bytes: what is kept stands beside the next prompt's own memory
OVERHEAD = 1024  # bytes counted for every entry, so that small ones are bounded too


class Cache:
    """Least recently used results, bounded by bytes. Used by the worker thread only."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, tuple[Result, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Result | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: str, result: Result) -> None:
        if key in self._entries:
            self._bytes -= self._entries.pop(key)[1]
        size = OVERHEAD + sum(size_of(output) for output in result.outputs)
        self._entries[key] = (result, size)
        self._bytes += size
        while self._bytes > self._limit and self._entries:
            self._bytes -= self._entries.popitem(last=False)[1][1]

    def videos(self) -> set[Path]:
        """List the files that results hold."""
        outputs = (output for result, _ in self._entries.values() for output in result.outputs)
        return {output.path for output in outputs if isinstance(output, Video)}

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0


def size_of(value: Any) -> int:
    """Count the bytes of the arrays in an output; a video counts with its file."""
    if isinstance(value, Video):
        return value.path.stat().st_size if value.path.is_file() else 0
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, (tuple, list)):
        return sum(size_of(item) for item in value)
    return 0


def cache_keys(prompt: Prompt, order: list[str], nodes: Nodes, run: Run) -> dict[str, str]:
    """Give each node in `order` (inputs before users) a key; node ids have no part in it."""
    keys: dict[str, str] = {}
    for node_id in order:
        node = nodes[prompt[node_id]["class_type"]]
        links = links_of(prompt, node_id, nodes)
        inputs = prompt[node_id]["inputs"] | dict.fromkeys(links)
        sources = {name: [keys[source], slot] for name, (source, slot) in links.items()}
        parts = [node.class_type, _fingerprint(node, inputs, run), inputs, sources]
        text = json.dumps(parts, sort_keys=True)
        keys[node_id] = hashlib.sha256(text.encode()).hexdigest()
    return keys


def _fingerprint(node: Node, inputs: Mapping[str, Any], run: Run) -> str:
    if node.fingerprint is None:
        return ""
    given = {name: value for name, value in inputs.items() if name in node.inputs}
    try:
        return node.fingerprint(run, **given)
    except Exception:
        # A border: node code may raise anything, e.g. as its file went away after validation.
        # As on the server, such a node is not cached; it then fails when it runs, and says why.
        return uuid.uuid4().hex

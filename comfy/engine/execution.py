"""Running one prompt: order, cached results, messages to the client, the entry for /history."""

from __future__ import annotations

import io
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from comfy.engine.cache import Cache, cache_keys
from comfy.engine.folders import Folders
from comfy.engine.graph import Prompt, links_of
from comfy.engine.loading import load
from comfy.engine.node import Interrupted, Nodes, Result
from comfy.engine.queue import Ended, Item

PREVIEW_SIZE = 512  # pixels, the longer side


class Messages(Protocol):
    """Where messages go. `to` is a client id; None means everybody."""

    def send(self, type_: str, data: Mapping[str, Any], to: str | None) -> None: ...

    def send_preview(self, jpeg: bytes, metadata: Mapping[str, Any], to: str | None) -> None: ...

    def set_current(self, client_id: str | None, node_id: str | None) -> None: ...


class NodeRun:
    """What a running node sees of the engine (`node.Run`)."""

    def __init__(self, execution: Execution, node_id: str, folders: Folders) -> None:
        self._execution = execution
        self.input_folder: Path = folders.input
        self.output_folder: Path = folders.output
        self.temp_folder: Path = folders.temp
        self.prompt_id = execution.item.prompt_id
        self.node_id = node_id

    def progress(self, value: int, maximum: int, preview: Image.Image | None = None) -> None:
        self.check()
        self._execution.report(self.node_id, value, maximum, preview)

    def check(self) -> None:
        if self._execution.interrupted():
            raise Interrupted


class Execution:
    """One run of one prompt, in the worker thread."""

    def __init__(
        self,
        item: Item,
        nodes: Nodes,
        folders: Folders,
        cache: Cache,
        messages: Messages,
        interrupted: Callable[[], bool],
    ) -> None:
        self.item = item
        self.interrupted = interrupted
        self._nodes = nodes
        self._folders = folders
        self._cache = cache
        self._out = messages
        self._log: list[tuple[str, dict[str, Any]]] = []
        self._states: dict[str, dict[str, Any]] = {}
        self._results: dict[str, Result] = {}
        self._executed: list[str] = []
        self._keys: dict[str, str] = {}

    def run(self) -> Ended:
        """Run all that is not cached. Never raises for what a node does."""
        self._note("execution_start")
        order = input_first(self.item.prompt, self.item.outputs, self._nodes)
        self._keys = cache_keys(
            self.item.prompt, order, self._nodes, NodeRun(self, "", self._folders)
        )
        found = {node_id: self._cache.get(self._keys[node_id]) for node_id in order}
        self._results = {n: result for n, result in found.items() if result is not None}
        cached = [node_id for node_id in self.item.prompt if node_id in self._results]
        self._note("execution_cached", nodes=cached)
        completed = all(self._step(node_id) for node_id in self._plan())
        if completed:
            self._note("execution_success")
        outputs = {n: dict(self._results[n].ui) for n in order if self._has_ui(n)}
        return Ended(self.item, completed, tuple(self._log), outputs)

    def report(
        self, node_id: str, value: float, maximum: float, preview: Image.Image | None
    ) -> None:
        self._set_state(node_id, value, maximum, "running")
        data = {
            "value": value,
            "max": maximum,
            "prompt_id": self.item.prompt_id,
            "node": node_id,
        }
        self._out.send("progress", data, self.item.client_id)
        if preview is not None:
            metadata = {
                "node_id": node_id,
                "prompt_id": self.item.prompt_id,
                "display_node_id": node_id,
                "parent_node_id": None,
                "real_node_id": node_id,
                "image_type": "image/jpeg",
            }
            self._out.send_preview(_jpeg(preview), metadata, self.item.client_id)

    def _plan(self) -> list[str]:
        """Order the nodes to visit: outputs, and what they need that is not cached."""
        needed = input_first(self.item.prompt, self.item.outputs, self._nodes, self._results)
        wanted = set(self.item.outputs)
        return [n for n in needed if n in wanted or n not in self._results]

    def _step(self, node_id: str) -> bool:
        if node_id in self._results:
            self._announce(node_id)
            self._finish_state(node_id)
            return True
        return self._execute(node_id)

    def _execute(self, node_id: str) -> bool:
        """Run one node; False when the prompt ends here."""
        self._set_state(node_id, 0.0, 1.0, "running")
        self._out.set_current(self.item.client_id, node_id)
        self._tell("executing", node=node_id, display_node=node_id)
        inputs = self._inputs(node_id)
        node = self._nodes[self._class_type(node_id)]
        run = NodeRun(self, node_id, self._folders)
        try:
            run.check()
            if node.needs:
                load(node.needs, run.check)
            result = node.run(run, **inputs)
        except Interrupted:
            self._note("execution_interrupted", everybody=True, **self._where(node_id))
            return False
        except Exception as error:  # a border: node code may raise anything
            self._note("execution_error", **self._where(node_id), **self._what(error, inputs))
            return False
        self._results[node_id] = result
        self._cache.put(self._keys[node_id], result)
        self._executed.append(node_id)
        self._announce(node_id)
        self._finish_state(node_id)
        return True

    def _inputs(self, node_id: str) -> dict[str, Any]:
        declared = self._nodes[self._class_type(node_id)].inputs
        given = self.item.prompt[node_id]["inputs"]
        inputs = {name: value for name, value in given.items() if name in declared}
        for name, (source, slot) in links_of(self.item.prompt, node_id, self._nodes).items():
            inputs[name] = self._results[source].outputs[slot]
        return inputs

    def _class_type(self, node_id: str) -> str:
        return str(self.item.prompt[node_id]["class_type"])

    def _has_ui(self, node_id: str) -> bool:
        return node_id in self._results and bool(self._results[node_id].ui)

    def _announce(self, node_id: str) -> None:
        if self._has_ui(node_id):
            output = dict(self._results[node_id].ui)
            self._tell("executed", node=node_id, display_node=node_id, output=output)

    def _where(self, node_id: str) -> dict[str, Any]:
        return {
            "node_id": node_id,
            "node_type": self._class_type(node_id),
            "executed": list(self._executed),
        }

    def _what(self, error: Exception, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "exception_message": f"{error}\n",
            "exception_type": exception_type(error),
            "traceback": traceback.format_tb(error.__traceback__),
            "current_inputs": {name: [_shown(value)] for name, value in inputs.items()},
            "current_outputs": list(self._results),
        }

    def _finish_state(self, node_id: str) -> None:
        maximum = self._states.get(node_id, {}).get("max", 1)
        self._set_state(node_id, maximum, maximum, "finished")

    def _set_state(self, node_id: str, value: float, maximum: float, state: str) -> None:
        self._states[node_id] = {
            "value": value,
            "max": maximum,
            "state": state,
            "node_id": node_id,
            "prompt_id": self.item.prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
        data = {"prompt_id": self.item.prompt_id, "nodes": dict(self._states)}
        self._out.send("progress_state", data, self.item.client_id)

    def _note(self, type_: str, *, everybody: bool = False, **data: Any) -> None:
        """Send a message that also belongs into the history."""
        body = {"prompt_id": self.item.prompt_id, **data, "timestamp": int(time.time() * 1000)}
        self._log.append((type_, body))
        if everybody or self.item.client_id is not None:
            self._out.send(type_, body, self.item.client_id)

    def _tell(self, type_: str, **data: Any) -> None:
        """Send a message to the client alone: without a client id nobody hears it."""
        if self.item.client_id is not None:
            body = {**data, "prompt_id": self.item.prompt_id}
            self._out.send(type_, body, self.item.client_id)


def input_first(
    prompt: Prompt,
    outputs: tuple[str, ...],
    nodes: Nodes,
    stop_at: Mapping[str, object] | None = None,
) -> list[str]:
    """List the outputs and all they depend on, inputs before users; not beyond `stop_at`."""
    order: dict[str, None] = {}

    def visit(node_id: str) -> None:
        if node_id in order:
            return
        if stop_at is None or node_id not in stop_at:
            for source, _ in links_of(prompt, node_id, nodes).values():
                visit(source)
        order[node_id] = None

    for output in outputs:
        visit(output)
    return list(order)


def exception_type(error: BaseException) -> str:
    """Name a class the way the protocol does: with its module, unless it is a builtin."""
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _jpeg(picture: Image.Image) -> bytes:
    small = picture.convert("RGB")
    small.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()

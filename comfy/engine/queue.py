"""The prompts that wait, the one that runs and those that ended, all moved under one lock."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from comfy.engine.graph import Prompt

HISTORY_LIMIT = 10_000


@dataclass(frozen=True)
class Item:
    """A prompt that was accepted."""

    number: float
    prompt_id: str
    prompt: Prompt
    extra_data: dict[str, Any]
    outputs: tuple[str, ...]

    @property
    def client_id(self) -> str | None:
        return self.extra_data.get("client_id")

    def to_wire(self) -> list[Any]:
        return [self.number, self.prompt_id, self.prompt, self.extra_data, list(self.outputs)]


@dataclass(frozen=True)
class Ended:
    """A prompt that ended, well or badly: an entry of /history."""

    item: Item
    completed: bool
    messages: tuple[tuple[str, dict[str, Any]], ...]
    outputs: dict[str, Any] = field(default_factory=dict)

    def message(self, type_: str) -> dict[str, Any] | None:
        return next((data for kind, data in self.messages if kind == type_), None)

    @property
    def status(self) -> dict[str, Any]:
        return {
            "status_str": "success" if self.completed else "error",
            "completed": self.completed,
            "messages": [list(message) for message in self.messages],
        }

    def to_wire(self) -> dict[str, Any]:
        return {
            "prompt": self.item.to_wire(),
            "outputs": self.outputs,
            "status": self.status,
            "meta": {node_id: _meta(node_id) for node_id in self.outputs},
        }


@dataclass(frozen=True)
class Snapshot:
    """All prompts at one moment. `pending` is in heap order, as on the server."""

    running: tuple[Item, ...]
    pending: tuple[Item, ...]
    ended: tuple[Ended, ...]


class PromptQueue:
    """Thread-safe. `on_change(remaining)` is called under the lock at every change."""

    def __init__(self, on_change: Callable[[int], None]) -> None:
        self._on_change = on_change
        self._changed = threading.Condition()
        self._heap: list[tuple[float, str, int, Item]] = []
        self._sequence = itertools.count()
        self._running: Item | None = None
        self._interrupted: Item | None = None
        self._history: OrderedDict[str, Ended] = OrderedDict()
        self._free = False
        self._dead = False

    def put(self, item: Item) -> None:
        with self._changed:
            entry = (item.number, item.prompt_id, next(self._sequence), item)
            heapq.heappush(self._heap, entry)
            self._announce()
            self._changed.notify()

    def take(self) -> Item | None:
        """Wait for the next prompt and mark it as running. None: memory is to be freed first."""
        with self._changed:
            self._changed.wait_for(lambda: not self._dead and (self._heap or self._free))
            if self._free:
                self._free = False
                return None
            self._running = heapq.heappop(self._heap)[3]
            self._announce()
            return self._running

    def finish(self, ended: Ended) -> None:
        """Move the running prompt into the history."""
        with self._changed:
            if self._running is ended.item:
                self._history.pop(ended.item.prompt_id, None)
                if len(self._history) > HISTORY_LIMIT:
                    self._history.popitem(last=False)
                self._history[ended.item.prompt_id] = ended
                self._running = None
            self._announce()

    def remaining(self) -> int:
        with self._changed:
            return self._remaining()

    def snapshot(self) -> Snapshot:
        with self._changed:
            running = () if self._running is None else (self._running,)
            pending = tuple(entry[3] for entry in self._heap)
            return Snapshot(running, pending, tuple(self._history.values()))

    def delete(self, prompt_id: str) -> None:
        """Drop one waiting prompt of this id, if there is one."""
        with self._changed:
            found = next((entry for entry in self._heap if entry[1] == prompt_id), None)
            if found is not None:
                self._heap.remove(found)
                heapq.heapify(self._heap)
                self._announce()

    def clear(self) -> None:
        with self._changed:
            self._heap.clear()
            self._announce()

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Ask the running prompt to stop; with an id, only if it is the one."""
        with self._changed:
            if self._running is None or prompt_id not in (None, self._running.prompt_id):
                return
            self._interrupted = self._running

    def interrupted(self, item: Item) -> bool:
        """Tell whether this prompt was asked to stop. Called in loops: takes no lock."""
        return self._interrupted is item

    def ended(self, prompt_id: str) -> Ended | None:
        with self._changed:
            return self._history.get(prompt_id)

    def delete_history(self, prompt_ids: Collection[str]) -> None:
        with self._changed:
            for prompt_id in prompt_ids:
                self._history.pop(prompt_id, None)

    def clear_history(self) -> None:
        with self._changed:
            self._history.clear()

    def free(self) -> None:
        """Let the worker drop its results before the next prompt, or now if it is idle."""
        with self._changed:
            self._free = True
            self._changed.notify()

    def forget(self) -> None:
        """Lose everything, the running prompt too, as a restart does. For fault tests."""
        with self._changed:
            self._interrupted = self._running or self._interrupted  # it may not have noticed yet
            self._running = None
            self._heap.clear()
            self._history.clear()
            self._announce()

    def stop_working(self, dead: bool) -> None:
        """Accept prompts but run none, as a server whose worker thread died. For fault tests."""
        with self._changed:
            self._dead = dead
            self._changed.notify()

    def _remaining(self) -> int:
        return len(self._heap) + (self._running is not None)

    def _announce(self) -> None:
        self._on_change(self._remaining())


def _meta(node_id: str) -> dict[str, Any]:
    return {
        "node_id": node_id,
        "display_node": node_id,
        "parent_node": None,
        "real_node_id": node_id,
    }

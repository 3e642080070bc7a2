"""The thread that runs prompts, one at a time, for as long as the engine lives."""

from __future__ import annotations

import logging
import threading
import time
import traceback

from comfy.engine.cache import Cache
from comfy.engine.execution import Execution, exception_type
from comfy.engine.folders import Folders
from comfy.engine.memory import give_back
from comfy.engine.node import Nodes
from comfy.engine.queue import Ended, Item, PromptQueue
from comfy.engine.sockets import Hub
from comfy.engine.sweep import sweep_folders, sweep_videos

log = logging.getLogger(__name__)


class Worker:
    """Takes prompts from the queue and runs them."""

    def __init__(self, nodes: Nodes, folders: Folders, queue: PromptQueue, hub: Hub) -> None:
        self._nodes = nodes
        self._folders = folders
        self._queue = queue
        self._hub = hub
        self._cache = Cache()

    def start(self) -> None:
        # Daemonic: it may sit in a long node when the engine has to stop at once.
        threading.Thread(target=self._work, name="engine-worker", daemon=True).start()

    def _work(self) -> None:
        while True:
            item = self._queue.take()
            if item is None:
                self._cache.clear()
                give_back()
                continue
            ended = self._run(item)
            give_back()
            self._sweep()
            self._queue.finish(ended)  # before "executing null": clients then ask the history
            self._hub.set_current(None, None)
            if item.client_id is not None:
                done = {"node": None, "prompt_id": item.prompt_id}
                self._hub.send("executing", done, item.client_id)

    def _sweep(self) -> None:
        """Free the disk while nothing runs; results whose files went are not offered again."""
        try:
            sweep_videos(self._folders, self._cache.videos())
            if sweep_folders(self._folders, self._queue.snapshot().pending):
                self._cache.clear()
        except OSError:  # e.g. another program holds a file open; the next sweep gets it
            log.exception("the folders could not be swept")

    def _run(self, item: Item) -> Ended:
        log.info("prompt %s begins", item.prompt_id)
        execution = Execution(
            item,
            self._nodes,
            self._folders,
            self._cache,
            self._hub,
            lambda: self._queue.interrupted(item),
        )
        try:
            return execution.run()
        except Exception as error:  # a border: the worker outlives every fault of ours
            log.exception("prompt %s broke the engine's own code", item.prompt_id)
            return Ended(item, False, (("execution_error", _own_fault(item, error)),))


def _own_fault(item: Item, error: Exception) -> dict[str, object]:
    return {
        "prompt_id": item.prompt_id,
        "node_id": "",
        "node_type": "",
        "executed": [],
        "exception_message": f"{error}\n",
        "exception_type": exception_type(error),
        "traceback": traceback.format_tb(error.__traceback__),
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": int(time.time() * 1000),
    }

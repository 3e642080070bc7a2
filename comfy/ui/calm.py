"""What is done again and again for nothing, switched off: it would slow every click down.

What is Gradio's is left as it is where a release no longer has what is changed here.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import http_server, state_holder
from gradio.state_holder import SessionState

AWAKE = 0.04  # seconds between two looks of Gradio's queue for work, while somebody is there
RESTING = 0.2  # and while nobody is: so long waits the first who comes
QUIET = 60.0  # seconds without an event, after which the queue rests
PROGRESS_SLEEP = 2.0  # seconds; no event of ours uses gr.Progress
TICK = 0.5  # seconds between two looks of the web server whether it is to end


class Session(SessionState):  # type: ignore[misc]
    """What Gradio keeps of one visitor, without a description of the whole page.

    It would be made anew for each visitor (60 ms in which nobody else is served) and again for
    what an event changes. Only Gradio's deep links read it, and this page has none.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        bare: Any = SimpleNamespace(default_config=blocks.default_config, blocks=())
        super().__init__(bare)

    def _update_config(self, key: int) -> None:
        """Nothing to keep."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing to keep."""


def calm(page: gr.Blocks) -> None:
    """For a page whose queue is set up, before it is launched."""
    queue = page._queue
    if hasattr(queue, "sleep_when_free") and hasattr(queue, "progress_update_sleep_when_free"):
        let_rest(queue)  # it looks for work each millisecond: 8 % of a core
        queue.progress_update_sleep_when_free = PROGRESS_SLEEP
    if hasattr(http_server.Server, "on_tick"):
        http_server.Server.main_loop = slow_loop
    if hasattr(state_holder, "SessionState"):
        state_holder.SessionState = Session
    # It is looked for on the whole path before and after each event, and is not installed.
    sys.modules.setdefault("matplotlib", None)  # type: ignore[arg-type]


def let_rest(queue: Any) -> None:
    """Gradio's queue looks for work rarely until there is some, and often for a while after."""
    push = queue.push
    falls_asleep: asyncio.TimerHandle | None = None

    def rest() -> None:
        queue.sleep_when_free = RESTING

    async def wake_and_push(*args: Any, **kwargs: Any) -> Any:
        nonlocal falls_asleep
        queue.sleep_when_free = AWAKE
        if falls_asleep:
            falls_asleep.cancel()
        falls_asleep = asyncio.get_running_loop().call_later(QUIET, rest)
        return await push(*args, **kwargs)

    rest()
    queue.push = wake_and_push


async def slow_loop(server: Any) -> None:
    """What uvicorn's `main_loop` does ten times a second."""
    while not await server.on_tick(0):
        await asyncio.sleep(TICK)


def settle() -> None:
    """All that stays is there: from now on the garbage collector looks through what is newer.

    It would stop everything for a third of a second each time, and find nothing.
    """
    gc.freeze()
    gc.enable()

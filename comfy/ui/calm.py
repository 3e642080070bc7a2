"""What Gradio does again and again for nothing, switched off: it would slow every click down.

Each is left as it is where a release of Gradio no longer has what is changed here.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import state_holder
from gradio.state_holder import SessionState

IDLE_SLEEP = 0.06  # seconds; of Gradio's queue, between two looks for work
PROGRESS_SLEEP = 0.5  # seconds; no event of ours uses gr.Progress


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
        queue.sleep_when_free = IDLE_SLEEP  # it is a millisecond: 8 % of a core
        queue.progress_update_sleep_when_free = PROGRESS_SLEEP
    if hasattr(state_holder, "SessionState"):
        state_holder.SessionState = Session
    # It is looked for on the whole path before and after each event, and is not installed.
    sys.modules.setdefault("matplotlib", None)  # type: ignore[arg-type]

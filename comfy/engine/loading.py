"""Load a module while somebody may want to stop: its libraries take seconds the first time."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from threading import Thread

CHECK_SECONDS = 0.05


def load(name: str, check: Callable[[], None]) -> None:
    """Import a module in a thread of its own; what `check` raises ends the wait, not the import.

    Raises what the import raises.
    """
    thread = Thread(target=_try, args=(name,), name=f"load-{name}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(CHECK_SECONDS)
        check()
    importlib.import_module(name)  # there already, or raises once more


def _try(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:  # for the thread that waits to raise
        return

"""A bounded mailbox between the socket's thread and the follower's."""

from __future__ import annotations

import threading
from collections import deque

from comfy.client.events import Ended, Gap, Preview, Progress, Signal

LIMIT = 256
PREVIEWS = 4  # a preview may have megabytes, and only the newest is of interest


class Inbox:
    """Keeps signals in order; when full it forgets old previews, then old progress, then others.

    Ended and Gap are never forgotten, but it does not keep two of the same one after the other.
    """

    def __init__(self) -> None:
        self._signals: deque[Signal] = deque()
        self._changed = threading.Condition()

    def put(self, signal: Signal) -> None:
        with self._changed:
            if self._signals and self._signals[-1] == signal:
                return
            self._signals.append(signal)
            self._trim()
            self._changed.notify()

    def get(self, timeout: float) -> Signal | None:
        """The oldest signal; None when nothing came within `timeout` seconds."""
        with self._changed:
            if not self._signals:
                self._changed.wait(max(0.0, timeout))
            return self._signals.popleft() if self._signals else None

    def _trim(self) -> None:
        previews = [signal for signal in self._signals if isinstance(signal, Preview)]
        if len(previews) > PREVIEWS:
            self._signals.remove(previews[0])
        if len(self._signals) <= LIMIT:
            return
        kept = next(
            (
                kind
                for kind in (Preview, Progress)
                if any(isinstance(s, kind) for s in self._signals)
            ),
            None,
        )
        for index, signal in enumerate(self._signals):
            if isinstance(signal, kept) if kept else not isinstance(signal, Ended | Gap):
                del self._signals[index]
                return

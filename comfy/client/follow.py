"""Wait for a prompt to end: the socket reports, /history decides.

One loop serves a live socket, a dropped one, a silent one, none at all, and a server that is away
for a while. Whenever the socket says "ended", says that it missed something, or says nothing for a
while, the server is asked over HTTP: /queue first, then /history. A prompt moves from one to the
other under a single lock, so in this order it cannot slip through; in the other it can.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from comfy.client.events import Ended, Event, Gap, Preview, Queued, Started
from comfy.client.socket import Socket
from comfy.client.verdict import judge
from comfy.errors import PromptInterrupted, PromptLost, PromptStalled, ServerError
from comfy.protocol import History, Queue

# Seconds between the "ended" message and the history entry: median 0.011, worst 0.035 measured.
LAG = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)
SOON = 0.03  # seconds; a short prompt ends before, and then the question is saved
SOONEST = 0.1  # seconds between two questions while no socket is open
SHARE = 0.1  # without a socket, the end is noticed at most this share of the run too late
SECOND_LOOK = 1.0  # seconds between the two looks that make a prompt lost
STOP_TURN = 0.25  # seconds between two looks at `stop`
CANCEL_AGAIN = 5.0  # seconds
POLLS = 10  # even in a stream of events we ask after this many polls
HUNG = 60  # times `stall`: how long a prompt may run without any sign of life


class Server(Protocol):
    """What following needs of a client. `tries=1`: the loop below is the retry."""

    def queue(self, *, tries: int = ...) -> Queue: ...

    def history(self, prompt_id: str, *, tries: int = ...) -> History | None: ...

    def cancel(self, prompt_id: str) -> bool: ...


class Follower:
    """One prompt on its way. Times are of the monotonic clock, in seconds."""

    def __init__(
        self,
        server: Server,
        socket: Socket,
        prompt_id: str,
        *,
        stop: Callable[[], bool] | None,
        poll: float,
        patience: float,
        stall: float,
    ) -> None:
        self._server = server
        self._socket = socket
        self._prompt_id = prompt_id
        self._stop = stop
        self._poll = poll
        self._patience = patience
        self._stall = stall
        now = time.monotonic()
        self._began = now
        self._answered = now  # the server's last answer over HTTP
        self._asked = now  # our last question
        self._ask_at = now + SOON  # our next question
        self._moved = now  # the last change of any kind: the queue's, or an event
        self._stop_at = now
        self._cancelled_at: float | None = None
        self._absent_since: float | None = None
        self._ahead: tuple[str, ...] | None = None  # prompts before ours; None while it runs
        self._place: int | None = None
        self._started = False
        self._entry: History | None = None

    def events(self) -> Generator[Event, None, History]:
        """Yield what happens until the prompt has succeeded; raise if it ended otherwise."""
        while self._entry is None:
            signal = self._socket.inbox.get(self._wait())
            if isinstance(signal, Ended):
                self._attempt(self._read_ending)
            elif isinstance(signal, Gap):
                self._ask_at = min(self._ask_at, time.monotonic() + SOON)
            elif signal is not None:
                yield from self._report(signal)
            if self._entry is None:
                self._obey_stop()
            if self._entry is None and time.monotonic() >= self._ask_at:
                yield from self._attempt(self._ask)
        while signal := self._socket.inbox.get(0):  # a short prompt may end before we listen
            if isinstance(signal, Event):
                yield from self._report(signal)
        return self._entry

    def _wait(self) -> float:
        until = self._ask_at if self._stop is None else min(self._ask_at, self._stop_at)
        return max(0.0, until - time.monotonic())

    def _report(self, event: Event) -> Iterator[Event]:
        now = self._moved = time.monotonic()
        self._ask_at = min(now + self._interval(), self._asked + POLLS * self._poll)
        if isinstance(event, Started):
            yield from self._start()
        elif self._started or not isinstance(event, Preview):  # too early, it is somebody else's
            yield from self._start()
            yield event

    def _start(self) -> list[Event]:
        if self._started:
            return []
        self._started = True
        return [Started()]

    def _attempt(self, question: Callable[[], list[Event]]) -> list[Event]:
        """Ask the server; while it is away, come back later, until patience ends."""
        try:
            events = question()
        except ServerError as error:
            now = time.monotonic()
            if not error.retry or now - self._answered > self._patience:
                raise
            self._absent_since = None  # two absences in a row, not with a crash in between
            self._ask_at = now + min(self._poll, SECOND_LOOK)
            return []
        self._answered = time.monotonic()
        return events

    def _read_ending(self) -> list[Event]:
        for pause in LAG:
            time.sleep(pause)
            if entry := self._server.history(self._prompt_id, tries=1):
                return self._end(entry)
        self._ask_at = time.monotonic() + SOONEST
        return []

    def _ask(self) -> list[Event]:
        now = self._asked = time.monotonic()
        self._ask_at = now + self._interval()
        queue = self._server.queue(tries=1)
        if self._prompt_id in queue:
            self._absent_since = None
            if self._prompt_id in queue.running:
                return self._runs()
            return self._waits(queue)
        if entry := self._server.history(self._prompt_id, tries=1):
            return self._end(entry)
        return self._is_absent(now)

    def _interval(self) -> float:
        if self._socket.connected:
            return self._poll
        return min(self._poll, max(SOONEST, (time.monotonic() - self._began) * SHARE))

    def _end(self, entry: History) -> list[Event]:
        judge(self._prompt_id, entry)
        self._entry = entry
        return []

    def _runs(self) -> list[Event]:
        now = time.monotonic()
        if self._ahead is not None or not self._started:
            self._ahead, self._moved = None, now
        # Without a socket there are no signs of life to miss.
        if self._socket.connected and now - self._moved > self._stall * HUNG:
            raise PromptStalled(phase="run")
        return self._start()

    def _waits(self, queue: Queue) -> list[Event]:
        now = time.monotonic()
        ahead = queue.running + queue.pending[: queue.pending.index(self._prompt_id)]
        if ahead != self._ahead:
            self._ahead, self._moved = ahead, now
        # A server whose worker died accepts prompts and runs none; somebody else's long video is
        # no such case, as long as it does not take for ever.
        limit = self._stall * HUNG if queue.running else self._stall
        if now - self._moved > limit:
            raise PromptStalled(phase="queue")
        if self._place == len(ahead):
            return []
        self._place = len(ahead)
        return [Queued(self._place)]

    def _is_absent(self, now: float) -> list[Event]:
        if self._cancelled_at is not None:  # what is deleted from the queue leaves no trace
            raise PromptInterrupted(node="", class_type="")
        if self._absent_since is None:
            self._absent_since = now
        elif now - self._absent_since >= SECOND_LOOK:
            raise PromptLost
        self._ask_at = self._absent_since + SECOND_LOOK
        return []

    def _obey_stop(self) -> None:
        now = time.monotonic()
        if self._stop is None or now < self._stop_at:
            return
        self._stop_at = now + STOP_TURN
        if self._cancelled_at is None and not self._stop():
            return
        if self._cancelled_at is None or now - self._cancelled_at > CANCEL_AGAIN:
            self._attempt(self._cancel)

    def _cancel(self) -> list[Event]:
        self._server.cancel(self._prompt_id)
        self._cancelled_at = self._ask_at = time.monotonic()
        return []

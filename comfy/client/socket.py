"""The WebSocket of one prompt, in one thread. It only reports; /history decides.

Why one socket per prompt, under a client id made from the prompt's id: a server sends the events of
a prompt only to the client id it was submitted with, and knows one socket per client id. So

* any replica of ours, also one that was started later, can listen to a prompt that is on a server;
* after a break we come back under the same id and hear the rest of this prompt: the server tells
  the running node at once, then progress and previews as before (measured on 0.3.64 and 0.8.0,
  whether the old connection was closed with or without a goodbye);
* the one trap is confined to this prompt and heals: where the server has not noticed the death of
  the old connection, it will forget the *new* one when it does. That socket stays open and silent.
  Therefore a socket that is silent for QUIET seconds is closed properly and opened again;
* previews without metadata and `executing` without prompt_id can only be this prompt's.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from urllib.parse import quote

from websockets.exceptions import WebSocketException

from comfy.client.events import Gap, Preview, Progress, Signal, parse
from comfy.client.inbox import Inbox
from comfy.client.wire import Connection

log = logging.getLogger(__name__)

FIRST_DELAY, LAST_DELAY = 0.1, 5.0  # seconds between two attempts to connect
STEADY = 5.0  # seconds a connection must last before we hurry to replace it
QUIET = 30.0  # seconds without any frame before a socket is taken for deaf
PING = 20.0  # seconds; ComfyUI itself never pings, and proxies cut idle connections at 60
MAX_FRAME = 16 * 2**20  # bytes
OPEN_TIMEOUT = 10.0  # seconds
GOODBYE = 1.0  # seconds that closing may take
TURN = 0.25  # seconds between two looks at the clock

# Must be the first message; it makes the server name the prompt in every preview.
FEATURES = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})


class Socket:
    """Puts everything the server says about one prompt into an inbox; reconnects until closed."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        prompt_id: str,
        headers: Mapping[str, str],
        ca_file: str = "",
        quiet: float = QUIET,
    ) -> None:
        self.connected = False
        self.inbox = Inbox()
        self._url = f"{url.replace('http', 'ws', 1)}/ws?clientId={quote(client_id, safe='')}"
        self._prompt_id = prompt_id
        self._headers = headers
        self._ca_file = ca_file
        self._quiet = quiet
        self._connection: Connection | None = None
        self._step: Signal | None = None  # the newest that was no preview
        self._closing = threading.Event()
        self._gone = threading.Event()
        self._asked = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"socket {prompt_id}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say goodbye to the server, so that the next socket under this id is the only one."""
        self._closing.set()
        if connection := self._connection:
            connection.wake()
            self._gone.wait(GOODBYE)

    def wait_until_asked(self, timeout: float) -> None:
        """Wait until the request to open is on its way, or could not be sent.

        A server that gets a prompt after this request has the socket open before the prompt starts.
        Where a proxy lets the prompt overtake, messages may be missed, as after any break.
        """
        self._asked.wait(timeout)

    def wait_for_first_try(self, timeout: float) -> bool:
        """Wait until the socket is open or could not be opened; True when it is open."""
        self._tried.wait(timeout)
        return self.connected

    def _run(self) -> None:
        delay = FIRST_DELAY
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._connect_and_listen()
            except (OSError, WebSocketException, EOFError, ValueError) as exc:
                log.debug("socket of prompt %s", self._prompt_id, exc_info=exc)
            was_connected, self.connected = self.connected, False
            self._asked.set()
            self._tried.set()
            if was_connected:
                self.inbox.put(Gap())
            lasted = time.monotonic() - began
            delay = FIRST_DELAY if was_connected and lasted > STEADY else min(delay * 2, LAST_DELAY)
            self._closing.wait(delay)

    def _connect_and_listen(self) -> None:
        connection = Connection(
            self._url,
            headers=self._headers,
            ca_file=self._ca_file,
            max_size=MAX_FRAME,
            timeout=OPEN_TIMEOUT,
        )
        try:
            self._connection = connection
            self._asked.set()
            connection.finish_opening()
            self._listen(connection)
        finally:
            self._connection = None
            connection.say_goodbye()
            if self._closing.is_set():
                self._gone.set()
            connection.close()

    def _listen(self, connection: Connection) -> None:
        connection.send(FEATURES)
        self.connected = True
        self._tried.set()
        self.inbox.put(Gap())
        heard = pinged = time.monotonic()
        while not self._closing.is_set() and time.monotonic() - heard < self._quiet:
            messages = connection.receive(TURN)
            now = time.monotonic()
            heard = now if messages else heard  # an answered ping is no proof of hearing
            if messages is not None:
                pinged = now
            elif now - pinged > PING:
                connection.ping()
                pinged = now
            for message in messages or ():
                if signal := self._ours(message):
                    self.inbox.put(signal)

    def _ours(self, message: str | bytes) -> Signal | None:
        parsed = parse(message)
        if parsed is None or parsed[0] not in ("", self._prompt_id):
            return None
        signal = parsed[1]
        if isinstance(signal, Preview):
            return signal
        # A step is told twice, in the state of all nodes and by itself; some servers tell it once.
        before, self._step = self._step, signal
        told = isinstance(before, Progress) and isinstance(signal, Progress)
        return None if told and before == signal else signal

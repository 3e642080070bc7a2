"""The network between a browser and the page: it can be pulled out, and put back in."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

LATE = 3.0  # seconds; nothing that one thing leads to begins later


class Cable:
    """Carries bytes to the app at `upstream`, from `url`.

    What begins with `late` arrives late, as after a lost packet; other connections go on.
    """

    def __init__(self, upstream: str, late: bytes = b"") -> None:
        self._late = late
        self._upstream = (urlsplit(upstream).hostname, urlsplit(upstream).port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._plugged = True
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._run, name="cable", daemon=True).start()

    def pull(self) -> None:
        """Break what is open, and refuse what comes."""
        self._plugged = False
        for end in self._ends:
            _hang_up(end)
        self._ends = []

    def plug_in(self) -> None:
        self._plugged = True

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.pull()

    def _run(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:  # closed
                return
            if not self._plugged:
                browser.close()
                continue
            app = socket.create_connection(self._upstream)
            self._ends += [browser, app]
            for pair in ((browser, app), (app, browser)):
                threading.Thread(target=_carry, args=(*pair, self._late), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, late: bytes) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            in_time = data.index(late) if late and late in data else len(data)
            target.sendall(data[:in_time])
            if in_time < len(data):
                time.sleep(LATE)
                target.sendall(data[in_time:])
    _hang_up(source)
    _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # it is gone already
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def cable(upstream: str, late: bytes = b"") -> Iterator[Cable]:
    laid = Cable(upstream, late)
    try:
        yield laid
    finally:
        laid.close()

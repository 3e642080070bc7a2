"""The network between a browser and the page: it can be pulled out, and put back in."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Cable:
    """Carries bytes to the app at `upstream`, from `url`."""

    def __init__(self, upstream: str) -> None:
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
                threading.Thread(target=_carry, args=pair, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _hang_up(source)
    _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # it is gone already
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def cable(upstream: str) -> Iterator[Cable]:
    laid = Cable(upstream)
    try:
        yield laid
    finally:
        laid.close()

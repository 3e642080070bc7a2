"""A small HTTP and WebSocket proxy on loopback that breaks chosen exchanges in one chosen way.

Each exchange has a connection of its own, so that breaking one breaks no other.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

FAULTS = (
    "cut_before",  # the request never arrives
    "cut_after",  # it does, but its answer never comes
    "delay",
    "duplicate",  # the request arrives twice
    "bad_gateway",  # 502, with a page for people
    "truncate",  # half of the answer, then nothing
    "too_many",  # 429, with Retry-After
    "black_hole",  # the connection stays open, and silent
)
DELAY = 0.3  # seconds
HOLE_SECONDS = 20.0  # a black hole's connection is let go at last
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True)
class Exchange:
    """One request. `prompt_id` is that of POST /prompt; `fault` is what was done to it; `carried`
    the bytes of its body."""

    method: str
    path: str
    prompt_id: str
    fault: str
    carried: int


class FaultProxy:
    """Forwards to `upstream`; `arm` says which exchange, counted from there, is broken and how."""

    def __init__(self, upstream: str) -> None:
        self._upstream = (urlsplit(upstream).hostname, urlsplit(upstream).port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.exchanges: list[Exchange] = []
        self._choose: Callable[[int, str, str], str] = lambda *_: ""
        self._before: Callable[[str, str], None] = lambda *_: None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._run, name="fault proxy", daemon=True)
        self._thread.start()

    def arm(self, fault: str = "", at: int = -1) -> None:
        """Count from 0 again; exchange number `at` suffers `fault`."""
        self.choose(lambda number, *_: fault if number == at else "")

    def choose(self, choose: Callable[[int, str, str], str]) -> None:
        """Let a function of (number, method, path) name each exchange's fault, or ""."""
        with self._lock:
            self.exchanges, self._choose, self._before = [], choose, lambda *_: None

    def before(self, act: Callable[[str, str], None]) -> None:
        """Call this with (method, path) before a request is forwarded."""
        self._before = act

    def drop(self) -> int:
        """Break everything that is open now; returns how many connections that were."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _reset(connection)
        return len(connections)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.drop()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if request := _read_request(client):
                self._exchange(client, request)
        except OSError:
            _reset(client)
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()

    def _exchange(self, client: socket.socket, request: bytes) -> None:
        method, path = request.split(b" ", 2)[:2]
        fault = self._note(method.decode(), path.decode(), request)
        match fault:
            case "cut_before":
                _reset(client)
            case "bad_gateway":
                _answer(client, b"502 Bad Gateway", b"Content-Type: text/html", PAGE)
            case "no_room":  # the server's disk is full
                _answer(client, b"500 Internal Server Error", b"Content-Type: text/plain", b"500")
            case "too_many":
                _answer(client, b"429 Too Many Requests", b"Retry-After: 1", b"slow down")
            case "black_hole":
                client.settimeout(HOLE_SECONDS)
                client.recv(1)
            case _:
                self._before(method.decode(), path.decode())
                self._forward(client, request, fault)

    def _note(self, method: str, path: str, request: bytes) -> str:
        body = request.partition(b"\r\n\r\n")[2]
        posted = method == "POST" and path.endswith("/prompt")
        prompt_id = json.loads(body).get("prompt_id", "") if posted else ""
        with self._lock:
            fault = self._choose(len(self.exchanges), method, path)
            path = path.partition("?")[0]
            self.exchanges.append(Exchange(method, path, prompt_id, fault, len(body)))
        return fault

    def _forward(self, client: socket.socket, request: bytes, fault: str) -> None:
        if fault == "delay":
            time.sleep(DELAY)
        with socket.create_connection(self._upstream) as server:
            server.sendall(_for_one_exchange(request))
            if b"\r\nUpgrade: websocket" in request:
                return self._join(client, server, fault)
            answer = _read_all(server)
        if fault == "duplicate":
            with socket.create_connection(self._upstream) as server:
                server.sendall(_for_one_exchange(request))
                answer = _read_all(server)
        if fault == "truncate":
            client.sendall(answer[: len(answer) // 2])
        if fault in ("cut_after", "truncate"):
            return _reset(client)
        client.sendall(answer)

    def _join(self, client: socket.socket, server: socket.socket, fault: str) -> None:
        """Let a websocket's bytes through, both ways, until either side ends."""
        if fault == "truncate":
            client.sendall(server.recv(40))
        if fault in ("cut_after", "truncate"):
            return _reset(client)
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one of the two was broken: so is the other
        for end in (source, target):
            _reset(end)


def _read_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += (part := client.recv(65536))
        if not part:
            return b""
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


def _for_one_exchange(request: bytes) -> bytes:
    if b"\r\nUpgrade: websocket" in request:
        return request
    return request.replace(b"\r\nConnection: keep-alive\r\n", b"\r\nConnection: close\r\n", 1)


def _read_all(server: socket.socket) -> bytes:
    return b"".join(iter(lambda: server.recv(65536), b""))


def _answer(client: socket.socket, status: bytes, field: bytes, body: bytes) -> None:
    head = b"HTTP/1.1 %b\r\n%b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    client.sendall(head % (status, field, len(body)) + body)


def _reset(end: socket.socket) -> None:
    """Break a connection as a dying machine does: with RST, whoever waits on it."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is gone already
        pass
    end.close()

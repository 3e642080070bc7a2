"""One WebSocket connection (RFC 6455) over a blocking socket, for a single thread.

The websockets library speaks the protocol without doing I/O. With its I/O around it each connection
costs three threads instead of one, and the request to open cannot be told from its answer: here
other requests may go out as soon as ours is on its way, one round trip earlier.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import ssl
import time
from collections.abc import Mapping

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

READ = 2**16  # bytes
SEND_TIMEOUT = 10.0  # seconds
LINGER = 1.0  # seconds

QUIET = logging.getLogger(f"{__name__}.frames")
QUIET.setLevel(logging.WARNING)  # at DEBUG the library writes down headers, and tokens with them


class Connection:
    """Connects and sends the request to open; `finish_opening` waits for the answer.

    Raises OSError, also for certificates, and websockets' exceptions for answers that are wrong.
    Redirects are wrong answers: they could lead a token to an address that nobody configured.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str], ca_file: str, max_size: int, timeout: float
    ) -> None:
        address = parse_uri(url)
        self._protocol = ClientProtocol(address, max_size=max_size, logger=QUIET)
        self._parts: list[bytes] = []  # of a message whose last frame is still to come
        self._text = False
        self._timeout = timeout
        self._socket = socket.create_connection((address.host, address.port), timeout=timeout)
        self._woken, self._waker = socket.socketpair()
        self._waiting = selectors.DefaultSelector()
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.secure:
                context = ssl.create_default_context(cafile=ca_file or None)
                self._socket = context.wrap_socket(self._socket, server_hostname=address.host)
            for readable in (self._socket, self._woken):
                self._waiting.register(readable, selectors.EVENT_READ)
            request = self._protocol.connect()
            request.headers.update(headers)
            self._protocol.send_request(request)
            self._flush()
        except BaseException:
            self.close()
            raise

    def finish_opening(self) -> None:
        """Wait until the server has accepted. Raises also when it refuses."""
        deadline = time.monotonic() + self._timeout
        while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
            if not self._read(max(0.001, deadline - time.monotonic())):
                raise TimeoutError
        if self._protocol.handshake_exc:
            raise self._protocol.handshake_exc

    def send(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self._flush()

    def ping(self) -> None:
        self._protocol.send_ping(b"")
        self._flush()

    def receive(self, timeout: float) -> list[str | bytes] | None:
        """What came within `timeout` seconds, maybe no whole message; None for nothing at all.

        Raises EOFError once the connection has ended.
        """
        events = self._protocol.events_received()  # some came together with the answer
        if not events:
            if self._protocol.state is not State.OPEN:
                raise EOFError
            if not self._read(timeout):
                return None
            events = self._protocol.events_received()
        frames = [event for event in events if isinstance(event, Frame)]
        return [message for frame in frames for message in self._message(frame)]

    def wake(self) -> None:
        """Make a waiting `receive` end now; the one method for another thread."""
        with contextlib.suppress(OSError):  # it has ended already
            self._waker.send(b"!")

    def say_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush()

    def close(self) -> None:
        """End the connection; after a goodbye, wait a little for the server to end it first.

        What it still sends has to be read: else it would see a reset instead of an end.
        """
        deadline = time.monotonic() + LINGER
        with contextlib.suppress(OSError, EOFError):
            while self._protocol.state is State.CLOSING and time.monotonic() < deadline:
                self._socket.settimeout(LINGER)
                self._protocol.receive_data(self._receive())
        for each in (self._waiting, self._socket, self._woken, self._waker):
            each.close()

    def _read(self, timeout: float) -> bool:
        """Feed the protocol with what has come; False when nothing did."""
        if not self._has_come(timeout):
            return False
        self._socket.settimeout(timeout)
        try:
            data = self._receive()
        except TimeoutError:  # a part of a TLS record
            return False
        self._protocol.receive_data(data)
        self._flush()
        return True

    def _has_come(self, timeout: float) -> bool:
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        ready = [key.fileobj for key, _ in self._waiting.select(timeout)]
        if self._woken in ready:
            raise EOFError
        return bool(ready)

    def _receive(self) -> bytes:
        data = self._socket.recv(READ)
        if not data:
            raise EOFError
        return data

    def _flush(self) -> None:
        self._socket.settimeout(SEND_TIMEOUT)
        for data in self._protocol.data_to_send():
            self._socket.sendall(data)  # the empty one means "no more", which close() tells

    def _message(self, frame: Frame) -> list[str | bytes]:
        """The message that ends with this frame."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return []
        if frame.opcode is not Opcode.CONT:
            self._text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return []
        whole = b"".join(self._parts)
        self._parts.clear()
        return [whole.decode(errors="replace") if self._text else whole]

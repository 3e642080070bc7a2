"""The websocket /ws: who listens, and what reaches whom.

Behaviour of a ComfyUI server of January 2026, its quirks included: one socket per client id, the
newest hears everything; when an older one of the same id closes, the newer one hears nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import struct
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

log = logging.getLogger(__name__)

PREVIEW_IMAGE = 1
PREVIEW_IMAGE_WITH_METADATA = 4
JPEG = 1
BACKLOG = 1000  # messages; a client that is further behind is let go


class Connection:
    """One open socket and the messages on their way to it."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.wants_metadata = False
        self._outbox: asyncio.Queue[str | bytes] = asyncio.Queue(BACKLOG)

    def push(self, message: str | bytes) -> bool:
        """Queue a message; False when the client is too far behind."""
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    async def pump(self) -> None:
        """Send until the socket breaks."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            while True:
                message = await self._outbox.get()
                if isinstance(message, str):
                    await self.websocket.send_text(message)
                else:
                    await self.websocket.send_bytes(message)


class Hub:
    """All open sockets. `send` and `send_preview` may be called from any thread."""

    def __init__(self, features: Mapping[str, Any]) -> None:
        self._features = features
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: dict[str, Connection] = {}
        self._current: tuple[str | None, str | None] = (None, None)
        self._remaining = 0

    def start(self) -> None:
        """Remember the event loop that owns the sockets; call it from there."""
        self._loop = asyncio.get_running_loop()

    def send(self, type_: str, data: Mapping[str, Any], to: str | None) -> None:
        """Send a message to a client id, or to everybody (None)."""
        text = message(type_, data)
        self._post(to, text, text)

    def send_preview(self, jpeg: bytes, metadata: Mapping[str, Any], to: str | None) -> None:
        """Send a preview: with its node and prompt to those who announced that they can read it."""
        described = json.dumps(metadata).encode()
        rich = struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(described)) + described + jpeg
        self._post(to, struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg, rich)

    def send_status(self, remaining: int) -> None:
        """Tell everybody how many prompts wait or run."""
        self._remaining = remaining
        self.send("status", _status(remaining), None)

    def set_current(self, client_id: str | None, node_id: str | None) -> None:
        """Note the running node, for a client that connects again."""
        self._current = (client_id, node_id)

    async def serve(self, websocket: WebSocket) -> None:
        """Keep one socket until it closes."""
        await websocket.accept()
        sid = websocket.query_params.get("clientId") or uuid.uuid4().hex
        connection = Connection(websocket)
        self._connections[sid] = connection
        connection.push(message("status", {**_status(self._remaining), "sid": sid}))
        client_id, node_id = self._current
        if client_id == sid and node_id is not None:
            connection.push(message("executing", {"node": node_id}))
        pump = asyncio.create_task(connection.pump())
        try:
            await self._listen(connection)
        finally:
            self._connections.pop(sid, None)
            pump.cancel()

    async def _listen(self, connection: Connection) -> None:
        """Read the first message, which may be the client's feature flags; ignore all others."""
        first = True
        while True:
            received = await connection.websocket.receive()
            if received["type"] == "websocket.disconnect":
                return
            said = _parse(received.get("text")) if first else {}
            first = False
            if said.get("type") == "feature_flags":
                flags = said.get("data")
                connection.wants_metadata = isinstance(flags, dict) and bool(
                    flags.get("supports_preview_metadata")
                )
                connection.push(message("feature_flags", self._features))

    def _post(self, to: str | None, plain: str | bytes, rich: str | bytes) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, to, plain, rich)

    def _deliver(self, to: str | None, plain: str | bytes, rich: str | bytes) -> None:
        sids = list(self._connections) if to is None else [to]
        for sid in sids:
            connection = self._connections.get(sid)
            if connection is None:
                continue
            if not connection.push(rich if connection.wants_metadata else plain):
                log.warning("socket of client %s is too far behind and hears no more", sid)
                del self._connections[sid]


def message(type_: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": type_, "data": data})


def _status(remaining: int) -> dict[str, Any]:
    return {"status": {"exec_info": {"queue_remaining": remaining}}}


def _parse(text: str | None) -> dict[str, Any]:
    try:
        said = json.loads(text or "")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}

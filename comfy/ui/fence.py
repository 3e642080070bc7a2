"""Between people who logged in: what one has, another cannot fetch, follow, cancel or name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from anyio import to_thread

from comfy.ui.asgi import (
    App,
    Message,
    Receive,
    Scope,
    Send,
    local_path,
    read_body,
    replayed,
    respond,
)
from comfy.ui.origins import SAFE
from comfy.ui.ownership import Ownership, TooDeep

GRADIO = "/gradio_api/"  # all else is ours, and looks for itself who asks
JSON_LIMIT = 2_000_000  # bytes of a body that is looked into
UPLOAD = "/gradio_api/upload"
FILE = re.compile(r"^/gradio_api/file[=/](.*)", re.DOTALL)
SESSION = re.compile(r"^/gradio_api/(?:heartbeat|stream)/([^/]+)")
ANSWER = re.compile(r"^/gradio_api/call/(?:v2/)?[^/]+/([^/]+)/?$")
BEGIN = re.compile(r"^/gradio_api/(queue/join|call/(v2/)?[^/]+)/?$")


class Fence:
    """ASGI app for requests of people whose `name` is known; the rest answers 404."""

    def __init__(self, app: App, ownership: Ownership) -> None:
        self._app = app
        self._ownership = ownership

    async def __call__(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        path = local_path(scope)
        if not await self._may_ask(scope, path, name):
            return await _not_found(send)
        if path.rstrip("/") == UPLOAD:
            send = _overheard(send, lambda body: self._ownership.claim_upload(body, name))
        elif scope["method"] not in SAFE and path.startswith(GRADIO):
            body = await read_body(receive, JSON_LIMIT)
            if body is None or not await to_thread.run_sync(self._may_send, body, name):
                return await _not_found(send)
            receive = replayed(body, receive)
            if BEGIN.match(path):
                send = _overheard(send, lambda body: self._begun(body, name))
        await self._app(scope, receive, send)

    async def _may_ask(self, scope: Scope, path: str, name: str) -> bool:
        """What the address itself names: a file, a session, a call's number."""
        mine = self._ownership
        if match := FILE.match(path):
            return await to_thread.run_sync(mine.may_read, unquote(match[1]), name)
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        named = [value for key in ("session_hash", "upload_id") for value in query.get(key, ())]
        if match := SESSION.match(path):
            named.append(match[1])
        if scope["method"] == "GET" and (match := ANSWER.match(path)):
            return mine.is_bound(match[1], name)
        return all(mine.bind(session, name) for session in named)

    def _may_send(self, body: bytes, name: str) -> bool:
        mine = self._ownership
        try:
            found = json.loads(body) if body else {}
            named = [found.get(k) for k in ("session_hash", "event_id")] if _is_table(found) else []
            known = all(mine.bind(session, name) for session in named if isinstance(session, str))
            return known and mine.may_send(found, name)
        except (ValueError, RecursionError, TooDeep):
            return False

    def _begun(self, answer: Any, name: str) -> None:
        if _is_table(answer) and isinstance(answer.get("event_id"), str):
            self._ownership.bind(answer["event_id"], name)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


async def _not_found(send: Send) -> None:
    await respond(send, 404, b"not found", "text/plain")


def _overheard(send: Send, tell: Callable[[Any], object]) -> Send:
    """Passes an answer on, and tells what its JSON says before it is sent off."""
    start: list[Message] = []
    body = bytearray()

    async def write(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        if start[0]["status"] == 200:
            await to_thread.run_sync(tell, json.loads(bytes(body)))
        await send(start[0])
        await send({"type": "http.response.body", "body": bytes(body)})

    return write

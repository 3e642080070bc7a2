"""Faults that tests switch on from outside by POST /_faults; part of no normal engine.

The body is one JSON object; each key is one fault:

    drop_socket: true                            break all open sockets, without a close frame
    refuse_socket, silence_socket, dead_worker   true or false
    forget: true                                 lose queue and history, as a restart does
    clear: true                                  switch all faults off
    status: {path, code}                         answer with this code
    slow: {path, seconds}                        answer late
    lose_answer: {path}                          do the work, then break the connection
    truncate: {path, bytes}                      break the connection after so many bytes of body

The last four take `times` (1; null: for ever) and `method` (any); `path` is without /api and
covers what is below it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from comfy.engine.server import Engine

RULES = ("status", "slow", "lose_answer", "truncate")
ABORTED = 0.05  # seconds for the event loop to notice a connection that was broken


@dataclass
class Rule:
    """A fault of some requests. `left` counts down; None never ends."""

    kind: str
    path: str
    left: int | None = 1
    method: str = ""
    code: int = 500
    seconds: float = 0.0
    bytes: int = 0

    def fits(self, path: str, method: str) -> bool:
        if self.left == 0 or self.method not in ("", method):
            return False
        return path == self.path or path.startswith(f"{self.path}/")


class Faults:
    """The outermost layer of an engine under test."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._server: uvicorn.Server | None = None
        self._rules: list[Rule] = []
        self._refuse = False
        self._silence = False
        self._sockets: set[tuple[str, int]] = set()

    def attach(self, server: uvicorn.Server) -> None:
        """Take the server whose connections are to be broken."""
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/_faults":
            self._switch(await Request(scope, receive).json())
            await Response()(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve_http(scope, receive, send)
        else:
            await self._engine.app(scope, receive, send)

    def _switch(self, body: dict[str, Any]) -> None:
        if body.get("clear"):
            self._rules.clear()
            self._refuse = self._silence = False
            self._engine.queue.stop_working(False)
        self._refuse = body.get("refuse_socket", self._refuse)
        self._silence = body.get("silence_socket", self._silence)
        if "dead_worker" in body:
            self._engine.queue.stop_working(body["dead_worker"])
        if body.get("forget"):
            self._engine.queue.forget()
        if body.get("drop_socket"):
            for client in list(self._sockets):
                self._abort(client)
        for kind in RULES:
            if kind in body:
                options = dict(body[kind])
                self._rules.append(Rule(kind, left=options.pop("times", 1), **options))

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if slow := self._take("slow", scope):
            await asyncio.sleep(slow.seconds)
        if status := self._take("status", scope):
            await PlainTextResponse("fault", status.code)(scope, receive, send)
        elif self._take("lose_answer", scope):
            await self._engine.app(scope, receive, _swallow)
            await self._break(scope)
        elif truncate := self._take("truncate", scope):
            await self._engine.app(scope, receive, _first_bytes(send, truncate.bytes))
            await self._break(scope)
        else:
            await self._engine.app(scope, receive, send)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._refuse:
            await send({"type": "websocket.close", "code": 1008})
            return

        async def silenceable(message: Message) -> None:
            if not (self._silence and message["type"] == "websocket.send"):
                await send(message)

        self._sockets.add(scope["client"])
        try:
            await self._engine.app(scope, receive, silenceable)
        finally:
            self._sockets.discard(scope["client"])

    def _take(self, kind: str, scope: Scope) -> Rule | None:
        path = scope["path"].removeprefix("/api")
        for rule in self._rules:
            if rule.kind == kind and rule.fits(path, scope["method"]):
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return None

    async def _break(self, scope: Scope) -> None:
        self._abort(scope["client"])
        await asyncio.sleep(ABORTED)

    def _abort(self, client: tuple[str, int]) -> None:
        """Reset a connection. ASGI has no word for it: uvicorn's transport is asked."""
        connections = self._server.server_state.connections if self._server else ()
        for protocol in list(connections):
            if getattr(protocol, "client", None) == client:
                protocol.transport.abort()


async def _swallow(message: Message) -> None:
    """Send nothing."""


def _first_bytes(send: Send, limit: int) -> Send:
    left = limit

    async def limited(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")[:left]
            left -= len(body)
            message = {**message, "body": body, "more_body": True}
        await send(message)

    return limited

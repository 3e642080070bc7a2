"""A real HTTP and WebSocket server on loopback whose prompts do what a test tells them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

Answer = Callable[[Request], Response | None]  # None: the ordinary answer


@dataclass
class Seen:
    """One request, or one opening of a socket."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Scripted:
    """What the server knows; a test changes it at will, and reads what was asked."""

    running: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)  # first part of the path -> answer
    refuse_sockets: Response | None = None
    requests: list[Seen] = field(default_factory=list)
    opened: list[Seen] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # from sockets
    sockets: dict[str, WebSocket] = field(default_factory=dict)
    root: str = ""

    def start(self, certificate: str = "") -> Scripted:
        """Listen on a free port; with a file of certificate and key, by https and wss."""
        # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is spelled out.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}{self.root}"
        routes = [
            WebSocketRoute(f"{self.root}/ws", self._socket),
            Route(f"{self.root}/{{path:path}}", self._http, methods=["GET", "HEAD", "POST"]),
        ]
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=routes),
                log_level="critical",
                ws="websockets-sansio",
                ssl_certfile=certificate or None,
            )
        )
        arguments = {"sockets": [listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=arguments, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)
        return self

    def stop(self, *, wait: bool = True) -> None:
        self._server.should_exit = self._server.force_exit = True
        if wait:
            self._thread.join(5)

    def end(self, prompt_id: str, *messages: list[Any], status: str = "success") -> None:
        """Move a prompt from the queue to the history."""
        entry = {"outputs": {}, "status": {"status_str": status, "messages": list(messages)}}
        self.ended[prompt_id] = entry
        self.running = [other for other in self.running if other != prompt_id]

    def say(self, prompt_id: str, kind: str, /, **data: object) -> None:
        """Send a text message to the prompt's socket."""
        self.send(prompt_id, json.dumps({"type": kind, "data": {"prompt_id": prompt_id, **data}}))

    def send(self, prompt_id: str, message: str | bytes) -> None:
        ws = self.socket_of(prompt_id)
        send = ws.send_text(message) if isinstance(message, str) else ws.send_bytes(message)
        asyncio.run_coroutine_threadsafe(send, self._loop).result(5)

    def drop(self, prompt_id: str) -> None:
        """Close the prompt's socket from the server's side."""
        ws = self.socket_of(prompt_id)
        asyncio.run_coroutine_threadsafe(ws.close(1011), self._loop).result(5)
        wait_until(lambda: self.sockets.get(ws.query_params["clientId"]) is not ws)

    def socket_of(self, prompt_id: str) -> WebSocket:
        wait_until(lambda: any(key.endswith(prompt_id) for key in self.sockets))
        return next(ws for key, ws in self.sockets.items() if key.endswith(prompt_id))

    def paths(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.requests]

    async def _http(self, request: Request) -> Response:
        path = request.path_params["path"]
        self.requests.append(await _seen(request, path))
        first = path.partition("/")[0]
        if (answer := self.answers.get(first)) and (response := answer(request)) is not None:
            return response
        return await getattr(self, f"_{first}", _not_found)(request)

    async def _prompt(self, request: Request) -> Response:
        prompt_id = (await request.json())["prompt_id"]
        self.pending.append(prompt_id)
        return JSONResponse({"prompt_id": prompt_id, "number": 1, "node_errors": {}})

    async def _queue(self, request: Request) -> Response:
        if request.method == "POST":
            gone = (await request.json())["delete"]
            self.pending = [prompt_id for prompt_id in self.pending if prompt_id not in gone]
            return Response()
        pending = [[number, prompt_id] for number, prompt_id in enumerate(self.pending)]
        running = [[0, prompt_id] for prompt_id in self.running]
        return JSONResponse({"queue_running": running, "queue_pending": pending})

    async def _history(self, request: Request) -> Response:
        prompt_id = request.path_params["path"].removeprefix("history/")
        entry = self.ended.get(prompt_id)
        return JSONResponse({prompt_id: entry} if entry else {})

    async def _interrupt(self, request: Request) -> Response:
        prompt_id = (await request.json())["prompt_id"]
        if prompt_id in self.running:
            stopped = ["execution_interrupted", {"node_id": "3", "node_type": "KSampler"}]
            self.end(prompt_id, stopped, status="error")
        return Response()

    async def _features(self, request: Request) -> Response:
        return JSONResponse({"max_upload_size": 104857600})

    async def _socket(self, ws: WebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        client_id = ws.query_params["clientId"]
        self.opened.append(Seen("GET", "ws", dict(ws.query_params), dict(ws.headers)))
        if self.refuse_sockets is not None:
            return await ws.send_denial_response(self.refuse_sockets)
        await ws.accept()
        self.sockets[client_id] = ws
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                self.heard.append(await ws.receive_text())
        self.sockets.pop(client_id, None)


async def _seen(request: Request, path: str) -> Seen:
    query, headers = dict(request.query_params), dict(request.headers)
    return Seen(request.method, path, query, headers, await request.body())


async def _not_found(request: Request) -> Response:
    return Response(status_code=404)


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)

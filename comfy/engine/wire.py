"""Answers and bodies as ComfyUI's HTTP server (aiohttp) writes and reads them."""

from __future__ import annotations

import http
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 100 * 2**20  # bytes
TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble"
TEXT = "text/plain; charset=utf-8"

Handler = Callable[[Request], Awaitable[Response]]


class BodyTooLarge(Exception):
    """The request is longer than BODY_LIMIT; it was read to its end and thrown away."""


class JSON(Response):
    """json.dumps with its default separators, ASCII only, as aiohttp's json_response."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


def resource(path: str, **handlers: Handler) -> Route:
    """Make one route of the handlers of its methods: resource("/queue", GET=..., POST=...)."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return Response() if method == "OPTIONS" else await handlers[method](request)

    return Route(path, endpoint, methods=[*handlers, "OPTIONS"])


def trouble() -> Response:
    """Answer the way aiohttp does when a handler raised."""
    return Response(TROUBLE, 500, {"Connection": "close"}, media_type=TEXT)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer an unknown path or a wrong method."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return Response(b"", 404, media_type="application/octet-stream")
    if "Allow" in headers:
        allowed = {part.strip() for part in headers["Allow"].split(",")} - {"OPTIONS"}
        headers["Allow"] = ",".join(sorted(allowed))
    phrase = http.HTTPStatus(error.status_code).phrase
    return Response(f"{error.status_code}: {phrase}", error.status_code, headers, media_type=TEXT)


async def too_large(request: Request, error: Exception) -> Response:
    return Response(f"Maximum request body size {BODY_LIMIT} exceeded.", 413, media_type=TEXT)


async def crash(request: Request, error: Exception) -> Response:
    """Answer for a handler that raised; Starlette lets uvicorn log the error then."""
    return trouble()


class BodyLimit:
    """Middleware: a body over the limit is read to its end, as aiohttp does, then refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            while total > BODY_LIMIT and message.get("more_body"):
                message = await receive()
            if total > BODY_LIMIT:
                raise BodyTooLarge
            return message

        await self._app(scope, counted, send)


def json_body(body: bytes) -> Any:
    """Parse a body whatever its Content-Type says. Raises ValueError."""
    return json.loads(body)


def header(scope: Scope, name: str) -> str | None:
    """Read a request header, for HTTP and websockets alike."""
    pairs: Mapping[bytes, bytes] = dict(scope["headers"])
    value = pairs.get(name.lower().encode())
    return None if value is None else value.decode("latin-1")

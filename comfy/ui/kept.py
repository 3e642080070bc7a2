"""Answers that Gradio makes anew for every visit, kept as they are sent: compressed, once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Hashable

import brotli
from anyio import sleep_forever

from comfy.ui.asgi import (
    App,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    header,
    local_path,
    replayed,
)
from comfy.ui.visitor import HEADER, from_header

TEXT_TYPES = (b"text/", b"application/javascript", b"application/json", b"image/svg+xml")
PAGES = ("/", "/config")  # half a megabyte each, and a tenth of a second of work
PAGES_LIMIT = 32_000_000  # bytes kept; a page has 60 kB, and there is one for each account
ASKED_AT = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")


class Kept:
    """Answers by any key, until they are more than `limit` bytes: then it begins anew."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: dict[Hashable, tuple[Headers, bytes]] = {}
        self._bytes = 0

    def get(self, key: Hashable) -> tuple[Headers, bytes] | None:
        return self._answers.get(key)

    def put(self, key: Hashable, headers: Headers, body: bytes) -> None:
        if self._bytes + len(body) > self._limit:
            self._answers, self._bytes = {}, 0
        self._answers[key] = headers, body
        self._bytes += len(body)


class KeptPages:
    """ASGI middleware for the page and its description, which are the same for every visit of one
    account at one address. Stands behind the door, so that nobody sees them who may not.

    `head` goes to the top of the page's <head>: Gradio's own way to add a script runs it only
    after the language and the theme were chosen.
    """

    def __init__(self, app: App, head: str) -> None:
        self._app = app
        self._head = b"<head>" + head.encode()
        self._kept = Kept(PAGES_LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = local_path(scope) if scope["type"] == "http" else ""
        if path not in PAGES or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        name = from_header(header(scope, HEADER).decode()).name
        asked = tuple(header(scope, part) for part in ASKED_AT)
        place = (scope["path"], scope.get("root_path"), scope.get("scheme"))
        key = (place, asked, name, encoding(scope))
        found = self._kept.get(key)
        if found is None:
            # Without its query: a link of Gradio's own to some state would be kept for all
            status, headers, body = await fetch(self._app, {**scope, "query_string": b""})
            if status != 200:
                return await answer(send, status, headers, body)
            body = body.replace(b"<head>", self._head, 1)
            found = compressed(headers, body, encoding(scope))
            found[0].append((b"cache-control", b"private, no-cache"))  # it is asked for each time
            self._kept.put(key, *found)
        headers, body = found
        tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:24].encode()
        if header(scope, b"if-none-match").removeprefix(b"W/") == tag:
            return await answer(send, 304, [(b"etag", tag), *headers], b"")
        await answer(send, 200, [(b"etag", tag), *headers], body)


def encoding(scope: Scope) -> str:
    """How an answer is compressed for who asks: browsers take "br" only over https."""
    accepted = header(scope, b"accept-encoding")
    return "br" if b"br" in accepted else "gzip" if b"gzip" in accepted else ""


def compressed(headers: Headers, body: bytes, how: str) -> tuple[Headers, bytes]:
    """What is kept of an answer; text is compressed."""
    kept = [(k, v) for k, v in headers if k in (b"content-type", b"etag", b"last-modified")]
    if not dict(kept).get(b"content-type", b"").startswith(TEXT_TYPES):
        return kept, body
    kept += [(b"vary", b"Accept-Encoding")]
    if how == "br":
        body = brotli.compress(body, quality=9)
    elif how == "gzip":
        body = gzip.compress(body, compresslevel=9, mtime=0)
    return ([*kept, (b"content-encoding", how.encode())] if how else kept), body


async def fetch(app: App, scope: Scope) -> tuple[int, Headers, bytes]:
    """The whole plain answer to a request without a body.

    Who asked may leave meanwhile, and the answer would be cut short there: for all, as it is kept.
    """
    skipped = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since")
    plain = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in skipped]}
    start: Message = {}
    body = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(plain, replayed(b"", _stays), collect)
    return int(start["status"]), list(start["headers"]), bytes(body)


async def _stays() -> Message:
    await sleep_forever()
    return {"type": "http.disconnect"}


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    kept = [(key, value) for key, value in headers if key != b"content-length"]
    length = [] if status == 304 else [(b"content-length", str(len(body)).encode())]
    start = {"status": status, "headers": [*kept, *length]}
    await send({"type": "http.response.start", **start})
    await send({"type": "http.response.body", "body": body})

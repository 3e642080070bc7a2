"""What stands in front of Gradio: limits, closed routes, security headers, assets, our head."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from types import MappingProxyType

import brotli

from comfy.ui.asgi import App, Headers, Message, Receive, Scope, Send, header, local_path

JSON_LIMIT = 2_000_000  # bytes of a request that is no upload
CACHE_LIMIT = 64_000_000  # bytes of compressed assets kept in memory; Gradio's whole app is 6 MB

# Routes of Gradio that the page does not use: they cost memory, fetch foreign addresses or tell
# about other visitors.
UPLOAD = "/gradio_api/upload"  # the only route that takes files; others may end alike
CLOSED = re.compile(
    r"^/(pwa_icon|monitoring|svelte/|docs|redoc|openapi\.json|gradio_api/"
    r"(process_recording|deep_link|vibe|undo-vibe|run-history|runs|proxy=|component_server"
    r"|file[=/]https?:|openapi\.json))"
)

# 'unsafe-eval' is what gr.HTML's templates need, 'unsafe-inline' Gradio's own page. Hugging Face
# shows a Space inside a frame. The page of a share link gets Gradio's scripts from SHARE_SCRIPTS.
SHARE_SCRIPTS = "https://gradio.s3-us-west-2.amazonaws.com"
FRAMES = "https://huggingface.co https://*.huggingface.co https://*.hf.space"


def policy(scripts: str = "") -> str:
    """The Content-Security-Policy; `scripts` is another origin that code may come from."""
    return "; ".join(
        (
            f"default-src 'self' {scripts}",
            f"script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: {scripts}",
            f"style-src 'self' 'unsafe-inline' {scripts}",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            f"font-src 'self' data: {scripts}",
            f"connect-src 'self' data: blob: {scripts}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors 'self' {FRAMES}",
        )
    )


FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")  # names carry a hash
TEXT_TYPES = (b"text/", b"application/javascript", b"application/json", b"image/svg+xml")


class Guard:
    """ASGI middleware. `upload_limit` bounds one upload request, in bytes.

    `files` are served as they are: path -> content type and bytes.

    `head` goes to the top of the page's <head>: Gradio's own way to add a script runs it only
    after the language and the theme were chosen. `scripts`: see `policy`.
    """

    def __init__(
        self,
        app: App,
        upload_limit: int,
        head: str,
        scripts: str = "",
        files: Mapping[str, tuple[str, bytes]] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._security: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", policy(scripts).encode()),
            (b"cross-origin-resource-policy", b"same-origin"),  # no picture of ours in other pages
            (b"permissions-policy", b"camera=(self), microphone=(self), geolocation=()"),
        ]
        self._head = b"<head>" + head.encode()
        self._files = files
        self._upload_limit = upload_limit
        self._cache: dict[str, tuple[Headers, bytes]] = {}
        self._cached_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = local_path(scope)
        if CLOSED.match(path):
            return await self._answer(send, 404, b"not found")
        if path in self._files:
            content_type, body = self._files[path]
            return await self._answer(send, 200, body, [(b"content-type", content_type.encode())])
        limit = self._upload_limit if path.rstrip("/") == UPLOAD else JSON_LIMIT
        if _declared_length(scope) > limit:
            return await self._answer(send, 413, b"too large")
        if _is_asset(scope, path):
            return await self._asset(scope, receive, send, path)
        capped = _capped(receive, limit)
        if scope["method"] == "GET" and path in ("/", "/config"):
            return await self._page(scope, capped, send)
        await self._app(scope, capped, self._secured(send))

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page and its config, 150 kB each: Gradio sends them as they are."""
        status, headers, body = await _fetch(self._app, scope, receive)
        body = body.replace(b"<head>", self._head, 1)
        dropped = (b"content-length", b"content-encoding")
        headers = [(k, v) for k, v in headers if k not in dropped]
        if b"gzip" in header(scope, b"accept-encoding"):
            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        await self._answer(send, status, body, headers)

    async def _asset(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """Compressed once: Gradio would do it again for every request, 90 times per page."""
        if path not in self._cache:
            status, headers, body = await _fetch(self._app, scope, receive)
            if status != 200:
                return await self._answer(send, status, body)
            kept = _compressed(headers, body)
            if self._cached_bytes + len(kept[1]) > CACHE_LIMIT:
                return await self._answer(send, 200, kept[1], kept[0])
            self._cache[path] = kept
            self._cached_bytes += len(kept[1])
        headers, body = self._cache[path]
        await self._answer(send, 200, body, headers)

    async def _answer(
        self, send: Send, status: int, body: bytes, headers: Headers | None = None
    ) -> None:
        plain: Headers = [(b"content-type", b"text/plain")] if headers is None else headers
        length = (b"content-length", str(len(body)).encode())
        start = {"status": status, "headers": [*plain, length, *self._security]}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": body})

    def _secured(self, send: Send) -> Send:
        async def write(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._security]
            await send(message)

        return write


def _declared_length(scope: Scope) -> int:
    text = header(scope, b"content-length")
    return int(text) if text.isdigit() else 0


def _is_asset(scope: Scope, path: str) -> bool:
    return (
        scope["method"] == "GET"
        and path.startswith(("/assets/", "/static/"))
        and b"br" in header(scope, b"accept-encoding")
    )


def _capped(receive: Receive, limit: int) -> Receive:
    """A body that says nothing true about its length ends at the limit all the same."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > limit else message

    return read


async def _fetch(app: App, scope: Scope, receive: Receive) -> tuple[int, Headers, bytes]:
    """The whole plain answer to a request."""
    skipped = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since")
    plain = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in skipped]}
    start: Message = {}
    body = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(plain, receive, collect)
    return int(start["status"]), list(start["headers"]), bytes(body)


def _compressed(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    kept = [(k, v) for k, v in headers if k in (b"content-type", b"etag", b"last-modified")]
    content_type = dict(kept).get(b"content-type", b"")
    if content_type.startswith(TEXT_TYPES):
        body = brotli.compress(body, quality=9)
        kept += [(b"content-encoding", b"br"), (b"vary", b"Accept-Encoding")]
    return [*kept, FOREVER], body

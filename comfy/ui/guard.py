"""What stands in front of Gradio: limits, closed routes, security headers, assets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from comfy.ui.asgi import App, Headers, Message, Receive, Scope, Send, header, local_path
from comfy.ui.kept import Kept, compressed, encoding, fetch

JSON_LIMIT = 2_000_000  # bytes of a request that is no upload
CACHE_LIMIT = 64_000_000  # bytes of assets kept in memory; Gradio's whole app is 6 MB

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


class Guard:
    """ASGI middleware. `upload_limit` bounds one upload request, in bytes.

    `files` are served as they are: path -> content type and bytes. `scripts`: see `policy`.
    """

    def __init__(
        self,
        app: App,
        upload_limit: int,
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
        self._files = files
        self._upload_limit = upload_limit
        self._assets = Kept(CACHE_LIMIT)

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
            return await self._asset(scope, send, path)
        await self._app(scope, _capped(receive, limit), self._secured(send))

    async def _asset(self, scope: Scope, send: Send, path: str) -> None:
        """Compressed once: Gradio would do it again for every request, 90 times per page."""
        key = (path, encoding(scope))
        if (kept := self._assets.get(key)) is None:
            status, headers, body = await fetch(self._app, scope)
            if status != 200:
                return await self._answer(send, status, body)
            headers, body = compressed(headers, body, encoding(scope))
            kept = [*headers, FOREVER], body
            self._assets.put(key, *kept)
        headers, body = kept
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
    return scope["method"] == "GET" and path.startswith(("/assets/", "/static/"))


def _capped(receive: Receive, limit: int) -> Receive:
    """A body that says nothing true about its length ends at the limit all the same."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > limit else message

    return read

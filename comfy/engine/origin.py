"""The check that keeps foreign web pages away from an engine on this machine.

As in ComfyUI: only where Host is a loopback name and Origin is sent must the two agree.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from comfy.engine.wire import header


class OriginCheck:
    """Answers 403 to requests and websockets of foreign pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or allowed(header(scope, "host"), header(scope, "origin")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before accept: HTTP 403
        else:
            await Response(status_code=403)(scope, receive, send)


def allowed(host: str | None, origin: str | None) -> bool:
    """Compare names and, where both have one, ports; `Origin: null` has no name and passes."""
    if not host or not origin:
        return True
    ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
    if not theirs.hostname or not _is_loopback(ours.hostname or ""):
        return True
    if ours.hostname != theirs.hostname:
        return False
    return None in (_port(ours), _port(theirs)) or _port(ours) == _port(theirs)


def _port(address: SplitResult) -> int | None:
    try:
        return address.port
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

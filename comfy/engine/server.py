"""The engine as one ASGI application: folders, queue, worker, sockets and routes put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from comfy.engine.api import FEATURES, Api
from comfy.engine.folders import Folders
from comfy.engine.node import Nodes
from comfy.engine.origin import OriginCheck
from comfy.engine.queue import PromptQueue
from comfy.engine.sockets import Hub
from comfy.engine.wire import BodyLimit, BodyTooLarge, crash, http_error, too_large
from comfy.engine.worker import Worker


@dataclass(frozen=True)
class Engine:
    """The application and the parts that the fault switches reach into."""

    app: ASGIApp
    queue: PromptQueue
    hub: Hub


def build(nodes: Nodes, folders: Folders) -> Engine:
    """Put an engine together. The folders must exist; the worker starts with the application."""
    hub = Hub(FEATURES)
    queue = PromptQueue(hub.send_status)
    worker = Worker(nodes, folders, queue, hub)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        hub.start()
        worker.start()
        yield

    sockets = [WebSocketRoute(path, hub.serve) for path in ("/ws", "/api/ws")]
    app = Starlette(
        routes=[*sockets, *Api(nodes, folders, queue).routes()],
        exception_handlers={
            HTTPException: http_error,
            BodyTooLarge: too_large,
            Exception: crash,
        },
        lifespan=lifespan,
    )
    app.router.default = _unknown_path
    return Engine(BodyLimit(OriginCheck(app)), queue, hub)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 to reads and 405 to the rest, as a server with static files at its root does."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["method"] in ("GET", "HEAD"):
        await Response(status_code=404, media_type="application/octet-stream")(scope, receive, send)
    else:
        refused = Response("405: Method Not Allowed", 405, {"Allow": "GET,HEAD"})
        refused.headers["content-type"] = "text/plain; charset=utf-8"
        await refused(scope, receive, send)

"""Answers that are kept must be whole, whoever leaves while they are made."""

import asyncio
from typing import Any

import pytest

from comfy.ui.asgi import App, Message, Receive, Scope, Send
from comfy.ui.guard import Guard
from comfy.ui.kept import KeptPages

TEXT = b"<head></head>" + b"word " * 100
TYPE = [(b"content-type", b"text/html")]


async def gradio(scope: Scope, receive: Receive, send: Send) -> None:
    """Stops when the client has left, as Gradio's middlewares do."""
    await send({"type": "http.response.start", "status": 200, "headers": TYPE})
    if (await receive())["type"] != "http.request":
        return
    listening = asyncio.create_task(receive())
    await asyncio.sleep(0)
    if not listening.done():
        await send({"type": "http.response.body", "body": TEXT})
    listening.cancel()


async def body(app: App, path: str) -> bytes:
    """What somebody gets who leaves at once."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
    await app(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize(
    ("app", "path"), [(Guard(gradio, 1000), "/assets/a.js"), (KeptPages(gradio, ""), "/")]
)
def test_who_leaves_in_between_spoils_it_for_nobody(app: App, path: str) -> None:
    assert asyncio.run(body(app, path)) == TEXT
    assert asyncio.run(body(app, path)) == TEXT

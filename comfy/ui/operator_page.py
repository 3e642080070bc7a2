"""The operator's page, /operator, and the paths that balancers and Prometheus ask.

Plain HTML of ours: it must work when Gradio's page has trouble.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

from anyio import to_thread

from comfy.jobs.job import CANCELLED
from comfy.jobs.studio import Studio
from comfy.jobs.vitals import PATHS, Vitals
from comfy.text import pick_language, say
from comfy.ui.asgi import App, Receive, Scope, Send, local_path, read_body, respond, text_header
from comfy.ui.operator_view import page
from comfy.ui.origins import is_this_machine
from comfy.ui.visitor import HEADER, from_header

PATH = "/operator"
FORM_LIMIT = 10_000  # bytes
LONGEST_NAME = 60  # characters of a name that is told again
DID = ("cancel", "retry", "first", "drain", "undrain")
OF_SERVERS = ("drain", "undrain")


class OperatorPage:
    """ASGI middleware behind the door: only an operator sees the page."""

    def __init__(self, app: App, studio: Studio) -> None:
        self._app, self._studio = app, studio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or local_path(scope).rstrip("/") != PATH:
            return await self._app(scope, receive, send)
        if not from_header(text_header(scope, HEADER) or None).operator:
            return await respond(send, 403, b"for operators only", "text/plain")
        root = str(scope.get("root_path") or "").rstrip("/")
        if scope["method"] == "POST":
            form = _fields(await read_body(receive, FORM_LIMIT) or b"")
            told = await to_thread.run_sync(self._act, form)
            place = f"{root}{PATH}?{urlencode(told)}"
            return await respond(send, 303, b"", "text/plain", [(b"location", place.encode())])
        language = pick_language(text_header(scope, b"accept-language"))
        query = _fields(bytes(scope.get("query_string") or b""))
        body = await to_thread.run_sync(self._page, language, root, _told(query, language))
        await respond(send, 200, body, "text/html; charset=utf-8")

    def _page(self, language: str, root: str, told: str) -> bytes:
        seen, servers = self._studio.operator.look(), self._studio.servers()
        return page(servers, seen, language, home=f"{root}/", path=root + PATH, told=told)

    def _act(self, form: dict[str, str]) -> dict[str, str]:
        """Do it; what to tell of it afterwards."""
        operator, name, act = self._studio.operator, form.get("name", ""), form.get("act", "")
        acts: dict[str, Callable[[], object]] = {
            "cancel": lambda: (job := self._studio.cancel(name)) and job.status == CANCELLED,
            "retry": lambda: operator.retry(name),
            "first": lambda: operator.prefer(name, 1),
            "drain": lambda: self._drain(name, True),
            "undrain": lambda: self._drain(name, False),
        }
        if act in acts and acts[act]():
            return {"did": act, "name": name if act in OF_SERVERS else name[:8]}
        return {"did": "no_server" if act in OF_SERVERS else "nothing"}

    def _drain(self, name: str, drained: bool) -> bool:
        known = name in {server.name for server in self._studio.servers()}
        if known:
            self._studio.operator.drain(name, drained)
        return known


def _fields(body: bytes) -> dict[str, str]:
    return {name: words[0] for name, words in parse_qs(body.decode("utf-8", "replace")).items()}


def _told(query: dict[str, str], language: str) -> str:
    """The sentence for what was done a moment ago, "" if nothing was."""
    did, name = query.get("did", ""), query.get("name", "")[:LONGEST_NAME]
    if did in DID:
        return say(f"operator_did.{did}", language, name=name)
    return say(f"operator.{did}", language) if did in ("nothing", "no_server") else ""


class VitalsPaths:
    """ASGI middleware in front of the door. Metrics are only for programs on this machine: others
    ask `STUDIO_MONITOR_PORT`, which no balancer leads to."""

    def __init__(self, app: App, vitals: Vitals) -> None:
        self._app, self._vitals = app, vitals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = local_path(scope) if scope["type"] == "http" else ""
        if path not in PATHS or (path == "/metrics" and not is_this_machine(scope)):
            return await self._app(scope, receive, send)
        status, kind, body = await to_thread.run_sync(self._vitals.answer, path)
        await respond(send, status, body, kind)

"""The operator's page, /operator, and the paths that balancers and Prometheus ask.

Plain HTML of ours: it must work when Gradio's page has trouble.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qs

from anyio import to_thread

from comfy.jobs.job import WAITING, Job
from comfy.jobs.speeds import Known
from comfy.jobs.studio import Studio
from comfy.jobs.vitals import PATHS, Vitals
from comfy.text import explain, pick_language, say
from comfy.ui.asgi import App, Receive, Scope, Send, local_path, read_body, respond, text_header
from comfy.ui.login_page import STYLE
from comfy.ui.origins import is_this_machine
from comfy.ui.visitor import HEADER, from_header

PATH = "/operator"
FORM_LIMIT = 10_000  # bytes
WIDE = (
    "body{display:block}main{max-width:1100px;margin:0 auto}table{width:100%;border-collapse:"
    "collapse;font-size:14px}th,td{text-align:left;padding:6px 8px;border-bottom:1px solid "
    "var(--line);vertical-align:top}td form{display:inline}td button{display:inline;width:auto;"
    "margin:0 4px 4px 0;padding:4px 10px;font-size:13px}h2{font-size:17px;margin:24px 0 6px}"
    ".scroll{overflow-x:auto}th{white-space:nowrap}td{word-break:keep-all}th{font-size:13px;color:var(--soft)}.bad{color:#c22}.good{color:#187a3d}"
    "@media(prefers-color-scheme:dark){.bad{color:#ff8f8f}.good{color:#7fdca0}}"
)


class OperatorPage:
    """ASGI middleware behind the door: only an operator sees the page."""

    def __init__(self, app: App, studio: Studio) -> None:
        self._app, self._studio = app, studio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or local_path(scope).rstrip("/") != PATH:
            return await self._app(scope, receive, send)
        if not from_header(text_header(scope, HEADER) or None).operator:
            return await respond(send, 403, b"for operators only", "text/plain")
        language = pick_language(text_header(scope, b"accept-language"))
        if scope["method"] == "POST":
            form = parse_qs(
                (await read_body(receive, FORM_LIMIT) or b"").decode("utf-8", "replace")
            )
            await to_thread.run_sync(self._act, {name: words[0] for name, words in form.items()})
            root = str(scope.get("root_path") or "").rstrip("/")
            return await respond(
                send, 303, b"", "text/plain", [(b"location", (root + PATH).encode())]
            )
        body = await to_thread.run_sync(page, self._studio, language)
        await respond(send, 200, body, "text/html; charset=utf-8")

    def _act(self, form: dict[str, str]) -> None:
        operator, name = self._studio.operator, form.get("name", "")
        acts: dict[str, Callable[[], object]] = {
            "cancel": lambda: self._studio.cancel(name),
            "retry": lambda: operator.retry(name),
            "first": lambda: operator.prefer(name, 1),
            "drain": lambda: operator.drain(name, True),
            "undrain": lambda: operator.drain(name, False),
        }
        if act := acts.get(form.get("act", "")):
            act()


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


def page(studio: Studio, language: str) -> bytes:
    """The whole page in one language; it loads itself anew every five seconds."""

    def tell(key: str, **details: object) -> str:
        return escape(say(key, language, **details))

    seen = studio.operator.look()
    servers = [
        [
            escape(state.name),
            f'<span class="{"good" if state.online else "bad"}">'
            + tell("operator.online" if state.online else "operator.offline")
            + "</span>"
            + (f" · {tell('operator.drained')}" if _drained(seen.servers, state.name) else ""),
            f"{state.waiting} / {seen.busy.get(state.name, 0)}",
            "<br>".join(escape(line) for line in _speeds(seen.servers, state.name)),
            escape(", ".join(state.ready) or "-"),
            escape(", ".join(state.lacks) or "-"),
            _button("undrain", state.name, tell)
            if _drained(seen.servers, state.name)
            else _button("drain", state.name, tell),
        ]
        for state in studio.servers()
    ]
    unfinished = [
        [
            *_job(job, tell),
            _button("cancel", job.id, tell)
            + (
                _button("first", job.id, tell) if job.status == WAITING and not job.priority else ""
            ),
        ]
        for job in seen.unfinished
    ]
    failed = [
        [*_job(job, tell), escape(_reason(job, language)), _button("retry", job.id, tell)]
        for job in seen.failed
    ]
    parts = [
        _table("servers", "name state queue speed runs lacks act", servers, tell),
        _table("unfinished", "job task state server age act", unfinished, tell),
        _table("failed", "job task state server age reason act", failed, tell),
        _table(
            "replicas", "name jobs", [[escape(n), str(c)] for n, c in seen.replicas.items()], tell
        ),
    ]
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta http-equiv="refresh" content="5">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{tell('operator.title')}</title><style>{STYLE}{WIDE}</style></head>"
        f"<body><main><h1>{tell('operator.title')}</h1>{''.join(parts)}</main></body></html>"
    ).encode()


def _reason(job: Job, language: str) -> str:
    return explain(str(job.error.get("code", "")), language, job.error.get("details", {}))


def _drained(known: dict[str, Known], name: str) -> bool:
    return known.get(name, Known()).drained


def _speeds(known: dict[str, Known], name: str) -> list[str]:
    means = known.get(name, Known()).means
    return [f"{kind}: {mean:.1f} s" for kind, mean in means.items()]


def _job(job: Job, tell: Callable[..., str]) -> list[str]:
    age = int(time.time() - job.created)
    state = tell(f"status.{job.status}") if job.status else ""
    percent = f" {job.progress:.0%}" if job.progress else ""
    return [job.id[:8], escape(job.task), state + percent, escape(job.server or "-"), f"{age} s"]


def _button(act: str, name: str, tell: Callable[..., str]) -> str:
    return (
        f'<form method="post"><input type="hidden" name="name" value="{escape(name)}">'
        f'<button name="act" value="{act}">{tell("operator." + act)}</button></form>'
    )


def _table(
    title: str, columns: str, rows: Sequence[Sequence[str]], tell: Callable[..., str]
) -> str:
    head = "".join(f"<th>{tell('operator.' + name)}</th>" for name in columns.split())
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return (
        f"<h2>{tell('operator.' + title)} ({len(rows)})</h2>"
        f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
    )

"""The operator's page as HTML: tables, which a phone shows as cards."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape

from comfy.jobs.job import FAILED, WAITING, Job
from comfy.jobs.operator import Overview
from comfy.jobs.server import ServerState
from comfy.jobs.speeds import Known
from comfy.overview import Telling, total
from comfy.ui.login_page import STYLE

REFRESH = 5  # seconds
WIDE = """
body{display:block}main{max-width:1200px;margin:0 auto}
header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;justify-content:space-between}
a{color:inherit}h2{font-size:17px;margin:28px 0 6px}h2 small{font-weight:400;color:var(--soft)}
.told{margin:12px 0;padding:10px 12px;border-radius:10px;background:#e4f4e9;color:#14532d}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{text-align:left;padding:8px 10px 8px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:13px;color:var(--soft);white-space:nowrap}td{overflow-wrap:anywhere}
td div+div{margin-top:4px}.none{color:var(--soft)}code{font-size:13px}
td[data-column=name]{min-width:140px;font-weight:600}td:is([data-column=act],[data-column=state]){white-space:nowrap}
td form{display:inline-flex;gap:6px}
td button{width:auto;margin:0;padding:4px 12px;font-size:13px;border:1px solid var(--line);
background:var(--bg);color:var(--ink)}
.bad{color:#b42323}.good{color:#187a3d}.held{color:#8a5a00}
@media(prefers-color-scheme:dark){.bad{color:#ff8f8f}.good{color:#7fdca0}.held{color:#f2c063}
.told{background:#173524;color:#b7efc8}}
@media(max-width:760px){main{padding:18px}thead{display:none}tr{display:block;padding:10px 0;
border-bottom:1px solid var(--line)}td{display:flex;gap:10px;border:0;padding:3px 0}
.empty{display:none}
td[data-name]::before{content:attr(data-name);flex:0 0 92px;color:var(--soft);font-size:13px}
td button{padding:9px 16px;font-size:14px}}
"""
# New tables take the place of the old ones, but not under somebody's fingers or keyboard.
LIVE = f"""
history.replaceState(null, "", location.pathname);
const again = async () => {{
  try {{
    const answer = await fetch(location.pathname);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok && !document.querySelector("main :focus"))
      document.querySelector("main").replaceWith(fresh.querySelector("main"));
  }} catch {{ /* it comes back */ }}
  setTimeout(again, {REFRESH * 1000});
}};
setTimeout(again, {REFRESH * 1000});
"""
Row = Mapping[str, str]  # by column, in HTML


def page(
    servers: Sequence[ServerState],
    seen: Overview,
    language: str,
    *,
    home: str,
    path: str,
    told: str,
) -> bytes:
    """The whole page; `told` is what the last act did, `home` and `path` where links lead.

    It is brought up to date every five seconds; without scripts it loads itself anew.
    """
    telling = Telling(language)

    def tell(key: str, **details: object) -> str:
        return escape(telling.say(f"operator.{key}", **details))

    unfinished = [_unfinished(telling, job) for job in seen.unfinished]
    failed = [_failed(telling, job) for job in seen.failed]
    parts = [
        _table(telling, "servers", [_server(telling, state, seen) for state in servers]),
        _table(telling, "unfinished", unfinished, total(seen)),
        _table(telling, "failed", failed, total(seen, FAILED)),
        _table(telling, "replicas", [_replica(n, count) for n, count in seen.replicas.items()]),
    ]
    lang = "zh-CN" if language == "zh" else "en"
    summary = escape(telling.summary({state.name: state for state in servers}, seen))
    banner = f'<p class="told" role="status">{escape(told)}</p>' if told else ""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<noscript><meta http-equiv="refresh" content="{REFRESH};url={escape(path)}"></noscript>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{tell('title')}</title><style>{STYLE}{WIDE}</style></head><body><main><header>"
        f'<h1>{tell("title")}</h1><a href="{escape(home)}">{tell("back")}</a></header>'
        f"<p>{summary}</p>{banner}{''.join(parts)}</main><script>{LIVE}</script></body></html>"
    ).encode()


def _server(telling: Telling, server: ServerState, seen: Overview) -> Row:
    known = seen.servers.get(server.name, Known())
    look = "held" if known.drained or server.sick else "good" if server.online else "bad"
    return {
        "name": escape(server.name),
        "state": f'<span class="{look if server.online else "bad"}">'
        f"{escape(telling.state(server, known))}</span>",
        "queue": f"{server.waiting} / {seen.busy.get(server.name, 0)}",
        "speed": _lines(list(telling.speeds(known))),
        "runs": escape(telling.runs(server)),
        "lacks": _lines(list(telling.lacks(server))),
        "act": _buttons(telling, server.name, "undrain" if known.drained else "drain"),
    }


def _unfinished(telling: Telling, job: Job) -> Row:
    acts = ["cancel", *(["first"] if job.status == WAITING and not job.priority else [])]
    return {
        **_job(telling, job),
        "state": escape(telling.progress(job)),
        "server": escape(job.server or "-"),
        "age": escape(telling.span(time.time() - job.created)),
        "act": _buttons(telling, job.id, *acts),
    }


def _failed(telling: Telling, job: Job) -> Row:
    return {
        **_job(telling, job),
        "reason": escape(telling.reason(job)),
        "server": escape(job.server or "-"),
        "age": escape(telling.span(time.time() - job.created)),
        "act": _buttons(telling, job.id, "retry"),
    }


def _job(telling: Telling, job: Job) -> Row:
    return {"job": f"<code>{escape(job.id[:8])}</code>", "task": escape(telling.task(job.task))}


def _replica(name: str, jobs: int) -> Row:
    return {"name": escape(name), "jobs": str(jobs)}


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"<div>{escape(line)}</div>" for line in lines) or "-"


def _buttons(telling: Telling, name: str, *acts: str) -> str:
    buttons = (
        f'<button name="act" value="{act}">{escape(telling.say(f"operator.{act}"))}</button>'
        for act in acts
    )
    hidden = f'<input type="hidden" name="name" value="{escape(name)}">'
    return f'<form method="post">{hidden}{"".join(buttons)}</form>'


def _table(telling: Telling, title: str, rows: Sequence[Row], count: int = 0) -> str:
    """`count`: how many there are, if they may be more than the rows."""
    count = max(count, len(rows))
    more = telling.say("operator.most", count=len(rows)) if count > len(rows) else ""
    head = f"<h2>{escape(telling.say('operator.' + title))} ({count}) <small>{more}</small></h2>"
    if not rows:
        return f'{head}<p class="none">{escape(telling.say("operator.none"))}</p>'
    names = {column: escape(telling.say(f"operator.{column}")) for column in rows[0]}
    heads = "".join(f"<th>{name}</th>" for name in names.values())
    cells = ("".join(_cell(c, names[c], cell) for c, cell in row.items()) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"{head}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cell(column: str, name: str, cell: str) -> str:
    """A phone shows its name beside it, and leaves out what is empty."""
    empty = ' class="empty"' if cell == "-" else ""
    return f'<td data-column="{column}" data-name="{name}"{empty}><div>{cell}</div></td>'

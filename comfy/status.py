"""How it goes, from the command line: `python -m comfy.status`, and `cancel JOB`, `retry JOB`,
`first JOB`, `drain SERVER`, `undrain SERVER`.

The settings of the app (environment, `--database-url`, ...) go with it.
"""

from __future__ import annotations

import argparse
import sys
import time

from comfy.jobs.job import Job
from comfy.jobs.operator import Operator
from comfy.jobs.patience import Patience
from comfy.jobs.server import ServerState
from comfy.jobs.servers import Servers
from comfy.jobs.speeds import Known
from comfy.jobs.store import Store
from comfy.jobs.studio import WORKFLOWS
from comfy.settings import Settings
from comfy.text import explain, say, terminal_language
from comfy.workflow.task import load_tasks

LOOK_SECONDS = 8.0  # for all servers to answer


def main(argv: list[str] | None = None) -> int:
    language = terminal_language()
    parser = argparse.ArgumentParser(
        prog="comfy.status", description=say("operator.about", language)
    )
    acts = ("show", "cancel", "retry", "first", "drain", "undrain")
    parser.add_argument("act", nargs="?", default="show", choices=acts)
    parser.add_argument("name", nargs="?", default="", help=say("operator.which", language))
    options, rest = parser.parse_known_args(argv)
    settings = Settings.load(rest)
    store = Store(settings.database, settings.data)
    try:
        operator = Operator(store)
        if options.act == "show":
            print("\n".join(_lines(settings, operator, language)))
            return 0
        done = _act(operator, store, options.act, options.name)
        print(say("operator.done" if done else "operator.nothing", language))
        return 0 if done else 1
    finally:
        store.close()


def _act(operator: Operator, store: Store, act: str, name: str) -> bool:
    if act in ("drain", "undrain"):
        operator.drain(name, act == "drain")
        return bool(name)
    found = store.starting_with(name) if name else []
    if len(found) != 1:
        return False
    if act == "retry":
        return operator.retry(found[0]) is not None
    return operator.cancel(found[0]) if act == "cancel" else operator.prefer(found[0], 1)


def _lines(settings: Settings, operator: Operator, language: str) -> list[str]:
    seen = operator.look()
    lines = [say("operator.servers", language) + ":"]
    for state in _servers(settings):
        lines.append(_server(state, seen.servers.get(state.name, Known()), language))
    for title, jobs in (("unfinished", seen.unfinished), ("failed", seen.failed)):
        lines += ["", f"{say(f'operator.{title}', language)}: {len(jobs)}"]
        lines += [_job(job, language) for job in jobs]
    lines += ["", f"{say('operator.replicas', language)}: {len(seen.replicas)}"]
    return lines + [f"  {name}: {jobs}" for name, jobs in seen.replicas.items()]


def _servers(settings: Settings) -> list[ServerState]:
    """Asked now; an embedded engine belongs to its app, and is not started for this."""
    if not settings.servers:
        return []
    tasks = load_tasks(WORKFLOWS, settings.workflows)
    servers = Servers(settings, tasks, Patience())
    servers.start()
    deadline = time.monotonic() + LOOK_SECONDS
    while not servers.looked and time.monotonic() < deadline:
        time.sleep(0.05)
    states = servers.states()
    servers.close()
    return states


def _server(state: ServerState, known: Known, language: str) -> str:
    words = [say("operator.online" if state.online else "operator.offline", language)]
    words += [say("operator.drained", language)] if known.drained else []
    speeds = [f"{kind} {mean:.1f} s" for kind, mean in known.means.items()]
    parts = [
        ", ".join(words),
        f"{say('operator.queue', language)} {state.waiting}",
        f"{say('operator.runs', language)} {', '.join(state.ready) or '-'}",
        f"{say('operator.lacks', language)} {', '.join(state.lacks) or '-'}",
        *speeds,
    ]
    return f"  {state.name}: " + "; ".join(parts)


def _job(job: Job, language: str) -> str:
    age = f"{time.time() - job.created:.0f} s"
    reason = (
        f" {explain(str(job.error['code']), language, job.error.get('details', {}))}"
        if job.error
        else ""
    )
    percent = f" {job.progress:.0%}" if job.progress else ""
    return f"  {job.id[:8]} {job.task} {job.status}{percent} {job.server or '-'} {age}{reason}"


if __name__ == "__main__":
    sys.exit(main())

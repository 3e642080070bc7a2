"""How it goes, from the command line: `python -m comfy.status`, and `cancel JOB`, `retry JOB`,
`first JOB`, `drain SERVER`, `undrain SERVER`.

The settings of the app (environment, or `--database-url` and so on after these) go with it.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import takewhile

from comfy.jobs.job import FAILED, Job
from comfy.jobs.operator import Operator, Overview
from comfy.jobs.patience import Patience
from comfy.jobs.server import ServerState
from comfy.jobs.servers import EMBEDDED, Servers
from comfy.jobs.speeds import Known
from comfy.jobs.store import Store
from comfy.jobs.studio import WORKFLOWS
from comfy.overview import Telling, total
from comfy.settings import Settings
from comfy.text import say, terminal_language
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
    given = sys.argv[1:] if argv is None else argv
    words = list(takewhile(lambda word: not word.startswith("-"), given))
    rest = given[len(words) :]
    asks = [word for word in rest if word in ("-h", "--help")]
    options = parser.parse_args([*words, *asks])
    settings = Settings.load(rest)
    store = Store(settings.database, settings.data)
    try:
        operator = Operator(store)
        if options.act == "show":
            print("\n".join(_lines(settings, operator, language)))
            return 0
        if options.act in ("drain", "undrain"):
            told = _drain(operator, settings, options.name, options.act == "drain")
        else:
            told = _act(operator, store, options.act, options.name)
        print(say(f"operator.{told}", language))
        return 0 if told == "done" else 1
    finally:
        store.close()


def _drain(operator: Operator, settings: Settings, name: str, drained: bool) -> str:
    """What to say of it: a key under `operator.`"""
    if name not in ({server.name for server in settings.servers} or {EMBEDDED}):
        return "no_server"
    operator.drain(name, drained)
    return "done"


def _act(operator: Operator, store: Store, act: str, name: str) -> str:
    found = store.starting_with(name) if name else []
    if len(found) != 1:
        return "nothing"
    if act == "retry":
        done = operator.retry(found[0]) is not None
    else:
        done = operator.cancel(found[0]) if act == "cancel" else operator.prefer(found[0], 1)
    return "done" if done else "nothing"


def _lines(settings: Settings, operator: Operator, language: str) -> list[str]:
    telling, servers, seen = Telling(language), _servers(settings), operator.look()
    lines = [telling.summary({state.name: state for state in servers}, seen)]
    lines += ["", f"{telling.say('operator.servers')}: {len(servers)}"]
    for state in servers:
        lines += _server(telling, state, seen)
    groups = (("unfinished", seen.unfinished, ()), ("failed", seen.failed, (FAILED,)))
    for title, jobs, statuses in groups:
        lines += ["", f"{telling.say(f'operator.{title}')}: {total(seen, *statuses)}"]
        lines += [_job(telling, job) for job in jobs]
    lines += ["", f"{telling.say('operator.replicas')}: {len(seen.replicas)}"]
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


def _server(telling: Telling, state: ServerState, seen: Overview) -> list[str]:
    known, busy = seen.servers.get(state.name, Known()), seen.busy.get(state.name, 0)
    told = {
        "queue": [f"{state.waiting} / {busy}"],
        "runs": [telling.runs(state)],
        "lacks": list(telling.lacks(state)),
        "speed": list(telling.speeds(known)),
    }
    lines = [f"    {telling.say(f'operator.{k}')}: {'; '.join(v)}" for k, v in told.items() if v]
    return [f"  {state.name}: {telling.state(state, known)}", *lines]


def _job(telling: Telling, job: Job) -> str:
    age = telling.span(time.time() - job.created)
    words = [job.id[:8], telling.task(job.task), telling.progress(job), job.server, age]
    return "  " + "  ".join(word for word in (*words, telling.reason(job)) if word)


if __name__ == "__main__":
    sys.exit(main())

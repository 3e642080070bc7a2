"""A worker: runs jobs and has no page. `python -m comfy.worker`

As many as you like, on any hosts, each with a data folder of its own; they share a database and
the storage of results with the pages. SIGTERM hands its jobs over: what runs on a server goes on.
"""

from __future__ import annotations

import signal
import sys
import threading

from comfy.errors import StudioError
from comfy.jobs.monitor import start_monitor
from comfy.jobs.studio import Studio
from comfy.jobs.vitals import Vitals
from comfy.log import join_log, start_log
from comfy.settings import Settings
from comfy.text import say, terminal_language


def main() -> None:
    start_log()
    language = terminal_language()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    settings = Settings.load()
    if not settings.servers:  # an embedded engine of its own would be a server nobody else knows
        sys.exit(say("worker.no_servers", language))
    try:
        studio = Studio.open(settings)
    except StudioError as error:
        sys.exit(say(f"error.{error.code}", language, **error.details))
    join_log()
    if settings.monitor_port:
        start_monitor(Vitals(studio), "", settings.monitor_port)
    print(say("worker.ready", language), flush=True)
    stop.wait()
    studio.close()


if __name__ == "__main__":
    main()

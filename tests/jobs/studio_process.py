"""A studio in a process of its own, to be killed: `python studio_process.py DATA [VALUES]`.

Prints the ids of the jobs if VALUES (JSON) are given, then works until it is stopped: a chain, or
with "sentences" a speech made of parts, or with "rows" a batch.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from comfy.jobs.job import Job
from comfy.jobs.sentences import Sentence
from comfy.jobs.studio import Studio
from comfy.settings import Settings


def submit(studio: Studio, values: dict[str, Any]) -> Sequence[Job]:
    if rows := values.pop("rows", None):
        return [studio.batches.submit(rows, owner="me")]
    if texts := values.pop("sentences", None):
        return [studio.speak(values, [Sentence(text) for text in texts], owner="me")]
    return studio.submit_pipeline(values, owner="me")


def main() -> None:
    studio = Studio.open(Settings.load(["--data", sys.argv[1]], {}))
    if len(sys.argv) > 2:
        while not any(server.online for server in studio.servers()):
            time.sleep(0.02)  # so that the servers' queue, not ours, is what a kill interrupts
        jobs = submit(studio, json.loads(sys.argv[2]))
        print(json.dumps([job.id for job in jobs]), flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait(180)
    studio.close()


if __name__ == "__main__":
    main()

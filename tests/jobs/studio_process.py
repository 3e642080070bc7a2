"""A studio in a process of its own, to be killed: `python studio_process.py DATA [VALUES]`.

Prints the ids of the chain's jobs if VALUES (JSON) are given, then works until it is stopped.
"""

import json
import signal
import sys
import threading
import time

from comfy.jobs.studio import Studio
from comfy.settings import Settings


def main() -> None:
    studio = Studio.open(Settings.load(["--data", sys.argv[1]], {}))
    if len(sys.argv) > 2:
        while not any(server.online for server in studio.servers()):
            time.sleep(0.02)  # so that the servers' queue, not ours, is what a kill interrupts
        jobs = studio.submit_pipeline(json.loads(sys.argv[2]), owner="me")
        print(json.dumps([job.id for job in jobs]), flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait(180)
    studio.close()


if __name__ == "__main__":
    main()

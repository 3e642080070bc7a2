"""Comfy Presenter: settings, studio, page, launch. Run it with `python app.py`."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading

from comfy.errors import StudioError
from comfy.jobs.monitor import start_monitor
from comfy.jobs.studio import Studio
from comfy.jobs.vitals import Vitals
from comfy.log import join_log, start_log
from comfy.passwords import is_hash
from comfy.settings import Settings
from comfy.text import say, terminal_language
from comfy.ui.environment import prepare_gradio

gc.disable()  # while all that stays is made: to look through it again and again takes a second
settings = Settings.load(sys.argv[1:] if __name__ == "__main__" else [])
temp_folder = prepare_gradio(settings)

# Gradio reads its environment when it is imported
from comfy.ui.calm import settle  # noqa: E402
from comfy.ui.launch import launch_page  # noqa: E402
from comfy.ui.page import create_page  # noqa: E402
from comfy.ui.results import sweep  # noqa: E402

start_log()


def complain(key: str, **details: object) -> str:
    """A sentence for the terminal, in its language."""
    return say(key, terminal_language(), **details)


try:
    studio = Studio.open(settings)
except StudioError as error:
    sys.exit(complain(f"error.{error.code}", **error.details))
demo = create_page(studio)
settle()


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; unfinished jobs go on at the next start."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    sweep(temp_folder)
    for account, password in settings.auth:
        if not is_hash(password):
            logging.warning(complain("app.password_plain", name=account))
    try:
        if settings.monitor_port:
            start_monitor(Vitals(studio), settings.host, settings.monitor_port)
        address = launch_page(demo, studio)
        join_log()
        print(f"Comfy Presenter: {address}", flush=True)
        stop.wait()
    except OSError:
        sys.exit(complain("app.port_taken", port=settings.port))
    finally:
        demo.close(verbose=False)
        studio.close()


if __name__ == "__main__":
    main()

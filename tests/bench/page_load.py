"""What a first visit costs, against bare Gradio: `python -m tests.bench.page_load` prints a table.

Both are opened in turn by a headless Chromium with an empty cache. Interactive is when the first
tab's button can be pressed and answers to the pointer; bytes are those on the wire. At rest, when
nothing happens on the page any more, the share of its main thread that is busy.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.app_process import ROOT, AppProcess, free_port
from tests.browser.conftest import ARGUMENTS, DESKTOP, chromium

VISITS = 7
REST = 4.0  # seconds
BARE = """
import sys
import gradio as gr
with gr.Blocks() as page:
    word = gr.Textbox()
    gr.Button("Go", elem_id="go").click(lambda text: text, word, word)
page.launch(server_port=int(sys.argv[1]), quiet=True, prevent_thread_lock=True)
print("ready", flush=True)
page.block_thread()
"""


@dataclass(frozen=True)
class Visit:
    """One cold visit: seconds until the button can be pressed, kilobytes, requests, and how busy
    the main thread is at rest, in percent."""

    seconds: float
    kilobytes: float
    requests: int
    busy: float


def visit(browser: Browser, url: str, button: str) -> Visit:
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.monotonic()
    page.goto(url, wait_until="commit")
    page.locator(button).click(trial=True, timeout=60_000)
    seconds = time.monotonic() - began
    page.wait_for_load_state("networkidle")
    wire.send("Performance.enable")
    page.wait_for_timeout(REST * 1000)  # what opens the page still moves
    before = busy_seconds(wire)
    page.wait_for_timeout(REST * 1000)
    busy = 100 * (busy_seconds(wire) - before) / REST
    context.close()
    return Visit(seconds, sum(sizes) / 1000, len(sizes), busy)


def busy_seconds(wire: CDPSession) -> float:
    metrics = wire.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


@contextmanager
def bare_gradio() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", BARE, str(port)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("ready"))
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    process.wait(20)
    process.stdout.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        app = AppProcess(Path(data))
        app.start()
        with bare_gradio() as bare:
            pages = {"bare Gradio": (bare, "#go"), "the studio": (app.url, "#run-image_cleanup")}
            visits: dict[str, list[Visit]] = {name: [] for name in pages}
            for _ in range(VISITS):
                for name, (url, button) in pages.items():
                    visits[name].append(visit(browser, url, button))
        app.stop()
        browser.close()
    for name, made in visits.items():
        middle = statistics.median(v.seconds for v in made)
        weight = statistics.median(v.kilobytes for v in made)
        count = statistics.median(v.requests for v in made)
        busy = statistics.median(v.busy for v in made)
        print(
            f"{name:12} interactive {middle:.2f} s, {weight:.0f} kB in {count:.0f} requests,"
            f" at rest {busy:.1f} % busy"
        )


if __name__ == "__main__":
    main()

"""How one page server bears many watchers: `python -m tests.bench.page [200]` prints a table.

Each watcher is a page that follows a waiting job as a browser does: one event in Gradio's queue
and one event stream. Meanwhile somebody clicks. CPU is that of the app's process, without the
engine's.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.app_process import ROOT, AppProcess

VOICE = ROOT / "assets" / "voice-en.mp3"
LONG_TEXT = "Nobody listens to this text, it only keeps the engine busy for quite a while. " * 60
CLICKS = 40
CPU_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


class Visitor:
    """One open page: its session, and the events it sends."""

    def __init__(self, url: str, config: dict[str, Any]) -> None:
        self.url = url + "gradio_api/queue/"
        self.session = uuid.uuid4().hex[:12]
        self._config = config

    def send(self, part: str, event: str, data: list[Any], **event_data: Any) -> None:
        """What the browser posts when `event` of the component with this element id happens."""
        here, found = self._event(part, event)
        body = {
            "data": data,
            "fn_index": found["id"],
            "session_hash": self.session,
            "trigger_id": here,
            "event_data": event_data,
        }
        requests.post(self.url + "join", json=body, timeout=30).raise_for_status()

    def _event(self, part: str, event: str) -> tuple[int, dict[str, Any]]:
        ids = {c["props"].get("elem_id"): c["id"] for c in self._config["components"]}
        here: int = ids[part]
        events = self._config["dependencies"]
        return here, next(d for d in events if [here, event] in d["targets"])

    def form(self, part: str, event: str, **given: Any) -> list[Any]:
        """What an event is sent: values by element id, the others as the page has them."""
        wanted = self._event(part, event)[1]["inputs"]
        props = {c["id"]: c["props"] for c in self._config["components"]}
        return [given.get(props[i].get("elem_id"), props[i].get("value")) for i in wanted]

    def messages(self) -> Iterator[dict[str, Any]]:
        """The event stream of this page, until its events are over."""
        parameters = {"session_hash": self.session}
        with requests.get(
            self.url + "data", params=parameters, stream=True, timeout=(30, None)
        ) as answer:
            for line in answer.iter_lines():
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    def wait(self, message: str = "process_completed") -> dict[str, Any]:
        return next(m for m in self.messages() if m["msg"] == message)


def begin(visitor: Visitor, path: str, seed: int) -> list[str]:
    """Press the button of the voice tab; gives the ids of its jobs."""
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    given = {"reference_audio": file, "text": LONG_TEXT, "seed": seed, "consent": True}
    named = {f"voice_clone-{name}": value for name, value in given.items()}
    event = ("card-voice_clone", "begin")
    _, _, *fields = visitor.form(*event, **named)
    visitor.send(*event, [[], f"bench-{visitor.session}", *fields])
    output = visitor.wait()["output"]
    ids: list[str] = output["data"][0]
    return ids


def upload(url: str) -> str:
    with VOICE.open("rb") as file:
        answer = requests.post(url + "gradio_api/upload", files={"files": file}, timeout=30)
    path: str = answer.json()[0]
    return path


def cpu_share(pid: int, seconds: float = CPU_SECONDS) -> float:
    """Percent of one core that a process uses."""

    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before, start = used(), time.monotonic()
    time.sleep(seconds)
    return 100 * (used() - before) / TICKS / (time.monotonic() - start)


def watch(visitor: Visitor, ids: list[str], started: threading.Semaphore) -> None:
    with contextlib.suppress(requests.RequestException, StopIteration):
        visitor.send("card-voice_clone", "follow", [ids], shown=0)
        for message in visitor.messages():
            if message["msg"] == "process_generating":
                started.release()


def measure(app: AppProcess, watchers: int) -> list[tuple[str, str]]:
    config = requests.get(app.url + "config", timeout=30).json()
    load = os.getloadavg()[0]
    rows = [("load of the machine before", f"{load:.1f}")]
    rows.append(("idle, nobody there", f"{cpu_share(app.pid):.1f} % of a core"))
    path = upload(app.url)
    jobs = [begin(Visitor(app.url, config), path, seed) for seed in range(3)]
    started = threading.Semaphore(0)
    for _ in range(watchers):
        visitor = Visitor(app.url, config)
        threading.Thread(target=watch, args=(visitor, jobs[-1], started), daemon=True).start()
    for _ in range(watchers):
        assert started.acquire(timeout=120), "a watcher got no answer"
    rows.append((f"{watchers} watchers", f"{cpu_share(app.pid):.1f} % of a core"))
    taken = sorted(click(app.url, config) for _ in range(CLICKS))
    rows.append(("a click, median", f"{statistics.median(taken) * 1000:.0f} ms"))
    rows.append(("a click, 95th percentile", f"{taken[int(0.95 * CLICKS)] * 1000:.0f} ms"))
    rows.append(("a click, slowest", f"{taken[-1] * 1000:.0f} ms"))
    start = time.monotonic()
    begin(Visitor(app.url, config), path, 99)
    rows.append(("start of a job", f"{(time.monotonic() - start) * 1000:.0f} ms"))
    return rows


def click(url: str, config: dict[str, Any]) -> float:
    """Seconds from a click on a ready-made wish to the answer."""
    visitor = Visitor(url, config)
    start = time.monotonic()
    visitor.send("presets-image_cleanup-instruction", "pick", [], id="watermark")
    visitor.wait()
    return time.monotonic() - start


def main(watchers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = AppProcess(Path(folder))
        app.start()
        try:
            time.sleep(5)  # what a start costs is no idling
            for name, value in measure(app, watchers):
                print(f"{name:28} {value}")
        finally:
            app.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

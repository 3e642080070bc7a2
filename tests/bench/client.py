"""What a client adds to a server's own work: `python -m tests.bench.client [--url URL]`.

A program, not a test: it measures. Three ways of running the same small prompt are compared:

    raw      the calls and nothing else: socket, POST /prompt, wait for the end, GET /history
    polling  POST /prompt, then GET /history every two seconds, as the usual guides do
    ours     comfy.client

with 1, 10 and 50 prompts sent at the same moment. Without --url a preview engine is started.

added    milliseconds, median over the prompts: from the moment all are sent until the history entry
         of this one is here, less the time from the server's first start to this prompt's end (by
         the server's clock: it is never compared with ours)
         Of this, `start` is before the server begins the first prompt (by both clocks, so on one
         machine only), and `end` from a prompt's end until its history entry is here.
threads  most threads of the process, less one per prompt for the caller
memory   growth of the process's peak, in MB

Polling adds nearly all of its two seconds to one short prompt, and on average half of them to each
of 50 that end one after the other. A hundredth of that is 10 ms at 50 at once, and of these the
bare calls need 6 for `end` alone, as each end of a prompt is told to 50 sockets.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import connect

from comfy.client.events import Event
from comfy.client.http import ComfyClient
from comfy.protocol import History
from tests.conftest import EngineProcess

ROOT = Path(__file__).parent.parent.parent
ROUNDS = {1: 40, 10: 6, 50: 3}  # prompts at once -> rounds
POLLING_ROUNDS = {1: 6, 10: 2, 50: 1}
POLL = 2.0  # seconds
WORK = 0.075  # seconds
SLEEPERS: dict[str, dict[str, Any]] = {
    "EngineSleep": {"steps": 3},
    "LabSleep": {"check_interrupt": True, "progress": True},
}
SETTLE = 0.3  # seconds between two rounds

Times = tuple[float, float]  # the server's start and end of a prompt, in seconds of its clock
Added = tuple[float, float, float]  # ms: in all, until the first prompt begins, after its own end
Way = Callable[[str], Times]  # run one prompt under this id


def small_prompt(url: str) -> dict[str, Any]:
    """About 75 ms of work without load, never cached, by what the server has."""
    with urllib.request.urlopen(f"{url}/object_info", timeout=30) as answer:
        known = json.load(answer)
    for name, more in SLEEPERS.items():
        if name in known:
            return {"1": {"class_type": name, "inputs": {"seconds": WORK, **more}}}
    empty = {"width": 1024, "height": 1024, "batch_size": 1, "color": random.randrange(2**24)}
    return {
        "2": {"class_type": "EmptyImage", "inputs": empty},
        "1": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }


class Raw:
    """No retries, no checks, one connection per thread."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._nodes = small_prompt(url)
        self._local = threading.local()

    def with_socket(self, prompt_id: str) -> Times:
        address = f"ws://{self._host}/ws?clientId={prompt_id}"
        with connect(address, compression=None, max_queue=None) as socket:
            self._submit(prompt_id)
            for frame in socket:
                message = json.loads(frame) if isinstance(frame, str) else {}
                data = message.get("data", {})
                if message.get("type") == "executing" and data.get("node", "") is None:
                    break
            return times(self._history(prompt_id)["status"]["messages"])

    def with_polling(self, prompt_id: str) -> Times:
        self._submit(prompt_id)
        while not (entry := self._history(prompt_id)):
            time.sleep(POLL)
        return times(entry["status"]["messages"])

    def _submit(self, prompt_id: str) -> None:
        body = {"prompt": self._nodes, "client_id": prompt_id, "prompt_id": prompt_id}
        self._request("POST", "/prompt", json.dumps(body))

    def _history(self, prompt_id: str) -> dict[str, Any]:
        entry: dict[str, Any] = self._request("GET", f"/history/{prompt_id}").get(prompt_id, {})
        return entry

    def _request(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(self._host)
        self._local.connection.request(method, path, body)
        with self._local.connection.getresponse() as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer


class Ours:
    """What the studio does, without its store."""

    def __init__(self, url: str) -> None:
        self._client = ComfyClient(url, client_id="bench")
        self._nodes = small_prompt(url)
        self._ended: dict[str, History] = {}

    def __call__(self, prompt_id: str) -> Times:
        self._client.prompt(self._nodes, prompt_id=prompt_id, output_node="1")
        for _ in self._to_the_end(prompt_id):
            pass
        return times(self._ended[prompt_id].messages)

    def _to_the_end(self, prompt_id: str) -> Iterator[Event]:
        self._ended[prompt_id] = yield from self._client.follow(prompt_id)


def times(messages: Any) -> Times:
    stamps = {kind: body["timestamp"] / 1000 for kind, body in messages if "timestamp" in body}
    return stamps["execution_start"], stamps["execution_success"]


def way_named(name: str, url: str) -> Way:
    if name == "ours":
        return Ours(url)
    return Raw(url).with_socket if name == "raw" else Raw(url).with_polling


def one_round(way: Way, count: int) -> list[Added]:
    """Run `count` prompts at once. Returns what each took over the server's own time."""
    ready = threading.Barrier(count + 1)
    ended: list[tuple[float, Times]] = []

    def run() -> None:
        ready.wait()
        server = way(str(uuid.uuid4()))
        ended.append((time.monotonic(), server))

    threads = [threading.Thread(target=run, name="caller") for _ in range(count)]
    for thread in threads:
        thread.start()
    began, clocks = time.monotonic(), time.time() - time.monotonic()
    ready.wait()
    for thread in threads:
        thread.join()
    assert len(ended) == count, "a prompt was lost"
    first = min(start for _, (start, _) in ended)
    begin = 1000 * (first - clocks - began)
    added = [1000 * ((seen - began) - (end - first)) for seen, (_, end) in ended]
    return [(whole, begin, whole - begin) for whole in added]


def measure(name: str, url: str, count: int) -> dict[str, float]:
    """One way at one width, in a process of its own."""
    way = way_named(name, url)
    one_round(way, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    most, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.002):
            most[0] = max(most[0], threading.active_count())

    watcher = threading.Thread(target=watch, name="watcher", daemon=True)
    watcher.start()
    rounds: list[Added] = []
    for _ in range((POLLING_ROUNDS if name == "polling" else ROUNDS)[count]):
        rounds += one_round(way, count)
        time.sleep(SETTLE)
    stop.set()
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    added, start, end = zip(*rounds, strict=True)
    found = {"added": added, "start": start, "end": end}
    medians = {name: statistics.median(values) for name, values in found.items()}
    high = statistics.quantiles(added, n=20)[-1]
    threads = most[0] - 2 - count  # without the main thread, the watcher and the callers
    return {**medians, "p95": high, "threads": threads, "memory": memory}


def compare(url: str, widths: list[int]) -> None:
    names = ("added ms", "p95", "start", "end", "threads", "memory")
    print("at once way     ", *(f"{name:>8}" for name in names), " ratios")
    for count in widths:
        results = {name: in_a_process(name, url, count) for name in ("raw", "polling", "ours")}
        for name, found in results.items():
            figures = (found[key] for key in ("added", "p95", "start", "end", "threads", "memory"))
            row = f"{count:7} {name:8} " + " ".join(f"{figure:8.1f}" for figure in figures)
            if name != "polling":
                row += f"  polling is {results['polling']['added'] / found['added']:.0f} x"
            if name == "ours":
                row += f", {found['added'] / results['raw']['added']:.2f} x raw"
            print(row, flush=True)


def in_a_process(name: str, url: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.client", "--url", url]
    command += ["--way", name, "--at-once", str(count)]
    found: dict[str, float] = json.loads(subprocess.check_output(command, cwd=ROOT))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="", help="a ComfyUI server with nothing else to do")
    parser.add_argument("--at-once", type=int, action="append", help="1, 10 and 50 unless told")
    parser.add_argument("--way", choices=("raw", "polling", "ours"), help="only this, as JSON")
    given = parser.parse_args()
    widths = given.at_once or list(ROUNDS)
    if given.way:
        return print(json.dumps(measure(given.way, given.url, widths[0])))
    if given.url:
        return compare(given.url.rstrip("/"), widths)
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess(Path(folder))
        engine.start()
        try:
            compare(engine.url, widths)
        finally:
            engine.kill()


if __name__ == "__main__":
    main()

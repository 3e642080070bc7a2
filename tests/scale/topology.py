"""docker-compose.yml as plain processes on loopback: `python -m tests.scale.topology`

PostgreSQL, an S3 server, two `app.py`, a `comfy.worker`, two servers, and HAProxy as the compose
file configures it. A voice is asked for through the balancer by the API while the database is away,
and a page's replica is killed; then it is checked that nobody saw an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import requests
from gradio_client import Client, handle_file
from moto.server import ThreadedMotoServer

from tests.app_process import AppProcess, free_port
from tests.conftest import ROOT, EngineProcess
from tests.postgres import Postgres
from tests.scale.compose import Balancer

AWAY = 60.0  # seconds without a database


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    postgres = Postgres()
    postgres.start()
    s3 = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    boto3.client("s3").create_bucket(Bucket="studio")
    engines = [EngineProcess(folder / f"engine{n}") for n in range(2)]
    for engine in engines:
        engine.start()
    options = ["--servers", ",".join(engine.url for engine in engines)]
    options += ["--database-url", postgres.url, "--storage", "s3://studio/files"]
    options += ["--secret", "the same for all of them, and long", "--auth", "alice:wonderland-1"]
    apps = [AppProcess(folder / f"app{n}") for n in range(2)]
    for app in apps:
        app.start(*options)
    worker = subprocess.Popen(
        [sys.executable, "-m", "comfy.worker", *options, "--data", str(folder / "worker")]
        + ["--monitor-port", str(monitor := free_port())],
        cwd=ROOT,
    )
    balancer = Balancer(folder, [app.url for app in apps])
    url = balancer.url
    try:
        _wait(lambda: requests.get(f"{url}readyz", timeout=5).status_code == 200)
        _wait(lambda: requests.get(f"http://127.0.0.1:{monitor}/readyz", timeout=5).ok)
        metrics = requests.get(f"http://127.0.0.1:{monitor}/metrics", timeout=5).text
        assert "comfy_replicas 3.0" in metrics, metrics
        assert requests.get(f"{url}metrics", timeout=5).status_code in (401, 403)
        print("three replicas live; the page is reached through the balancer", flush=True)
        _use(url, postgres)
        _lose(url, apps)
        print("ok")
    finally:
        balancer.close()
        worker.terminate()
        assert worker.wait(30) == 0
        for app in apps[1:]:
            app.stop()
        for engine in engines:
            engine.kill()
        s3.stop()
        postgres.close()
        shutil.rmtree(folder)


def _use(url: str, postgres: Postgres) -> None:
    """One job before, and one across the time without a database."""
    client = Client(url, auth=("alice", "wonderland-1"), verbose=False)
    picture = handle_file(str(ROOT / "assets/keyframe.jpg"))
    print(client.view_api(return_format="dict", print_info=False)["named_endpoints"].keys())
    result = client.predict(picture, api_name="/image_cleanup")
    print("cleaned:", result)
    postgres.kill()
    gone = time.monotonic()
    voice = handle_file(str(ROOT / "assets/voice-zh.mp3"))
    job = client.submit(voice, "大家好，今天天气不错。", api_name="/voice_clone")
    page = requests.get(url, auth=("alice", "wonderland-1"), timeout=90)
    assert page.status_code == 200, page.status_code
    time.sleep(max(0.0, AWAY - (time.monotonic() - gone)))
    postgres.start()
    print(f"the database was away for {time.monotonic() - gone:.0f} s; then:", job.result(120))


def _lose(url: str, apps: list[AppProcess]) -> None:
    """A browser stays with its replica; when that one is killed, the next click finds another."""
    visitors = [requests.Session() for _ in range(4)]
    login = {"username": "alice", "password": "wonderland-1"}
    for visitor in visitors:
        assert visitor.post(f"{url}login", data=login, timeout=30).ok
    homes = [visitor.cookies["replica"] for visitor in visitors]
    assert len(set(homes)) == len(apps), homes
    for visitor, home in zip(visitors, homes, strict=True):
        assert visitor.get(url, timeout=30).ok
        assert visitor.cookies["replica"] == home
    apps[0].kill()
    began = time.monotonic()
    answers = [visitor.get(url, timeout=90).status_code for visitor in visitors]
    print(f"a replica was killed: {answers} within {time.monotonic() - began:.1f} s", flush=True)
    assert answers == [200] * len(visitors)


def _wait(condition: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():  # type: ignore[operator]
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


if __name__ == "__main__":
    main()

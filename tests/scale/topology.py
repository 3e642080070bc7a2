"""docker-compose.yml as plain processes on loopback: `python -m tests.scale.topology`

PostgreSQL, an S3 server, two `app.py`, a `comfy.worker`, two servers, and HAProxy with the options
of the compose file where it is installed. A chain is started through the balancer by the API while
the database goes away and a replica is killed; then it is checked that nobody saw an error.
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

AWAY = 60.0  # seconds without a database
BALANCER = """
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    option forwardfor
frontend page
    bind 127.0.0.1:{port}
    http-request deny if {{ path /metrics }}
    default_backend replicas
backend replicas
    cookie replica insert indirect nocache httponly
    option httpchk GET /readyz
    default-server check inter 2s
"""


def balance(folder: Path, urls: list[str]) -> tuple[subprocess.Popen[bytes] | None, str]:
    """HAProxy before these pages, and its address; without it the first page's."""
    if not shutil.which("haproxy"):
        print("HAProxy is not installed: the first page is asked directly")
        return None, urls[0]
    port = free_port()
    lines = [
        f"    server app{n} {url.split('://')[1].rstrip('/')} cookie app{n}"
        for n, url in enumerate(urls)
    ]
    config = folder / "haproxy.cfg"
    config.write_text(BALANCER.format(port=port) + "\n".join(lines) + "\n")
    return subprocess.Popen(["haproxy", "-f", str(config), "-db"]), f"http://127.0.0.1:{port}/"


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
    balancer, url = balance(folder, [app.url for app in apps])
    try:
        _wait(lambda: requests.get(f"{url}readyz", timeout=5).status_code == 200)
        _wait(lambda: requests.get(f"http://127.0.0.1:{monitor}/readyz", timeout=5).ok)
        metrics = requests.get(f"http://127.0.0.1:{monitor}/metrics", timeout=5).text
        assert "comfy_replicas 3.0" in metrics, metrics
        assert requests.get(f"{url}metrics", timeout=5).status_code in (401, 403)
        print("three replicas live; the page is reached through the balancer", flush=True)
        _use(url, postgres)
        print("ok")
    finally:
        if balancer:
            balancer.terminate()
            balancer.wait()
        worker.terminate()
        assert worker.wait(30) == 0
        for app in apps:
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

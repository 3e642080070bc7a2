"""Dockerfile and docker-compose.yml name only what exists, and the balancer does what it should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from comfy.jobs.vitals import PATHS
from comfy.settings import SETTINGS, Settings
from tests.app_process import OURS
from tests.conftest import ROOT
from tests.scale.compose import BALANCER, COMPOSE, Balancer

SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
LINES = [line.split(None, 1) for line in DOCKERFILE.splitlines() if line[:1].isupper()]
NAMES = {setting.env for setting in SETTINGS}
PAGE_PORT = next(setting.default for setting in SETTINGS if setting.name == "port")
HIDDEN = "LET" + "TERS"  # a password of the tests
needs_haproxy = pytest.mark.skipif(
    not shutil.which("haproxy"), reason="HAProxy is not installed (Debian: haproxy)"
)


def environment(service: str) -> dict[str, str]:
    """What the service is given, after a `.env` file has filled in the rest."""
    sample = {
        "COMFY_SERVERS": "http://gpu1:8188,http://gpu2:8188",
        "STUDIO_AUTH": "ann:long-enough",
    }

    def fill(found: re.Match[str]) -> str:
        name, _, default = found[1].partition(":")
        return sample.get(name, HIDDEN if default.startswith("?") else "")

    given = SERVICES[service].get("environment", {})
    return {name: re.sub(r"\$\{(.*?)\}", fill, value) for name, value in given.items()}


def instructions(name: str) -> list[str]:
    return [rest for word, rest in LINES if word == name]


def test_every_image_has_a_tag() -> None:
    images = [s["image"] for s in SERVICES.values() if "build" not in s] + instructions("FROM")
    assert [i for i in images if ":" not in i or i.endswith(":latest")] == []


def test_what_is_copied_is_there_and_requirements_come_before_they_are_installed() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    sources = [name for copy in instructions("COPY") for name in copy.split()[:-1]]
    assert [s for s in sources if not (ROOT / s).exists() or s in ignored] == []
    needed = {"app.py", "comfy", "workflows", "assets", "requirements.txt"}
    assert needed <= set(sources)
    copied, installed = DOCKERFILE.index("COPY requirements.txt"), DOCKERFILE.index("pip install")
    assert copied < installed < DOCKERFILE.index("COPY comfy")  # else each change installs anew
    (command,) = instructions("CMD")
    assert json.loads(command) == ["python", "app.py"]


def test_settings_are_those_of_the_table_and_are_accepted() -> None:
    image = dict(pair.split("=") for pair in " ".join(instructions("ENV")).split())
    for service in ("app", "worker"):
        given = {**image, **environment(service)}
        assert {n for n in given if n.startswith(OURS)} <= NAMES
        settings = Settings.load([], given)
        assert (settings.host, len(settings.servers)) == ("0.0.0.0", 2)
        assert not settings.is_open
        assert settings.database == f"postgresql+psycopg://studio:{HIDDEN}@database:5432/studio"


def test_health_is_asked_where_it_is_answered() -> None:
    worker = SERVICES["worker"]["healthcheck"]["test"]
    texts = {"app": " ".join(instructions("HEALTHCHECK")), "worker": " ".join(worker)}
    ports = {"app": PAGE_PORT, "worker": environment("worker")["STUDIO_MONITOR_PORT"]}
    for service, text in texts.items():
        (url,) = re.findall(r"http://[^']+", text)
        assert (urlsplit(url).hostname, str(urlsplit(url).port)) == ("127.0.0.1", ports[service])
        assert urlsplit(url).path in PATHS
    assert re.findall(r"httpchk GET (\S+)", BALANCER) == ["/readyz"]


def test_services_know_each_other_by_the_right_names_and_secrets() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
        named = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert named <= COMPOSE["volumes"].keys()
    app, database = environment("app"), environment("database")
    url = urlsplit(app["DATABASE_URL"])
    assert (url.hostname, url.username) == ("database", database["POSTGRES_USER"])
    assert url.password == database["POSTGRES_PASSWORD"]
    storage = environment("storage")
    assert urlsplit(app["AWS_ENDPOINT_URL"]).hostname == "storage"
    assert app["AWS_ACCESS_KEY_ID"] == storage["MINIO_ROOT_USER"]
    assert app["AWS_SECRET_ACCESS_KEY"] == storage["MINIO_ROOT_PASSWORD"]
    bucket = urlsplit(app["STUDIO_STORAGE"]).netloc
    assert f"mc mb --ignore-existing s/{bucket}" in SERVICES["bucket"]["entrypoint"][-1]
    assert re.findall(r"server-template app \d+ (\S+)", BALANCER) == [f"app:{PAGE_PORT}"]


def test_only_the_balancer_is_reached_from_outside() -> None:
    """So it may be believed about who asks; it overwrites what a visitor says about that."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["balancer"]
    assert environment("app")["FORWARDED_ALLOW_IPS"] == "*"
    assert "set-header X-Forwarded-For %[src]" in BALANCER


class Page(BaseHTTPRequestHandler):
    """Answers with its own port and who asks."""

    def do_GET(self) -> None:
        body = f"{self.server.server_port} {self.headers.get_all('X-Forwarded-For')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def pages() -> Iterator[list[ThreadingHTTPServer]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


@needs_haproxy
def test_a_visitor_stays_with_a_page_until_it_dies(
    pages: list[ThreadingHTTPServer], tmp_path: Path
) -> None:
    (config := tmp_path / "as-it-is.cfg").write_text(BALANCER)
    subprocess.run(["haproxy", "-c", "-q", "-f", str(config)], check=True)
    balancer = Balancer(tmp_path, [f"http://127.0.0.1:{page.server_port}/" for page in pages])
    visitors = [requests.Session() for _ in range(4)]

    def ask(visitor: requests.Session, path: str = "") -> str:
        answer = visitor.get(balancer.url + path, headers={"X-Forwarded-For": "1.2.3.4"}, timeout=9)
        return answer.text if answer.ok else str(answer.status_code)

    try:
        first = [ask(visitor) for visitor in visitors]
        assert len({text.split()[0] for text in first}) == 2  # both have visitors
        assert {text.split(" ", 1)[1] for text in first} == {"['127.0.0.1']"}
        assert [ask(visitor) for visitor in visitors] == first
        assert ask(visitors[0], "metrics") == "403"
        pages[0].shutdown()
        pages[0].socket.close()
        left = f"{pages[1].server_port} ['127.0.0.1']"
        assert [ask(visitor) for visitor in visitors] == [left] * 4  # nobody sees an error
    finally:
        balancer.close()

"""What stands between us and a server: gateways with pages of their own, black holes, https."""

import asyncio
import logging
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.responses import Response, StreamingResponse

from comfy.client import transport
from comfy.client.events import Executing, Started
from comfy.client.http import ComfyClient
from comfy.errors import ServerError, StudioError
from comfy.protocol import FileRef
from tests.client.scripted import Scripted, wait_until

PATHS: tuple[str, ...] = (
    "prompt",
    "queue",
    "history",
    "upload",
    "view",
    "interrupt",
    "object_info",
)
PATHS += ("system_stats", "features")
PAGE = "<html><body><h1>Attention!</h1>nginx at /srv/secret</body></html>"
PASSING = {502, 503, 504, 520, 522, 524}
CANARY = "c4n4ry-s3cret"

Verbs = dict[str, Callable[[], object]]


def verbs(client: ComfyClient, folder: Path) -> Verbs:
    source = folder / "a.png"
    source.write_bytes(b"a picture")
    return {
        "upload": lambda: client.upload(source, name="a.png"),
        "prompt": lambda: client.prompt({}, prompt_id="p"),
        "known": lambda: client.known("p"),
        "queue": client.queue,
        "history": lambda: client.history("p"),
        "view": lambda: client.view(FileRef("a.png"), folder / "b.png"),
        "exists": lambda: client.exists(FileRef("a.png")),
        "interrupt": lambda: client.interrupt("p"),
        "delete": lambda: client.delete("p"),
        "cancel": lambda: client.cancel("p"),
        "object_info": client.object_info,
        "system_stats": client.system_stats,
        "features": client.features,
        "follow": lambda: list(client.follow("p", patience=0)),
    }


def outcome(verb: Callable[[], object]) -> object:
    try:
        return verb()
    except StudioError as error:
        assert "html" not in f"{error} {error.details}".lower()
        return error.code


def outcomes(client: ComfyClient, folder: Path) -> dict[str, object]:
    """What each verb makes of the server, all at the same time."""
    todo = verbs(client, folder)
    with ThreadPoolExecutor(len(todo)) as pool:
        return dict(zip(todo, pool.map(outcome, todo.values()), strict=True))


def expected(status: int) -> str:
    if status in (401, 403):
        return "server_refused"
    if status == 429:
        return "server_busy"
    return "server_unreachable" if status in PASSING else "server_broken"


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 502, 503, 504, 520, 522, 524])
def test_a_page_of_a_proxy_is_an_error_of_the_server_for_every_verb(
    server: Scripted, client: ComfyClient, tmp_path: Path, status: int
) -> None:
    headers = {"Retry-After": "0"} if status == 429 else {}
    server.answers = {
        path: lambda request: Response(PAGE, status, headers, "text/html") for path in PATHS
    }
    server.refuse_sockets = Response(PAGE, status, media_type="text/html")
    found = outcomes(client, tmp_path)
    special: dict[int, dict[str, object]] = {
        404: {"view": "output_missing", "exists": False},
        413: {"upload": "file_refused"},
    }
    assert found == dict.fromkeys(found, expected(status)) | special.get(status, {})


@pytest.mark.parametrize("body", [PAGE, "", "{", "null", "[]", '"text"', "\xff\xfe", '{"a": '])
def test_a_page_with_status_200_is_no_answer(
    server: Scripted, client: ComfyClient, tmp_path: Path, body: str
) -> None:
    server.answers = {path: lambda request: Response(body.encode("latin-1")) for path in PATHS}
    found = outcomes(client, tmp_path)
    silent = {"interrupt": None, "delete": None, "exists": True, "view": tmp_path / "b.png"}
    assert found == dict.fromkeys(found, "server_broken") | silent


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_verb_follows_a_redirect(
    server: Scripted, client: ComfyClient, tmp_path: Path, status: int
) -> None:
    elsewhere = Scripted().start()
    away = {"Location": elsewhere.url}
    server.answers = {path: lambda request: Response("", status, away) for path in PATHS}
    server.refuse_sockets = Response("", status, away)
    found = outcomes(client, tmp_path)
    assert found == dict.fromkeys(found, "server_broken")
    assert elsewhere.requests == elsewhere.opened == []
    elsewhere.stop()


def test_a_proxy_that_takes_less_than_the_server_is_not_quoted_with_the_servers_limit(
    server: Scripted, client: ComfyClient, tmp_path: Path
) -> None:
    server.answers["upload"] = lambda request: Response(PAGE, 413)
    (tmp_path / "a.png").write_bytes(bytes(2**20))
    with pytest.raises(StudioError) as caught:
        client.upload(tmp_path / "a.png", name="a.png")
    assert (caught.value.code, caught.value.details) == ("file_refused", {"size": 1.0})


def test_a_black_hole_is_given_up_in_time(tmp_path: Path) -> None:
    with black_hole() as url:
        client = ComfyClient(url, client_id="studio", timeout=(0.2, 0.2))
        began = time.monotonic()
        found = outcomes(client, tmp_path)
        assert time.monotonic() - began < 25  # three tries, and an upload may take ten times longer
        client.close()
    assert found == dict.fromkeys(found, "server_unreachable")


def test_an_answer_that_drips_is_given_up_in_time(
    server: Scripted, client: ComfyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    monkeypatch.setattr(transport, "JSON_SECONDS", 0.5)
    server.answers["queue"] = lambda request: StreamingResponse(dripping())
    began = time.monotonic()
    with pytest.raises(ServerError) as caught:
        client.queue()
    assert caught.value.code == "server_broken"
    assert 0.4 < time.monotonic() - began < 20  # a minute unless told


def test_credentials_are_in_no_log_and_in_no_error(
    server: Scripted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Bearer {CANARY}", "X-Api-Key": CANARY}
    client = ComfyClient(server.url, client_id="studio", headers=headers, poll=0.2)
    outcomes(client, tmp_path)
    server.answers = {path: lambda request: Response(PAGE, 502) for path in PATHS}
    server.refuse_sockets = Response(PAGE, 502)
    outcomes(client, tmp_path)
    client.close()
    assert CANARY in str(server.requests) and CANARY in str(server.opened)
    assert len(caplog.records) > 10
    assert CANARY not in caplog.text
    assert CANARY not in repr(client)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate of our own authority for 127.0.0.1, with its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command += f" -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.crt"
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return str(path)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_https_and_wss_with_an_authority_of_ones_own(
    certificate: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in transport.CA_FILES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, f"{certificate}.crt")
    server = Scripted().start(certificate)
    client = ComfyClient(server.url, client_id="studio", poll=60)
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.running, server.pending = ["p"], []
    server.say("p", "executing", node="3")
    assert next(event for event in events if event != Started()) == Executing("3")
    server.send("p", b"\0" * 300_000)  # many TLS records
    server.end("p")
    server.say("p", "execution_success")
    assert list(events) == []
    wait_until(lambda: server.sockets == {})
    client.close()
    server.stop()


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: str) -> None:
    server = Scripted().start(certificate)
    client = ComfyClient(server.url, client_id="studio")
    with pytest.raises(ServerError) as caught:
        client.prompt({}, prompt_id="p")
    assert caught.value.code == "server_unreachable"
    assert server.requests == server.opened == []
    client.close()
    server.stop()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"

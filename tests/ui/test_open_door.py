"""The door without a login: an app on somebody's own machine, and what it refuses even then."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
import requests

from comfy.passwords import hash_password, is_hash, matches
from comfy.settings import Settings
from comfy.ui.asgi import Receive, Scope, Send
from comfy.ui.door import Door
from comfy.ui.origins import is_this_machine
from comfy.ui.ownership import Ownership
from comfy.ui.passes import Passes, read_secret
from comfy.ui.rates import Rate
from comfy.ui.visitor import NOBODY, Visitor, address_origin, from_header
from tests.app_process import ROOT, AppProcess


def get(app: AppProcess, path: str = "", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(app.url + path, headers=named, timeout=10)


def test_it_listens_on_this_machine_alone(app: AppProcess) -> None:
    address = f"{urlsplit(app.url).port:04X}"
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [place.split(":")[0] for place in listening if place.endswith(f":{address}")] == [
        "0100007F"
    ]


@pytest.mark.parametrize(
    "options",
    [["--share"], ["--host", "0.0.0.0"], ["--host", "::"], ["--host", "192.168.1.2"]],
)
def test_a_public_door_needs_a_login_or_a_word(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        Settings.load(options, {})
    assert "anybody who can reach the address could use it" in capsys.readouterr().err
    for enough in (["--public"], ["--guests"], ["--auth", "a:b"]):
        assert Settings.load([*options, *enough], {}).host
    assert Settings.load(options, {"SPACE_ID": "someone/space"}).public


def test_oauth_is_for_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Settings.load(["--oauth"], {})
    assert "only in a Hugging Face Space" in capsys.readouterr().err
    assert not Settings.load(["--oauth"], {"SPACE_ID": "a/b"}).is_open


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", "[::ffff:7f00:1]", "", "x:y"],
)
def test_a_foreign_name_that_leads_here_opens_nothing(app: AppProcess, host: str) -> None:
    """DNS rebinding: a page of that name would be of the same origin as ours."""
    assert get(app, Host=host).status_code in (400, 403)
    assert get(app, "config", Host=host).status_code in (400, 403)


def test_the_names_of_this_machine_are_ours(app: AppProcess) -> None:
    port = urlsplit(app.url).port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert (host, get(app, Host=host).status_code) == (host, 200)


def test_what_is_for_this_machine_is_not_for_whom_a_proxy_brings(app: AppProcess) -> None:
    def opened(**headers: str) -> list[int]:
        return [get(app, path, **headers).status_code for path in ("metrics", "operator")]

    assert opened() == [200, 200]
    proxies = ("Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP")
    for name in (*proxies, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"):
        for value in ("127.0.0.1", "198.51.100.7", ""):
            assert (name, value, opened(**{name: value})) == (name, value, [404, 403])
    assert opened(Host="studio.example")[0] == 403


def test_only_a_real_address_of_this_machine_is_this_machine() -> None:
    def asks(client: object, host: bytes = b"localhost:7860") -> bool:
        return is_this_machine({"client": client, "headers": [(b"host", host)]})

    assert asks(("127.0.0.1", 1)) and asks(("::1", 1)) and asks(("::1", 1), b"[::1]:7860")
    for client in (("testclient", 1), ("127.0.0.1.evil", 1), ("10.0.0.1", 1), ("", 0), None):
        assert not asks(client)
    assert not asks(("127.0.0.1", 1), b"studio.example") and not asks(("127.0.0.1", 1), b"")


@pytest.mark.parametrize(
    ("client", "host", "told", "passed"),
    [
        ("203.0.113.9", b"studio.example", b"198.51.100.1", [b"203.0.113.9"]),
        ("203.0.113.9", b"studio.example", None, [b"203.0.113.9"]),
        ("127.0.0.1", b"localhost", b"127.0.0.1", [b"127.0.0.1"]),
        ("127.0.0.1", b"localhost", None, []),
    ],
)
def test_a_caller_of_mcp_cannot_choose_an_address(
    client: str, host: bytes, told: bytes | None, passed: list[bytes], tmp_path: Path
) -> None:
    """Gradio's tools send the caller's headers on, from this machine."""
    settings = Settings.load(["--public", "--host", "0.0.0.0"], {})
    seen: list[bytes] = []

    async def inside(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.extend(v for k, v in scope["headers"] if k == b"x-forwarded-for")

    opened = Door(
        inside,
        settings=settings,
        secret=b"key",
        passes=Passes(settings, b"key"),
        ownership=Ownership(tmp_path, lambda _job: ""),
        link_is_good=lambda _link: False,
    )
    headers = [(b"host", host), *([(b"x-forwarded-for", told)] if told else [])]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/mcp/", "headers": headers}
    anyio.run(opened, {**scope, "client": (client, 1)}, None, None)
    assert seen == passed


def test_mcp_and_a_login_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    for login in (["--auth", "a:b"], ["--guests"]):
        with pytest.raises(SystemExit):
            Settings.load(["--mcp", *login], {})
        assert "--mcp does not work with a login" in capsys.readouterr().err


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost.evil.example:7860"},
    ],
)
def test_another_site_starts_nothing(app: AppProcess, headers: dict[str, str]) -> None:
    for path in ("gradio_api/queue/join", "gradio_api/upload", "gradio_api/call/job", "login"):
        answer = requests.post(app.url + path, json={}, headers=headers, timeout=10)
        assert (path, answer.status_code) == (path, 403)
        assert "access-control-allow-origin" not in answer.headers


def test_another_site_reads_nothing_but_may_link_here(app: AppProcess) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert requests.get(f"{app.url}gradio_api/info", headers=foreign, timeout=10).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(app.url, headers=link, timeout=10).status_code == 200
    asked = {"Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in get(app, **asked).headers


def test_what_a_client_says_about_itself_is_dropped(app: AppProcess) -> None:
    told = json.dumps({"kind": "account", "name": "root", "origin": "", "operator": True})
    answer = requests.get(app.url + "config", headers={"X-Studio-Visitor": told}, timeout=10)
    assert answer.json().get("username") is None


def test_without_a_header_nobody_is_meant() -> None:
    assert from_header(None) == NOBODY
    somebody = Visitor("account", "王小明", "account:王小明", operator=True)
    assert from_header(somebody.to_header().decode("ascii")) == somebody


def test_an_address_is_kept_as_a_hash() -> None:
    kept = address_origin("203.0.113.7", b"secret")
    assert kept.startswith("address:")
    assert "203" not in kept
    assert kept == address_origin("203.0.113.7", b"secret") != address_origin("203.0.113.7", b"x")


def test_a_rate_lets_a_burst_through_and_then_a_few() -> None:
    now = [0.0]
    rate = Rate(3, 30, clock=lambda: now[0])
    assert [rate.allows("a") for _ in range(4)] == [True, True, True, False]
    assert rate.allows("b")
    now[0] = 10.0
    assert [rate.allows("a") for _ in range(2)] == [True, False]


def test_a_password_is_kept_as_a_hash_that_fits_only_itself() -> None:
    kept = hash_password("correct horse")
    assert is_hash(kept)
    assert not set(kept) & set("$:, ")
    assert hash_password("correct horse") != kept
    assert [matches(word, kept) for word in ("correct horse", "Correct horse", "", kept)] == [
        *(True, False, False, False)
    ]
    for broken in ("scrypt.15.8.1.x.y", "scrypt.a.b.c.d.e", "scrypt.99.99.99.AAAA.AAAA"):
        assert not matches("x", broken)


def test_the_command_prints_what_the_settings_take() -> None:
    command = [sys.executable, "-m", "comfy.passwords"]
    told = subprocess.run(command, input="long enough\n", capture_output=True, text=True, cwd=ROOT)
    settings = Settings.load(["--auth", f"ann:{told.stdout.strip()}"], {})
    passes = Passes(settings, b"key")
    visitor = passes.log_in("ann", "long enough")
    assert visitor == Visitor("account", "ann", "account:ann", operator=True)
    assert passes.log_in("ann", "wrong") is None
    assert passes.log_in("nobody", "long enough") is None
    short = subprocess.run(command, input="short\n", capture_output=True, text=True, cwd=ROOT)
    assert (short.returncode, short.stdout) == (1, "")


def test_a_pass_ends_with_the_password_and_with_the_secret(tmp_path: Path) -> None:
    settings = Settings.load(["--auth", "ann:one,bob:two", "--data", str(tmp_path)], {})
    secret = read_secret(settings)
    assert read_secret(settings) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    passes = Passes(settings, secret)
    visitor = passes.log_in("bob", "two")
    assert visitor is not None and not visitor.operator
    kept = passes.account_pass(visitor)
    assert passes.read(kept) == visitor
    changed = Settings.load(["--auth", "ann:one,bob:three"], {})
    assert Passes(changed, secret).read(kept) is None
    assert Passes(settings, b"another").read(kept) is None
    assert passes.read(kept[:-2]) is None
    assert passes.read_link(passes.link_token("abc")) == "abc"
    assert passes.read_link("abc.def") is None
    assert passes.read(passes.link_token("abc")) is None  # a link is no pass

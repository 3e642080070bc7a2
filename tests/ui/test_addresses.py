"""Files named by an address: nothing inside is asked, and nothing has no end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import gradio as gr
import pytest

from comfy.ui.addresses import Fetch, is_public
from tests.app_process import AppProcess
from tests.ui.people import answer

MEGABYTE = 1_000_000


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    """A web server that writes down what it is asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            return self.end_headers()
        self.send_response(404 if self.path == "/none" else 200)
        self.end_headers()
        try:
            for _ in range(1000 if self.path == "/endless" else 1):
                self.wfile.write(bytes(MEGABYTE // 2))
        except OSError:  # it was given up
            return

    def log_message(self, *_: object) -> None:
        return


def test_addresses_inside_are_not_asked(app: AppProcess, web: ThreadingHTTPServer) -> None:
    port = web.server_port
    names = "127.0.0.1 localhost [::1] [::ffff:127.0.0.1] 2130706433 0x7f.1 0.0.0.0 127.1"
    inside = [f"http://{host}:{port}/a.png" for host in names.split()]
    for address in (*inside, "http://169.254.169.254/x", "http://metadata.google.internal/"):
        picture = {"path": address, "meta": {"_type": "gradio.FileData"}}
        told = answer(app, "image_cleanup", image=picture)
        assert "event: error" in told and "public http or https address" in told, address
        assert "Traceback" not in told
    assert web.asked == []  # type: ignore[attr-defined]


def test_only_the_public_internet_is_public() -> None:
    for address in ("8.8.8.8", "93.184.216.34", "2606:4700::1111"):
        assert is_public(address), address
    inside = "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 0.0.0.0"
    others = "224.0.0.1 255.255.255.255 ::1 :: fe80::1%eth0 fd00::1 ::ffff:10.0.0.1 64:ff9b::7f00:1"
    for address in (*inside.split(), *others.split(), "2002:7f00:1::1", "2001:0:7f00:1::1"):
        assert not is_public(address), address


def test_a_fetch_ends_at_the_limit_and_follows_redirects_no_further_than_outside(
    web: ThreadingHTTPServer, tmp_path: Path
) -> None:
    """Here the web server stands for a public one: 127.0.0.1 is allowed, 127.0.0.2 is not."""
    base = f"http://127.0.0.1:{web.server_port}"
    fetch = Fetch(1, lambda address: address == "127.0.0.1")

    def fetched(path: str) -> str:
        return anyio.run(fetch, base + path, str(tmp_path))

    assert Path(fetched("/file")).stat().st_size == MEGABYTE // 2
    assert Path(fetched("/to//file")).stat().st_size == MEGABYTE // 2
    inside = f"/to/http://127.0.0.2:{web.server_port}/secret"
    for path in ("/endless", "/none", inside, "/to/file:///etc/passwd", "/to/" * 9 + "/file"):
        with pytest.raises(gr.Error) as refused:
            fetched(path)
        assert "1 MB" in str(refused.value.message)
    assert "/secret" not in web.asked  # type: ignore[attr-defined]
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 2  # nothing half is left

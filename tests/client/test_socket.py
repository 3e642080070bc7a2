"""The socket of one prompt against a scripted server."""

import json
import time
from collections.abc import Iterator

import pytest
from starlette.responses import RedirectResponse, Response

from comfy.client.events import Executing, Gap, Signal
from comfy.client.socket import MAX_FRAME, QUIET, Socket
from tests.client.scripted import Scripted, wait_until

Sockets = list[Socket]


@pytest.fixture
def opened() -> Iterator[Sockets]:
    sockets: Sockets = []
    yield sockets
    for socket in sockets:
        socket.close()


def open_socket(server: Scripted, opened: Sockets, quiet: float = QUIET) -> Socket:
    headers = {"X-Token": "t"}
    socket = Socket(server.url, client_id="studio-p", prompt_id="p", headers=headers, quiet=quiet)
    opened.append(socket)
    return socket


def next_signal(socket: Socket) -> Signal | None:
    return socket.inbox.get(5)


def test_it_introduces_itself_as_a_server_expects(server: Scripted, opened: Sockets) -> None:
    socket = open_socket(server, opened)
    assert socket.wait_for_first_try(5)
    wait_until(lambda: bool(server.heard))
    seen = server.opened[0]
    assert seen.query == {"clientId": "studio-p"}
    assert seen.headers["x-token"] == "t"
    assert "origin" not in seen.headers  # a server on loopback answers 403 to a foreign one
    assert "sec-websocket-extensions" not in seen.headers
    assert json.loads(server.heard[0]) == {
        "type": "feature_flags",
        "data": {"supports_preview_metadata": True},
    }


def test_a_deaf_socket_is_opened_again(server: Scripted, opened: Sockets) -> None:
    socket = open_socket(server, opened, quiet=0.5)
    assert next_signal(socket) == Gap()
    first = server.socket_of("p")
    wait_until(lambda: len(server.opened) == 2 and server.socket_of("p") is not first)
    server.say("p", "executing", node="3")
    wait_until(lambda: (signal := next_signal(socket)) is None or signal == Executing("3"))


def test_a_refusing_server_is_not_stormed(server: Scripted, opened: Sockets) -> None:
    server.refuse_sockets = Response(status_code=403)
    began = time.monotonic()
    socket = open_socket(server, opened)
    assert not socket.wait_for_first_try(5)
    wait_until(lambda: len(server.opened) >= 4)
    assert time.monotonic() - began > 1.2  # 0.2, 0.4 and 0.8 seconds between four tries
    assert socket.inbox.get(0) is None


def test_a_redirect_is_not_followed(server: Scripted, opened: Sockets) -> None:
    elsewhere = Scripted().start()
    server.refuse_sockets = RedirectResponse(f"{elsewhere.url}/ws?clientId=x")
    assert not open_socket(server, opened).wait_for_first_try(5)
    assert server.opened
    assert elsewhere.opened == []
    elsewhere.stop()


def test_an_oversized_frame_costs_the_connection_and_no_more(
    server: Scripted, opened: Sockets
) -> None:
    socket = open_socket(server, opened)
    assert next_signal(socket) == Gap()
    server.send("p", bytes(MAX_FRAME + 1))
    assert next_signal(socket) == Gap()
    assert next_signal(socket) == Gap()
    assert len(server.opened) == 2
    server.say("p", "executing", node="3")
    assert next_signal(socket) == Executing("3")


def test_a_closed_socket_leaves_the_server(server: Scripted, opened: Sockets) -> None:
    socket = open_socket(server, opened)
    assert socket.wait_for_first_try(5)
    server.socket_of("p")
    socket.close()
    wait_until(lambda: server.sockets == {})
    time.sleep(0.5)
    assert len(server.opened) == 1


def test_nobody_there_is_no_reason_to_raise(opened: Sockets) -> None:
    server = Scripted().start()
    server.stop()
    assert not open_socket(server, opened).wait_for_first_try(5)

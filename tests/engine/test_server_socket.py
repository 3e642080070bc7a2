"""The engine's websocket: who hears what, previews, reconnecting."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import EngineProcess
from tests.engine.talk import (
    Message,
    accepted,
    colour_prompt,
    finished,
    get,
    listening,
    post,
    receive,
    sleep_prompt,
    until_end,
    wait_running,
)

FLAGS = '{"type": "feature_flags", "data": {"supports_preview_metadata": true}}'


def kinds(messages: list[Message]) -> list[str]:
    return [message["type"] for message in messages]


def test_the_prompt_is_in_the_history_before_its_end_is_told(engine: EngineProcess) -> None:
    with listening(engine, "order") as socket:
        for colour in range(20):
            prompt_id = accepted(engine, colour_prompt(colour, "order"), client_id="order")
            until_end(socket)
            assert prompt_id in get(engine, f"/history/{prompt_id}")
            assert get(engine, "/queue")["queue_running"] == []


def test_previews_are_small_jpegs_without_their_node_by_default(engine: EngineProcess) -> None:
    with listening(engine, "plain") as socket:
        accepted(engine, sleep_prompt(0.02, 2), client_id="plain")
        previews = [m for m in until_end(socket) if m["type"] == "binary"]
    assert [preview["data"] for preview in previews] == [{"event_type": 1}] * 2
    assert Image.open(io.BytesIO(previews[0]["image"])).format == "JPEG"


def test_previews_name_their_node_after_the_handshake(engine: EngineProcess) -> None:
    with listening(engine, "rich") as socket:
        socket.send(FLAGS)
        assert receive(socket)["type"] == "status"
        assert receive(socket) == {
            "type": "feature_flags",
            "data": {"supports_preview_metadata": True, "max_upload_size": 104857600},
        }
        prompt_id = accepted(engine, sleep_prompt(0.02, 1), client_id="rich")
        [preview] = [m for m in until_end(socket) if m["type"] == "binary"]
    assert preview["data"]["metadata"] == {
        "node_id": "1",
        "prompt_id": prompt_id,
        "display_node_id": "1",
        "parent_node_id": None,
        "real_node_id": "1",
        "image_type": "image/jpeg",
    }
    assert Image.open(io.BytesIO(preview["image"])).format == "JPEG"


def test_flags_that_are_not_the_first_message_are_ignored(engine: EngineProcess) -> None:
    with listening(engine, "late") as socket:
        socket.send("not json")
        socket.send(FLAGS)
        accepted(engine, sleep_prompt(0.02, 1), client_id="late")
        heard = until_end(socket)
    assert "feature_flags" not in kinds(heard)
    assert {"event_type": 1} in [message["data"] for message in heard]


def test_only_its_client_hears_a_prompt(engine: EngineProcess) -> None:
    with listening(engine, "a") as mine, listening(engine, "b") as other:
        finished(engine, accepted(engine, sleep_prompt(0.02, 1), client_id="a"))
        until_end(mine)
        accepted(engine, sleep_prompt(0.02, 1), client_id="b")
        heard = until_end(other)
    first = kinds(heard).index("execution_start")
    assert set(kinds(heard[:first])) == {"status"}


def test_a_prompt_without_client_shows_its_progress_to_everybody(engine: EngineProcess) -> None:
    with listening(engine, "x") as socket:
        finished(engine, accepted(engine, sleep_prompt(0.02, 1)))
        accepted(engine, sleep_prompt(0.0, 1), client_id="x")
        heard = until_end(socket)
    before = kinds(heard[: kinds(heard).index("execution_start")])
    assert "progress" in before
    assert "binary" in before
    assert {"executing", "executed", "execution_success"}.isdisjoint(before)


def test_a_new_socket_is_told_the_running_node(engine: EngineProcess) -> None:
    prompt_id = accepted(engine, sleep_prompt(20), client_id="again")
    wait_running(engine, prompt_id)
    with listening(engine, "again") as socket:
        status = receive(socket)["data"]
        assert status == {"status": {"exec_info": {"queue_remaining": 1}}, "sid": "again"}
        assert receive(socket) == {"type": "executing", "data": {"node": "1"}}
        post(engine, "/interrupt")
        assert "execution_interrupted" in kinds(until_end(socket))


def test_a_socket_without_client_id_gets_one(engine: EngineProcess) -> None:
    with listening(engine) as socket:
        assert len(receive(socket)["data"]["sid"]) == 32


def test_when_an_older_socket_of_the_same_id_closes_the_newer_one_hears_no_more(
    engine: EngineProcess,
) -> None:
    with listening(engine, "twin") as older:
        receive(older)
        with listening(engine, "twin") as newer:
            receive(newer)
            older.close()
            finished(engine, accepted(engine, sleep_prompt(0.1), client_id="twin"))
            with pytest.raises(TimeoutError):
                newer.recv(0.2)


def test_a_foreign_page_gets_no_socket(engine: EngineProcess) -> None:
    url = engine.url.replace("http", "ws", 1) + "/ws"
    with pytest.raises(InvalidStatus, match="403"), connect(url, origin="http://evil.example"):
        pass
    with connect(url, origin=engine.url):
        pass

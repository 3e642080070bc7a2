"""The fault switches do what tests of the client rely on."""

from __future__ import annotations

import time

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import EngineProcess
from tests.engine.talk import (
    accepted,
    colour_prompt,
    finished,
    get,
    listening,
    picture,
    receive,
    run,
    sleep_prompt,
    submit,
    upload,
    wait_running,
)


def test_a_status_is_answered_so_many_times(engine: EngineProcess) -> None:
    engine.fault(status={"path": "/history", "code": 502, "times": 2})
    codes = [requests.get(f"{engine.url}/history/x", timeout=10).status_code for _ in range(3)]
    assert codes == [502, 502, 200]


def test_a_lost_answer_is_work_done(engine: EngineProcess) -> None:
    engine.fault(lose_answer={"path": "/prompt", "method": "POST"})
    with pytest.raises(requests.ConnectionError):
        submit(engine, colour_prompt(1), prompt_id="lost")
    assert finished(engine, "lost")["status"]["status_str"] == "success"


def test_a_truncated_file_breaks_off(engine: EngineProcess) -> None:
    data = picture()
    upload(engine, "cut.png", data, overwrite="true")
    engine.fault(truncate={"path": "/view", "bytes": 100})
    url = f"{engine.url}/view?filename=cut.png&type=input"
    with pytest.raises(requests.RequestException):
        requests.get(url, timeout=10)
    assert requests.get(url, timeout=10).content == data


def test_a_slow_answer_takes_its_time(engine: EngineProcess) -> None:
    engine.fault(slow={"path": "/prompt", "seconds": 0.3})
    started = time.monotonic()
    get(engine, "/prompt")
    assert 0.3 <= time.monotonic() - started < 2


def test_sockets_are_dropped_refused_and_silenced(engine: EngineProcess) -> None:
    with listening(engine, "f") as socket:
        receive(socket)
        engine.fault(drop_socket=True)
        with pytest.raises(ConnectionClosed):
            socket.recv(5)
    engine.fault(refuse_socket=True)
    with pytest.raises(InvalidStatus), listening(engine, "f"):
        pass
    engine.fault(refuse_socket=False, silence_socket=True)
    with listening(engine, "f") as socket:
        run(engine, sleep_prompt(0.01), client_id="f")
        with pytest.raises(TimeoutError):
            socket.recv(0.2)


def test_a_forgetful_engine_knows_nothing_of_its_prompts(engine: EngineProcess) -> None:
    ended = accepted(engine, colour_prompt(2))
    finished(engine, ended)
    running = accepted(engine, sleep_prompt(20))
    wait_running(engine, running)
    engine.fault(forget=True)
    assert get(engine, "/queue") == {"queue_running": [], "queue_pending": []}
    assert get(engine, "/history") == {}
    run(engine, sleep_prompt(0))
    assert running not in get(engine, "/history")


def test_a_dead_worker_accepts_and_runs_nothing(engine: EngineProcess) -> None:
    engine.fault(dead_worker=True)
    waiting = accepted(engine, sleep_prompt(0))
    time.sleep(0.1)
    assert [entry[1] for entry in get(engine, "/queue")["queue_pending"]] == [waiting]
    engine.fault(dead_worker=False)
    finished(engine, waiting)

"""The engine as a process: ready at once, gone at once, back on its port."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import requests
from websockets.exceptions import ConnectionClosed

from tests.conftest import ROOT, EngineProcess
from tests.engine.talk import (
    accepted,
    colour_prompt,
    finished,
    get,
    listening,
    receive,
    run,
    sleep_prompt,
    submit,
    upload,
    wait_running,
)

PREVIEW = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}


def test_a_restarted_engine_keeps_files_but_no_prompts(
    start_engine: Callable[..., EngineProcess],
) -> None:
    engine = start_engine()
    upload(engine, "kept.png", b"kept")
    prompt = colour_prompt(1) | {
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    }
    outputs = run(engine, prompt)["outputs"]
    url = engine.url
    running = accepted(engine, sleep_prompt(30))
    wait_running(engine, running)
    with listening(engine, "c") as socket:
        receive(socket)
        started = time.monotonic()
        engine.terminate()
        assert time.monotonic() - started < 1
        with pytest.raises(ConnectionClosed):
            while True:
                socket.recv(5)
    engine.start()
    assert engine.url == url
    assert get(engine, "/history") == {}
    assert get(engine, "/queue") == {"queue_running": [], "queue_pending": []}
    saved, shown = outputs["2"]["images"][0], outputs["3"]["images"][0]
    assert requests.get(f"{engine.url}/view", params=saved, timeout=10).status_code == 200
    assert requests.get(f"{engine.url}/view", params=shown, timeout=10).status_code == 404
    assert (
        requests.get(f"{engine.url}/view?filename=kept.png&type=input", timeout=10).content
        == b"kept"
    )
    assert submit(engine, colour_prompt(1)).json()["number"] == 0


def test_a_killed_engine_can_be_started_again_on_its_port(
    start_engine: Callable[..., EngineProcess],
) -> None:
    engine = start_engine()
    accepted(engine, sleep_prompt(30))
    engine.kill()
    with pytest.raises(requests.ConnectionError):
        get(engine, "/queue")
    engine.start()
    finished(engine, accepted(engine, colour_prompt(2)))


def test_the_engine_answers_within_a_second_of_its_start(
    start_engine: Callable[..., EngineProcess],
) -> None:
    engine = start_engine()
    engine.terminate()
    started = time.monotonic()
    engine.start()  # returns when it listens
    get(engine, "/object_info")
    assert time.monotonic() - started < 3  # 0.5 s on a quiet machine; CI is not quiet


def test_the_engine_ends_with_its_parent(start_engine: Callable[..., EngineProcess]) -> None:
    sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(sleeper, stdin=subprocess.PIPE) as parent:
        engine = start_engine("--parent-pid", str(parent.pid))
        get(engine, "/queue")
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(5)
        engine.wait(5)


def test_without_the_switch_there_are_no_faults_and_no_test_nodes(
    tmp_path: os.PathLike[str],
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "COMFY_ENGINE_FAULTS"}
    arguments = [sys.executable, "-m", "comfy.engine", "--folder", os.fspath(tmp_path)]
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("engine listening on ").strip()
        answer = requests.post(f"{url}/_faults", json={"forget": True}, timeout=10)
        classes = requests.get(f"{url}/object_info", timeout=10).json()
        process.terminate()
    assert answer.status_code == 405
    assert "LoadImage" in classes
    assert {"EngineSleep", "EngineFail"}.isdisjoint(classes)

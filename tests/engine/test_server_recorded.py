"""The engine's answers beside those of a real ComfyUI 0.8.0 server (data/engine_recorded.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import EngineProcess
from tests.engine.talk import (
    Message,
    Prompt,
    accepted,
    colour_prompt,
    copy_prompt,
    finished,
    get,
    listening,
    picture,
    post,
    receive,
    run,
    shape,
    sleep_prompt,
    submit,
    until_end,
    upload,
    wait_running,
)

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "engine_recorded.json").read_text("utf-8")
)


def save(image: Any) -> dict[str, Any]:
    inputs = {"images": image, "filename_prefix": "recorded"}
    return {"class_type": "SaveImage", "inputs": inputs}


def empty(**changes: Any) -> dict[str, Any]:
    inputs = {"width": 8, "height": 8, "batch_size": 1, "color": 0}
    return {"class_type": "EmptyImage", "inputs": inputs | changes}


def audio(**changes: Any) -> Prompt:
    inputs = {"audio": ["1", 0], "filename_prefix": "a", "quality": "V0"}
    return {
        "1": {"class_type": "LoadAudio", "inputs": {"audio": "beep.wav"}},
        "2": {"class_type": "SaveAudioMP3", "inputs": inputs | changes},
    }


# What to do to one of our prompts to get the same kind of problem.
FAULTY: dict[str, Prompt] = {
    "exception_during_inner_validation": {
        "8": {"class_type": "ImageInvert", "inputs": {"image": ["999", 0]}},
        "60": save(["8", 0]),
    },
    "required_input_missing": {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "color": 0}},
        "60": save(["1", 0]),
    },
    "custom_validation_failed": copy_prompt("never-uploaded.png"),
    "value_smaller_than_min": {"1": empty(width=0), "60": save(["1", 0])},
    "value_bigger_than_max": {"1": empty(width=99999), "60": save(["1", 0])},
    "invalid_input_type": {"1": empty(width="many"), "60": save(["1", 0])},
    "return_type_mismatch": audio(audio=["3", 0]) | {"3": empty()},
    "bad_linked_input": {"1": empty(), "60": save(["1"])},
    "value_not_in_list": audio(quality="V9"),
}

REFUSED: dict[str, Any] = {
    "invalid_prompt": {"prompt": {"3": {"class_type": "NoSuchSampler", "inputs": {}}}},
    "invalid_prompt/no class": {"prompt": {"3": {"inputs": {}}}},
    "prompt_no_outputs": {"prompt": {"1": empty()}},
    "no_prompt": {"workflow": {}},
}


@pytest.mark.parametrize("kind", sorted(FAULTY))
def test_a_problem_of_a_node_is_described_as_on_the_server(
    engine: EngineProcess, kind: str
) -> None:
    upload(engine, "beep.wav", b"never read here")
    answer = submit(engine, FAULTY[kind])
    expected = dict(RECORDED["errors"]["prompt_outputs_failed_validation"])
    assert answer.status_code == expected.pop("status")
    del expected["details"]  # the output's own faults, see test_graph.py
    assert answer.json()["error"].items() >= expected.items()
    [entry] = answer.json()["node_errors"].values()
    [problem] = entry["errors"]
    recorded = RECORDED["problems"][kind]
    assert problem["type"] == kind
    assert set(problem["extra_info"]) == set(recorded["extra_info"])
    if not any(character.isdigit() for character in recorded["message"]):
        assert problem["message"].replace("INT", "") == recorded["message"].replace("INT", "")


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_prompt_is_refused_as_on_the_server(engine: EngineProcess, kind: str) -> None:
    answer = post(engine, "/prompt", REFUSED[kind])
    expected = dict(RECORDED["errors"][kind])
    assert answer.status_code == expected.pop("status")
    assert answer.json() == {"error": expected, "node_errors": {}}


def test_uploads_are_answered_as_on_the_server(engine: EngineProcess) -> None:
    url = f"{engine.url}/upload/image"
    differing = []
    for fields, field, name, digest, status, body in RECORDED["uploads"]:
        content = b"" if name.startswith("empty") else digest.encode()
        files = {field: (name, content)}
        answer = requests.post(url, data=fields, files=files, timeout=10)
        got = answer.json() if answer.headers.get("content-type", "").startswith("app") else None
        if (answer.status_code, got) != (status, body):
            differing.append((name, answer.status_code, got))
    # Two differences, both known: a backslash is kept (aiohttp drops it), and an absolute file
    # name is refused instead of breaking the handler.
    assert differing == [
        ("..\\evil.png", 200, {"name": "..\\evil.png", "subfolder": "", "type": "input"}),
        ("/etc/passwd.png", 400, None),
    ]


def test_views_are_answered_as_on_the_server(engine: EngineProcess) -> None:
    (engine.folder / "output" / "audio").mkdir(parents=True, exist_ok=True)
    (engine.folder / "output" / "ComfyUI_00001_.png").write_bytes(picture())
    for name in ("portrait.png", "voice_zh.mp3", "voice_zh.wav"):
        upload(engine, name, picture(), overwrite="true")
    upload(engine, "clip.mp4", b"x" * 21582, overwrite="true")
    differing = []
    for method, path, headers, status, kept in RECORDED["views"]:
        answer = requests.request(method, engine.url + path, headers=headers, timeout=10)
        got = {name: answer.headers.get(name) for name in kept}
        if (answer.status_code, got) != (status, kept):
            differing.append((method, path, headers, answer.status_code, got, kept))
    assert differing == []


def test_foreign_pages_are_kept_out_as_on_the_server(engine: EngineProcess) -> None:
    differing = []
    for method, path, headers, status in RECORDED["origins"]:
        answer = requests.request(method, engine.url + path, headers=headers, timeout=10)
        if answer.status_code != status:
            differing.append((method, path, headers, answer.status_code, status))
    assert differing == []


def recorded_messages(key: str) -> tuple[list[str], dict[str, Any]]:
    """Types in order from execution_start on, and the shape of each type's data."""
    messages: list[Message] = RECORDED[key]
    start = next(i for i, m in enumerate(messages) if m["type"] == "execution_start")
    types = [message["type"] for message in messages[start:]]
    return types, {message["type"]: shape(message["data"]) for message in messages[start:]}


def own_messages(messages: list[Message]) -> tuple[list[str], dict[str, Any]]:
    start = next(i for i, m in enumerate(messages) if m["type"] == "execution_start")
    types = [message["type"] for message in messages[start:]]
    return types, {message["type"]: shape(message["data"]) for message in messages[start:]}


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[Any]:
    with listening(engine, "recorded") as socket:
        assert receive(socket)["data"] == RECORDED["messages_success"][0]["data"] | {
            "sid": "recorded"
        }
        yield socket


def test_a_prompt_is_told_as_on_the_server(engine: EngineProcess, client: Any) -> None:
    prompt = {"1": {"class_type": "EngineSleep", "inputs": {"seconds": 0.01, "steps": 1}}}
    accepted(engine, prompt, client_id="recorded")
    types, shapes = own_messages(until_end(client))
    recorded_types, recorded_shapes = recorded_messages("messages_success")
    progress = ["progress_state", "progress", "binary"]  # the recorded node reports none
    assert types == [*recorded_types[:4], *progress, *recorded_types[4:]]
    for type_, recorded in recorded_shapes.items():
        if type_ not in ("progress_state", "status", "executing"):
            assert shapes[type_] == recorded, type_


def test_a_cached_prompt_is_told_as_on_the_server(engine: EngineProcess, client: Any) -> None:
    run(engine, colour_prompt(0x123456))
    accepted(engine, colour_prompt(0x123456), client_id="recorded")
    types, shapes = own_messages(until_end(client))
    recorded_types, recorded_shapes = recorded_messages("messages_cached")
    recorded_shapes["progress_state"]["nodes"] = {
        "2": recorded_shapes["progress_state"]["nodes"]["60"]
    }
    assert (types, shapes) == (recorded_types, recorded_shapes)


def test_an_interrupted_prompt_is_told_as_on_the_server(engine: EngineProcess, client: Any) -> None:
    prompt_id = accepted(engine, sleep_prompt(20, 1), client_id="recorded")
    wait_running(engine, prompt_id)
    post(engine, "/interrupt", {"prompt_id": prompt_id})
    assert own_messages(until_end(client)) == recorded_messages("messages_interrupted")


def test_a_failed_prompt_is_told_as_on_the_server(engine: EngineProcess, client: Any) -> None:
    prompt = {"1": {"class_type": "EngineFail", "inputs": {"message": "boom"}}}
    accepted(engine, prompt, client_id="recorded")
    types, shapes = own_messages(until_end(client))
    recorded_types, recorded_shapes = recorded_messages("messages_failed")
    assert types == [*recorded_types, "status", "executing"]
    assert shapes["execution_error"] == recorded_shapes["execution_error"] | {
        "current_outputs": []  # the server lists even the node that failed
    }


def test_history_and_jobs_look_as_on_the_server(engine: EngineProcess) -> None:
    running = accepted(engine, sleep_prompt(20, 1), client_id="recorded")
    pending = accepted(engine, sleep_prompt(0.01, 1), client_id="recorded")
    wait_running(engine, running)
    assert entry_shape(get(engine, "/queue")) == entry_shape(RECORDED["queue"])
    assert shape(get(engine, f"/api/jobs/{running}")) == shape(RECORDED["job_in_progress"])
    assert shape(get(engine, f"/api/jobs/{pending}")) == shape(RECORDED["job_pending"])
    post(engine, "/interrupt")
    for prompt_id, key in ((running, "history_interrupted"), (pending, "history_success")):
        [recorded] = RECORDED[key].values()
        assert entry_shape(finished(engine, prompt_id)) == entry_shape(recorded)
    own_job = get(engine, f"/api/jobs/{running}")
    assert entry_shape(own_job) == entry_shape(RECORDED["job_interrupted"])
    for path, status, body in RECORDED["jobs_refused"]:
        answer = requests.get(engine.url + path, timeout=10)
        assert (answer.status_code, answer.json()) == (status, body)


def entry_shape(value: Any) -> Any:
    """Like `shape`, but all items of lists, and without what is the test node's own."""
    if isinstance(value, dict):
        return {k: entry_shape(v) for k, v in value.items() if k not in ("inputs", "class_type")}
    if isinstance(value, list):
        return [entry_shape(item) for item in value]
    return type(value).__name__


def test_system_stats_and_features_look_as_on_the_server(engine: EngineProcess) -> None:
    recorded = RECORDED["system_stats"]
    own = get(engine, "/system_stats")
    assert shape(own["devices"]) == shape(recorded["devices"])
    extra = {"installed_templates_version", "required_templates_version"}
    assert set(own["system"]) == set(recorded["system"]) - extra
    assert own["system"]["comfyui_version"] == "preview-engine 0.1.0"
    assert get(engine, "/features") == {
        "supports_preview_metadata": True,
        "max_upload_size": 104857600,
    }

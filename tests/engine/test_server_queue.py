"""Queue, history, interrupt and cache of the engine, over HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.conftest import EngineProcess
from tests.engine.talk import (
    Prompt,
    accepted,
    colour_prompt,
    copy_prompt,
    finished,
    get,
    picture,
    post,
    run,
    sleep_prompt,
    submit,
    upload,
    wait_running,
)

PREVIEW = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}


def messages(entry: dict[str, Any]) -> dict[str, Any]:
    return dict(entry["status"]["messages"])


def test_a_prompt_runs_and_its_file_can_be_viewed(engine: EngineProcess) -> None:
    data = picture()
    name = upload(engine, "photo.png", data).json()["name"]
    entry = run(engine, copy_prompt(name, "results/run"), client_id="me")
    [image] = entry["outputs"]["2"]["images"]
    assert (image["subfolder"], image["type"]) == ("results", "output")
    assert image["filename"].startswith("run_0000")
    assert entry["status"]["status_str"] == "success"
    answer = requests.get(f"{engine.url}/view", params=image, timeout=10)
    assert answer.headers["content-type"] == "image/png"
    assert b"photo" not in answer.content  # no prompt inside the picture


def test_prompts_run_by_number_and_front_goes_first(engine: EngineProcess) -> None:
    blocker = accepted(engine, sleep_prompt(20))
    wait_running(engine, blocker)
    late = accepted(engine, sleep_prompt(0, 1), number=1e9)
    normal = accepted(engine, sleep_prompt(0, 1))
    first = accepted(engine, sleep_prompt(0, 1), number=-1000.5)
    front = accepted(engine, sleep_prompt(0, 1), front=True)
    assert len(get(engine, "/queue")["queue_pending"]) == 4
    assert get(engine, "/prompt") == {"exec_info": {"queue_remaining": 5}}
    post(engine, "/interrupt")
    finished(engine, late)
    assert list(get(engine, "/history")) == [blocker, first, front, normal, late]


def test_a_prompt_may_choose_its_id_and_history_keeps_the_last_use(engine: EngineProcess) -> None:
    for colour in (1, 2):
        answer = submit(engine, colour_prompt(colour), prompt_id="my id/1")
        assert answer.json()["prompt_id"] == "my id/1"
        finished(engine, "my id%2F1".replace("%2F", "/"))
    time.sleep(0.05)
    entry = get(engine, "/history/my%20id%2F1")["my id/1"]
    assert entry["prompt"][2]["1"]["inputs"]["color"] == 2
    assert submit(engine, colour_prompt(1), prompt_id=None).json()["prompt_id"] == "None"


def test_a_waiting_prompt_can_be_deleted_and_leaves_no_trace(engine: EngineProcess) -> None:
    running = accepted(engine, sleep_prompt(20))
    wait_running(engine, running)
    waiting = accepted(engine, colour_prompt(3))
    other = accepted(engine, colour_prompt(4))
    assert post(engine, "/queue", {"delete": [waiting, running, "unknown"]}).status_code == 200
    queue = get(engine, "/queue")
    assert [entry[1] for entry in queue["queue_running"]] == [running]
    assert [entry[1] for entry in queue["queue_pending"]] == [other]
    post(engine, "/queue", {"clear": True})
    post(engine, "/interrupt")
    finished(engine, running)
    assert get(engine, "/queue") == {"queue_running": [], "queue_pending": []}
    assert list(get(engine, "/history")) == [running]


def test_interrupt_stops_only_the_prompt_it_names(engine: EngineProcess) -> None:
    running = accepted(engine, sleep_prompt(20))
    waiting = accepted(engine, sleep_prompt(0.3, 1))
    wait_running(engine, running)
    post(engine, "/interrupt", {"prompt_id": waiting})
    post(engine, "/interrupt", {"prompt_id": "unknown"})
    time.sleep(0.1)
    assert get(engine, "/queue")["queue_running"][0][1] == running
    post(engine, "/interrupt", {"prompt_id": running})
    stopped = finished(engine, running)
    assert stopped["status"]["status_str"] == "error"
    assert messages(stopped)["execution_interrupted"]["node_id"] == "1"
    assert finished(engine, waiting)["status"]["status_str"] == "success"


def test_an_interrupt_of_an_idle_engine_does_not_hit_the_next_prompt(
    engine: EngineProcess,
) -> None:
    assert post(engine, "/interrupt").status_code == 200
    assert run(engine, sleep_prompt(0.05))["status"]["status_str"] == "success"


def test_the_same_prompt_is_answered_from_the_cache_until_memory_is_freed(
    engine: EngineProcess,
) -> None:
    prompt = colour_prompt(0xABCDEF, "cached")
    first = run(engine, prompt)
    renamed = {"a": prompt["1"], "b": {**prompt["2"], "inputs": {**prompt["2"]["inputs"]}}}
    renamed["b"]["inputs"]["images"] = ["a", 0]
    second = run(engine, renamed)
    assert messages(second)["execution_cached"]["nodes"] == ["a", "b"]
    assert second["outputs"]["b"] == first["outputs"]["2"]
    post(engine, "/free", {"unload_models": True})
    assert messages(run(engine, prompt))["execution_cached"]["nodes"] == ["1", "2"]
    post(engine, "/free", {"free_memory": True})
    third = run(engine, prompt)
    assert messages(third)["execution_cached"]["nodes"] == []
    assert third["outputs"]["2"] != first["outputs"]["2"]


def test_a_file_with_new_content_under_the_same_name_is_noticed(engine: EngineProcess) -> None:
    upload(engine, "changing.png", picture(seed=1), overwrite="true")
    run(engine, copy_prompt("changing.png"))
    upload(engine, "changing.png", picture(seed=2), overwrite="true")
    entry = run(engine, copy_prompt("changing.png"))
    assert messages(entry)["execution_cached"]["nodes"] == []


def test_a_failing_node_keeps_earlier_outputs_and_the_engine_goes_on(
    engine: EngineProcess,
) -> None:
    prompt: Prompt = {
        **colour_prompt(0x777777),
        "3": {"class_type": "EngineFail", "inputs": {"message": "b: 坏了", "image": ["1", 0]}},
    }
    entry = run(engine, prompt, client_id="me")
    error = messages(entry)["execution_error"]
    assert error["exception_message"] == "b: 坏了\n"
    assert (error["node_id"], error["node_type"]) == ("3", "EngineFail")
    assert error["exception_type"] == "ValueError"
    assert error["current_inputs"]["message"] == ["b: 坏了"]
    assert error["executed"] == ["1", "2"]
    assert list(entry["outputs"]) == ["2"]
    assert run(engine, colour_prompt(5))["status"]["status_str"] == "success"


def test_a_valid_output_runs_where_another_one_is_not(engine: EngineProcess) -> None:
    prompt = colour_prompt(6) | {
        "8": {"class_type": "LoadImage", "inputs": {"image": "missing.png"}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}},
    }
    answer = submit(engine, prompt)
    assert answer.status_code == 200
    [(node_id, problem)] = answer.json()["node_errors"].items()
    assert (node_id, problem["dependent_outputs"]) == ("8", ["9"])
    entry = finished(engine, answer.json()["prompt_id"])
    assert entry["prompt"][4] == ["2"]
    assert list(entry["outputs"]) == ["2"]


def test_targets_choose_the_outputs(engine: EngineProcess) -> None:
    prompt = colour_prompt(7) | {
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    }
    answer = submit(engine, prompt, partial_execution_targets=["3"])
    assert list(finished(engine, answer.json()["prompt_id"])["outputs"]) == ["3"]
    for targets in ([], ["99"]):
        answer = submit(engine, prompt, partial_execution_targets=targets)
        assert answer.json()["error"]["type"] == "prompt_no_outputs"


def test_history_is_cut_by_max_items_and_offset(engine: EngineProcess) -> None:
    ids = [accepted(engine, sleep_prompt(0.001 * n, 1)) for n in range(5)]
    finished(engine, ids[-1])
    for query, expected in {
        "": ids,
        "?max_items=2": ids[3:],
        "?max_items=2&offset=0": ids[:2],
        "?offset=2": ids[2:],
        "?max_items=0": [],
        "?max_items=-1": [],
    }.items():
        assert list(get(engine, f"/history{query}")) == expected, query
    assert requests.get(f"{engine.url}/history?max_items=abc", timeout=10).status_code == 500
    post(engine, "/history", {"delete": [ids[0], "unknown"]})
    assert list(get(engine, "/history")) == ids[1:]
    post(engine, "/history", {"clear": True})
    assert get(engine, "/history") == {}


@pytest.mark.parametrize(
    "body",
    [b"not json", b"", b'{"prompt": "hello"}', b'{"prompt": null}', b'{"prompt": {"1": null}}'],
)
def test_a_malformed_prompt_breaks_only_its_own_request(engine: EngineProcess, body: bytes) -> None:
    answer = requests.post(f"{engine.url}/prompt", data=body, timeout=10)
    assert answer.status_code == 500
    assert answer.text == "500 Internal Server Error\n\nServer got itself in trouble"
    assert run(engine, sleep_prompt(0, 1))["status"]["status_str"] == "success"


def test_extra_data_null_is_refused_and_secrets_are_not_shown(engine: EngineProcess) -> None:
    assert submit(engine, sleep_prompt(0, 1), extra_data=None).status_code == 500
    extra = {"api_key_comfy_org": "secret", "mine": 1}
    entry = run(engine, sleep_prompt(0, 1), extra_data=extra, client_id="me")
    stored = entry["prompt"][3]
    assert stored.pop("create_time") > 1.5e12
    assert stored == {"mine": 1, "client_id": "me"}


def test_jobs_are_listed_filtered_and_sorted(engine: EngineProcess) -> None:
    info = {"extra_pnginfo": {"workflow": {"id": "wf-9"}}}
    done = accepted(engine, colour_prompt(8, "job"), extra_data=info)
    finished(engine, done)
    failed = accepted(engine, {"1": {"class_type": "EngineFail", "inputs": {"message": "x"}}})
    finished(engine, failed)
    running = accepted(engine, sleep_prompt(20))
    wait_running(engine, running)
    jobs = get(engine, "/api/jobs")
    assert [(job["id"], job["status"]) for job in jobs["jobs"]] == [
        (running, "in_progress"),
        (failed, "failed"),
        (done, "completed"),
    ]
    assert jobs["pagination"] == {"offset": 0, "limit": None, "total": 3, "has_more": False}
    first = get(engine, "/api/jobs?sort_order=asc&limit=1")
    assert first["pagination"]["has_more"] is True
    [job] = first["jobs"]
    assert job["preview_output"]["nodeId"] == "2"
    assert (job["outputs_count"], job["workflow_id"]) == (1, "wf-9")
    assert [j["id"] for j in get(engine, "/api/jobs?workflow_id=wf-9")["jobs"]] == [done]
    error = get(engine, f"/api/jobs/{failed}")["execution_error"]
    assert error["exception_message"] == "x\n"
    assert requests.get(f"{engine.url}/api/jobs/nope", timeout=10).status_code == 404
    post(engine, "/interrupt")

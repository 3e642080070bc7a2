"""The client against the project's own engine, with its faults."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from comfy.client.events import Executing, Preview, Progress, Started
from comfy.client.http import ComfyClient
from comfy.errors import PromptFailed, PromptInterrupted, PromptLost, PromptStalled, ServerError
from comfy.protocol import FileRef, Nodes
from tests.conftest import EngineProcess


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[ComfyClient]:
    client = ComfyClient(engine.url, client_id="studio", poll=0.3)
    yield client
    client.close()


def new_id() -> str:
    return str(uuid.uuid4())


def sleeping(seconds: float, steps: int = 10) -> Nodes:
    inputs = {"seconds": seconds, "steps": steps}
    return {"7": {"class_type": "EngineSleep", "inputs": inputs}}


def inverting(ref: FileRef) -> Nodes:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": ref.input_value}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["2", 0], "filename_prefix": "test/inverted"},
        },
    }


def picture(folder: Path) -> Path:
    path = folder / "picture.png"
    Image.effect_noise((64, 48), 80).convert("RGB").save(path)
    return path


def progress_of(events: list[object]) -> list[float]:
    return [event.value for event in events if isinstance(event, Progress)]


def test_a_picture_goes_there_and_comes_back(client: ComfyClient, tmp_path: Path) -> None:
    path = picture(tmp_path)
    ref = client.upload(path, name="client-test.png", subfolder="studio")
    assert client.exists(ref)
    prompt_id = client.prompt(inverting(ref), prompt_id=new_id(), output_node="3")
    events = list(client.follow(prompt_id))
    assert [e.node for e in events if isinstance(e, Executing)] == ["1", "2", "3"]
    history = client.history(prompt_id)
    assert history is not None
    (output,) = history.files("3")
    result = Image.open(client.view(output, tmp_path / "result.png"))
    assert result.tobytes() == bytes(255 - byte for byte in Image.open(path).tobytes())


def test_progress_and_previews_arrive_as_they_happen(client: ComfyClient) -> None:
    events = list(client.follow(client.prompt(sleeping(0.5), prompt_id=new_id())))
    assert events[0] == Started() or events[1] == Started()
    assert progress_of([*events]) == list(range(1, 11))
    assert {event.mime for event in events if isinstance(event, Preview)} == {"image/jpeg"}


@pytest.mark.parametrize(
    "fault", [{"drop_socket": True}, {"silence_socket": True}, {"refuse_socket": True}]
)
def test_it_ends_whatever_the_socket_does(
    client: ComfyClient, engine: EngineProcess, fault: dict[str, object]
) -> None:
    if "refuse_socket" in fault:
        engine.fault(**fault)
    events = client.follow(client.prompt(sleeping(1.0), prompt_id=new_id()))
    assert next(events)
    engine.fault(**fault)
    began = time.monotonic()
    list(events)
    assert time.monotonic() - began < 10


def test_dropped_sockets_cost_no_more_than_a_few_steps(
    client: ComfyClient, engine: EngineProcess
) -> None:
    seen: list[object] = []
    for event in client.follow(client.prompt(sleeping(2.0, 100), prompt_id=new_id())):
        seen.append(event)
        if isinstance(event, Progress) and event.value in (20, 50):
            engine.fault(drop_socket=True)
    steps = progress_of(seen)
    assert len(steps) > 50
    assert steps[-1] == 100


def test_a_socket_that_is_cut_every_second_delays_the_end_by_less_than_one(
    client: ComfyClient, engine: EngineProcess
) -> None:
    over = threading.Event()

    def cut() -> None:
        while not over.wait(1.0):
            engine.fault(drop_socket=True)

    threading.Thread(target=cut, daemon=True).start()
    prompt_id = client.prompt(sleeping(3.3, 33), prompt_id=new_id())
    seen = list(client.follow(prompt_id))
    ended = time.time()
    over.set()
    entry = client.history(prompt_id)
    assert entry is not None
    success = entry.message("execution_success")
    assert success is not None
    assert ended - success["timestamp"] / 1000 < 1.0
    assert progress_of(seen)[-1] > 25


@pytest.mark.parametrize("path", ["queue", "history"])
@pytest.mark.parametrize("fault", ["status", "lose_answer", "truncate"])
def test_a_broken_question_is_asked_again(
    client: ComfyClient, engine: EngineProcess, path: str, fault: str
) -> None:
    rule: dict[str, object] = {"path": f"/{path}", "times": 3, "method": "GET"}
    rule |= {"status": {"code": 502}, "truncate": {"bytes": 1}}.get(fault, {})
    prompt_id = client.prompt(sleeping(0.3), prompt_id=new_id())
    engine.fault(**{fault: rule})
    list(client.follow(prompt_id))


def test_a_lost_answer_is_looked_up_and_the_prompt_runs_once(
    client: ComfyClient, engine: EngineProcess
) -> None:
    prompt_id = new_id()
    engine.fault(lose_answer={"path": "/prompt"})
    with pytest.raises(ServerError):
        client.prompt(sleeping(0.5), prompt_id=prompt_id)
    assert client.known(prompt_id) in ("pending", "running")
    assert list(client.follow(prompt_id))


@pytest.mark.parametrize("fault", ["lose_answer", "truncate"])
def test_an_upload_that_was_cut_is_sent_again_and_stays_one_file(
    client: ComfyClient, engine: EngineProcess, tmp_path: Path, fault: str
) -> None:
    path = picture(tmp_path)
    engine.fault(**{fault: {"path": "/upload"}})
    name = f"{uuid.uuid4().hex}.png"
    assert client.upload(path, name=name, subfolder="studio") == FileRef(name, "studio", "input")
    assert not client.exists(FileRef(name.replace(".png", " (1).png"), "studio", "input"))


def test_a_failing_node_names_itself(client: ComfyClient) -> None:
    nodes = {"4": {"class_type": "EngineFail", "inputs": {"message": "no reason"}}}
    with pytest.raises(PromptFailed) as caught:
        list(client.follow(client.prompt(nodes, prompt_id=new_id())))
    expected = {"node": "4", "class_type": "EngineFail", "reason": ""}
    assert caught.value.details == expected


def test_stop_reaches_a_running_prompt_at_once(client: ComfyClient) -> None:
    prompt_id = client.prompt(sleeping(30), prompt_id=new_id())
    began = time.monotonic()
    with pytest.raises(PromptInterrupted):
        list(client.follow(prompt_id, stop=lambda: time.monotonic() - began > 0.5))
    assert time.monotonic() - began < 15


def test_a_forgetful_server_lost_it(client: ComfyClient, engine: EngineProcess) -> None:
    events = client.follow(client.prompt(sleeping(5), prompt_id=new_id()))
    assert next(events)
    engine.fault(forget=True, drop_socket=True)
    with pytest.raises(PromptLost):
        list(events)


def test_a_server_whose_worker_died_has_stalled(client: ComfyClient, engine: EngineProcess) -> None:
    engine.fault(dead_worker=True)
    prompt_id = client.prompt(sleeping(0.1), prompt_id=new_id())
    with pytest.raises(PromptStalled):
        list(client.follow(prompt_id, stall=0.6))
    assert client.cancel(prompt_id)


def test_a_cut_result_is_completed(
    client: ComfyClient, engine: EngineProcess, tmp_path: Path
) -> None:
    path = picture(tmp_path)
    ref = client.upload(path, name="client-cut.png")
    for kept in (0, 1, 1000, path.stat().st_size - 1):
        engine.fault(truncate={"path": "/view", "bytes": kept})
        assert client.view(ref, tmp_path / "copy.png").read_bytes() == path.read_bytes()


def test_a_restarted_server_lost_it_and_a_second_send_runs(
    start_engine: Callable[..., EngineProcess],
) -> None:
    engine = start_engine()
    client = ComfyClient(engine.url, client_id="studio", poll=0.3)
    prompt_id = client.prompt(sleeping(0.5), prompt_id=new_id())
    events = client.follow(prompt_id)
    assert next(events)
    engine.kill()
    engine.start()
    with pytest.raises(PromptLost):
        list(events)
    assert list(client.follow(client.prompt(sleeping(0.2), prompt_id=prompt_id)))

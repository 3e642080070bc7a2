"""The client against a real ComfyUI server: COMFY_TEST_SERVER=http://127.0.0.1:8188 pytest ...

Needs core nodes only; what is about time, failure and interruption also needs the nodes LabSleep,
LabRaise and LabOOM, and is skipped without them. The server should have nothing else to do.
"""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from comfy.client.events import Event, Executing, Preview, Progress, Queued, Started
from comfy.client.http import ComfyClient
from comfy.errors import OutputMissing, PromptFailed, PromptInterrupted, PromptRejected
from comfy.protocol import FileRef, Nodes

URL = os.environ.get("COMFY_TEST_SERVER", "")
pytestmark = pytest.mark.skipif(not URL, reason="COMFY_TEST_SERVER names no server")


@pytest.fixture
def client() -> Iterator[ComfyClient]:
    client = ComfyClient(URL, client_id=f"test-{uuid.uuid4().hex[:8]}")
    yield client
    client.close()


@pytest.fixture
def lab(client: ComfyClient) -> ComfyClient:
    if "LabSleep" not in client.object_info():
        pytest.skip("the server has no lab nodes")
    return client


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).save(path)
    return path


def new_id() -> str:
    return str(uuid.uuid4())


def inverting(image: str) -> Nodes:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": image}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": saving("2", "test/inverted"),
    }


def saving(node: str, prefix: str) -> dict[str, Any]:
    return {"class_type": "SaveImage", "inputs": {"images": [node, 0], "filename_prefix": prefix}}


def sleeping(seconds: float) -> Nodes:
    inputs = {"seconds": seconds, "check_interrupt": True, "progress": True}
    return {"1": {"class_type": "LabSleep", "inputs": inputs}}


def made_by(client: ComfyClient, prompt_id: str) -> FileRef:
    """The picture of `inverting`, when it is done: one so small may be before we listen."""
    list(client.follow(prompt_id))
    history = client.history(prompt_id)
    assert history is not None
    return history.files("3")[0]


def upload(client: ComfyClient, path: Path) -> FileRef:
    name = f"{sha256(path.read_bytes()).hexdigest()}.png"
    return client.upload(path, name=name, subfolder="studio_test")


def test_a_picture_goes_there_and_comes_back(
    client: ComfyClient, picture: Path, tmp_path: Path
) -> None:
    ref = upload(client, picture)
    assert upload(client, picture) == ref
    assert client.exists(ref)
    prompt_id = client.prompt(inverting(ref.input_value), prompt_id=new_id(), output_node="3")
    events = list(client.follow(prompt_id))
    assert Started() in events
    assert [e.node for e in events if isinstance(e, Executing)] == ["1", "2", "3"]
    history = client.history(prompt_id)
    assert history is not None
    (output,) = history.files("3")
    result = Image.open(client.view(output, tmp_path / "result.png"))
    pairs = zip(result.tobytes(), Image.open(picture).tobytes(), strict=True)
    assert {after + before for after, before in pairs} <= {254, 255}  # it counts in floats
    assert client.known(prompt_id) == "ended"


def test_a_result_is_the_next_prompts_input_without_an_upload(
    client: ComfyClient, picture: Path
) -> None:
    first = client.prompt(inverting(upload(client, picture).input_value), prompt_id=new_id())
    made = made_by(client, first)
    second = client.prompt(inverting(made.input_value), prompt_id=new_id())
    assert made_by(client, second)


def test_a_changed_file_of_the_same_name_replaces_nothing(
    client: ComfyClient, picture: Path
) -> None:
    name = f"{uuid.uuid4().hex}.png"
    first = client.upload(picture, name=name)
    picture.write_bytes(picture.read_bytes() + b"more")
    second = client.upload(picture, name=name)
    assert (first.filename, second.filename) == (name, name.replace(".png", " (1).png"))
    assert client.exists(second)


def test_what_is_not_there_is_not_there(client: ComfyClient, tmp_path: Path) -> None:
    ref = FileRef("never-made.png")
    assert not client.exists(ref)
    with pytest.raises(OutputMissing):
        client.view(ref, tmp_path / "x.png")
    assert client.known(new_id()) is None
    assert client.history(new_id()) is None


def test_refusals_are_understood(client: ComfyClient) -> None:
    with pytest.raises(PromptRejected) as caught:
        client.prompt({"1": {"class_type": "NoSuchNode", "inputs": {}}}, prompt_id=new_id())
    assert (caught.value.code, caught.value.details["nodes"]) == ("node_missing", ["NoSuchNode"])
    with pytest.raises(PromptRejected) as caught:
        client.prompt(inverting("never-uploaded.png"), prompt_id=new_id())
    assert caught.value.code == "input_not_on_server"
    assert caught.value.details["class_type"] == "LoadImage"


def test_an_output_that_was_dropped_is_a_refusal(client: ComfyClient, picture: Path) -> None:
    nodes = inverting(upload(client, picture).input_value)
    nodes["4"] = {"class_type": "LoadImage", "inputs": {"image": "never-uploaded.png"}}
    nodes["5"] = saving("4", "test/other")
    refused, taken = new_id(), new_id()
    with pytest.raises(PromptRejected):
        client.prompt(nodes, prompt_id=refused, output_node="5")
    assert client.known(refused) in (None, "ended")
    assert client.prompt(nodes, prompt_id=taken, output_node="3") == taken
    list(client.follow(taken))


def test_a_cached_prompt_ends_within_a_blink(client: ComfyClient, picture: Path) -> None:
    nodes = inverting(upload(client, picture).input_value)
    list(client.follow(client.prompt(nodes, prompt_id=new_id())))
    began = time.monotonic()
    list(client.follow(client.prompt(nodes, prompt_id=new_id())))
    assert time.monotonic() - began < 1.0


def test_progress_arrives_as_it_happens(lab: ComfyClient) -> None:
    events = list(lab.follow(lab.prompt(sleeping(1.0), prompt_id=new_id())))
    assert [e for e in events if isinstance(e, Progress)] == [
        Progress("1", step, 10) for step in range(1, 11)
    ]


def test_previews_come_with_the_sampler(lab: ComfyClient) -> None:
    def listed(class_type: str, name: str) -> str:
        options = lab.object_info()[class_type]["input"]["required"][name][0]
        return next(str(option) for option in options if "qwen" in str(option).lower())

    sampling: dict[str, Any] = {
        "model": ["1", 0],
        "positive": ["4", 0],
        "negative": ["4", 0],
        "latent_image": ["5", 0],
        "seed": time.time_ns() % 2**32,
        "steps": 4,
        "cfg": 1.0,
        "denoise": 1.0,
        "sampler_name": "euler",
        "scheduler": "simple",
    }
    nodes: Nodes = {
        "1": loader(
            "UNETLoader", unet_name=listed("UNETLoader", "unet_name"), weight_dtype="default"
        ),
        "2": loader("CLIPLoader", clip_name=listed("CLIPLoader", "clip_name"), type="qwen_image"),
        "3": loader("VAELoader", vae_name=listed("VAELoader", "vae_name")),
        "4": loader("TextEncodeQwenImageEdit", clip=["2", 0], prompt="clean"),
        "5": loader("EmptySD3LatentImage", width=256, height=256, batch_size=1),
        "6": {"class_type": "KSampler", "inputs": sampling},
        "7": loader("VAEDecode", samples=["6", 0], vae=["3", 0]),
        "8": saving("7", "test/sampled"),
    }
    events = list(lab.follow(lab.prompt(nodes, prompt_id=new_id(), output_node="8")))
    previews = [event for event in events if isinstance(event, Preview)]
    assert len(previews) == 4
    assert {preview.mime for preview in previews} == {"image/jpeg"}


def loader(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def test_failures_name_their_node(lab: ComfyClient) -> None:
    for class_type, inputs, code in (
        ("LabRaise", {"message": "deliberate"}, "prompt_failed"),
        ("LabOOM", {}, "out_of_memory"),
    ):
        nodes = {"7": {"class_type": class_type, "inputs": inputs}}
        with pytest.raises(PromptFailed) as caught:
            list(lab.follow(lab.prompt(nodes, prompt_id=new_id())))
        assert caught.value.code == code
        assert (caught.value.details["node"], caught.value.details["class_type"]) == (
            "7",
            class_type,
        )


def test_stop_interrupts_our_running_prompt_and_no_other(lab: ComfyClient) -> None:
    ours, other = new_id(), new_id()
    lab.prompt(sleeping(30), prompt_id=ours)
    lab.prompt(sleeping(0.5), prompt_id=other)
    stop = threading.Event()
    began = time.monotonic()
    with pytest.raises(PromptInterrupted) as caught:
        for event in lab.follow(ours, stop=stop.is_set):
            if isinstance(event, Progress):
                stop.set()
    assert caught.value.details == {"node": "1", "class_type": "LabSleep"}
    assert time.monotonic() - began < 5
    assert Started() in list(lab.follow(other))


def test_a_waiting_prompt_tells_its_place_and_leaves_without_a_trace(lab: ComfyClient) -> None:
    first, second, third = (lab.prompt(sleeping(30), prompt_id=new_id()) for _ in range(3))
    assert next(lab.follow(third)) in (Queued(2), Queued(1))
    assert lab.known(third) == "pending"
    assert all(lab.cancel(i) for i in (third, second, first))
    assert [lab.known(i) for i in (first, second, third)] == ["ended", None, None]


def test_another_client_goes_on_listening_where_one_stopped(lab: ComfyClient) -> None:
    identity = f"test-{uuid.uuid4().hex[:8]}"
    sender = ComfyClient(URL, client_id=identity)
    events = sender.follow(sender.prompt(sleeping(3), prompt_id=(prompt_id := new_id())))
    assert any(isinstance(event, Progress) for event in events)
    events.close()  # type: ignore[attr-defined]  # a generator
    heard: list[Event] = list(ComfyClient(URL, client_id=identity).follow(prompt_id))
    assert heard[:2] == [Started(), Executing("1")]
    steps = [event.value for event in heard if isinstance(event, Progress)]
    assert len(steps) > 20
    assert steps[-1] == 30

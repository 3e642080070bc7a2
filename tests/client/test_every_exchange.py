"""One whole job, with each of its exchanges broken in each way: it must end well all the same."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from comfy.client.http import ComfyClient
from comfy.errors import ServerError
from comfy.protocol import FileRef, Nodes
from tests.conftest import EngineProcess

EXCHANGES = [("POST", "upload"), ("POST", "prompt"), ("GET", "queue"), ("GET", "history")]
EXCHANGES += [("GET", "view"), ("HEAD", "view")]
FAULTS: list[tuple[str, dict[str, object]]] = [
    ("status", {"code": 502}),
    ("status", {"code": 429}),
    ("lose_answer", {}),
    ("truncate", {"bytes": 0}),
    ("truncate", {"bytes": 10}),
    ("slow", {"seconds": 0.3}),
]


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[ComfyClient]:
    client = ComfyClient(engine.url, client_id="studio", poll=0.3)
    yield client
    client.close()


def inverting(ref: FileRef, prefix: str) -> Nodes:
    saving = {"images": ["2", 0], "filename_prefix": prefix}
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": ref.input_value}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": saving},
    }


def send_once(client: ComfyClient, nodes: Nodes, prompt_id: str) -> None:
    """What a caller does: look it up before sending it again."""
    try:
        client.prompt(nodes, prompt_id=prompt_id, output_node="3")
    except ServerError as error:
        assert error.retry
        if client.known(prompt_id) is None:
            client.prompt(nodes, prompt_id=prompt_id, output_node="3")


@pytest.mark.parametrize(("method", "path"), EXCHANGES)
@pytest.mark.parametrize(("fault", "options"), FAULTS)
def test_the_job_is_done_once_and_its_file_is_whole(
    client: ComfyClient,
    engine: EngineProcess,
    tmp_path: Path,
    method: str,
    path: str,
    fault: str,
    options: dict[str, object],
) -> None:
    source = tmp_path / "source.png"
    Image.effect_noise((64, 48), 80).convert("RGB").save(source)
    prompt_id = uuid.uuid4().hex
    engine.fault(**{fault: {"path": f"/{path}", "method": method, **options}})
    ref = client.upload(source, name=f"{prompt_id}.png")
    assert ref == FileRef(f"{prompt_id}.png", "", "input")
    send_once(client, inverting(ref, prompt_id), prompt_id)
    list(client.follow(prompt_id))
    history = client.history(prompt_id)
    assert history is not None
    assert [file.filename for file in history.files("3")] == [f"{prompt_id}_00001_.png"]
    assert client.exists(history.files("3")[0])
    assert not client.exists(FileRef(f"{prompt_id}_00002_.png"))  # it ran once
    result = Image.open(client.view(history.files("3")[0], tmp_path / "result.png"))
    expected = Image.open(source).point(lambda value: 255 - value)
    assert result.tobytes() == expected.tobytes()

"""Talking to an engine in tests: plain requests and a plain websocket, no code of ours between."""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import requests
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from tests.conftest import EngineProcess

Prompt = dict[str, dict[str, Any]]
Message = dict[str, Any]
PATIENCE = 20  # seconds


def picture(width: int = 40, height: int = 30, seed: int = 0) -> bytes:
    """Make a PNG of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def upload(engine: EngineProcess, name: str, data: bytes, **fields: str) -> requests.Response:
    url = f"{engine.url}/upload/image"
    return requests.post(url, data=fields, files={"image": (name, data)}, timeout=PATIENCE)


def copy_prompt(image: str, prefix: str = "ComfyUI") -> Prompt:
    """Load a picture and save it again."""
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": image}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


def colour_prompt(colour: int, prefix: str = "ComfyUI") -> Prompt:
    """Save a picture of one colour."""
    inputs = {"width": 8, "height": 6, "batch_size": 1, "color": colour}
    return {
        "1": {"class_type": "EmptyImage", "inputs": inputs},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }


def sleep_prompt(seconds: float, steps: int = 4) -> Prompt:
    return {"1": {"class_type": "EngineSleep", "inputs": {"seconds": seconds, "steps": steps}}}


def submit(engine: EngineProcess, prompt: Any, **body: Any) -> requests.Response:
    body = {"prompt": prompt, **body}
    return requests.post(f"{engine.url}/prompt", json=body, timeout=PATIENCE)


def accepted(engine: EngineProcess, prompt: Prompt, **body: Any) -> str:
    """Submit a prompt that must be accepted; its id."""
    answer = submit(engine, prompt, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["prompt_id"])


def get(engine: EngineProcess, path: str) -> Any:
    answer = requests.get(engine.url + path, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(engine: EngineProcess, path: str, body: Any = None) -> requests.Response:
    return requests.post(engine.url + path, json=body, timeout=PATIENCE)


def finished(engine: EngineProcess, prompt_id: str) -> dict[str, Any]:
    """Wait for the history entry of a prompt."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        entry = get(engine, f"/history/{prompt_id}").get(prompt_id)
        if entry is not None:
            return dict(entry)
        time.sleep(0.005)
    raise AssertionError(f"{prompt_id} did not end")


def run(engine: EngineProcess, prompt: Prompt, **body: Any) -> dict[str, Any]:
    return finished(engine, accepted(engine, prompt, **body))


def wait_running(engine: EngineProcess, prompt_id: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if any(entry[1] == prompt_id for entry in get(engine, "/queue")["queue_running"]):
            return
        time.sleep(0.005)
    raise AssertionError(f"{prompt_id} did not start")


@contextmanager
def listening(engine: EngineProcess, client_id: str = "") -> Iterator[ClientConnection]:
    """Open a websocket; its first status message is still to be read."""
    url = engine.url.replace("http", "ws", 1) + f"/ws?clientId={client_id}"
    with connect(url, max_size=None) as socket:
        yield socket


def receive(socket: ClientConnection) -> Message:
    """Read a message; a preview becomes {"type": "binary", "data": {event_type, ...}, "image"}."""
    frame = socket.recv(PATIENCE)
    if isinstance(frame, str):
        return dict(json.loads(frame))
    event, number = struct.unpack(">II", frame[:8])
    if event == 4:
        metadata = json.loads(frame[8 : 8 + number])
        data = {"event_type": event, "metadata": metadata}
        return {"type": "binary", "data": data, "image": frame[8 + number :]}
    return {"type": "binary", "data": {"event_type": event}, "image": frame[8:]}


def until_end(socket: ClientConnection) -> list[Message]:
    """Read up to the end of a prompt: executing null."""
    messages = [receive(socket)]
    while messages[-1]["type"] != "executing" or messages[-1]["data"]["node"] is not None:
        messages.append(receive(socket))
    return messages


def shape(value: Any) -> Any:
    """Reduce JSON to its keys and types; a list to the shape of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__

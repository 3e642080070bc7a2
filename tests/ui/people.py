"""Two people with accounts, and how they knock at the door: by gradio_client and by raw HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from gradio_client import Client

from tests.app_process import AppProcess

WORDS = {"ann": "correct horse", "bob": "battery staple"}


def opened(app: AppProcess, name: str) -> Iterator[Client]:
    language = {"Accept-Language": "en"}
    client = Client(app.url, auth=(name, WORDS[name]), verbose=False, headers=language)
    yield client
    client.close()


def raw(app: AppProcess, name: str = "") -> requests.Session:
    """A browser of this person, without the page in it."""
    session = requests.Session()
    session.headers["Accept-Language"] = "en"
    if name:
        form = {"username": name, "password": WORDS[name]}
        session.post(app.url + "login", data=form, timeout=30).raise_for_status()
    return session


def call(app: AppProcess, session: requests.Session, endpoint: str, *data: Any) -> str:
    """The address at which the answer of an endpoint can be had."""
    url = f"{app.url}gradio_api/call/{endpoint}"
    answer = session.post(url, json={"data": list(data)}, timeout=30)
    return f"{url}/{answer.json()['event_id']}" if answer.ok else f"status {answer.status_code}"


def upload(app: AppProcess, session: requests.Session, path: Path) -> str:
    files = {"files": (path.name, path.read_bytes())}
    answer = session.post(app.url + "gradio_api/upload", files=files, timeout=30)
    return str(answer.json()[0])


def pressed(app: AppProcess, session: requests.Session, button: str) -> str:
    """What the page is told after a press of a button, with values as a form has them."""
    config = session.get(app.url + "config", timeout=10).json()
    component = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == button)
    handler = next(d for d in config["dependencies"] if [component, "click"] in d["targets"])
    body = {"data": ["x", 1, 1, 1, []], "fn_index": handler["id"], "session_hash": uuid4().hex}
    session.post(app.url + "gradio_api/queue/join", json=body, timeout=10).raise_for_status()
    stream = f"{app.url}gradio_api/queue/data?session_hash={body['session_hash']}"
    with session.get(stream, stream=True, timeout=30) as lines:
        for line in lines.iter_lines(decode_unicode=True):
            if "process_completed" in line:
                return str(line)
    return ""


def answer(app: AppProcess, endpoint: str, **given: Any) -> str:
    """What an endpoint says at the end, called by plain HTTP; right or wrong, nobody checks."""
    about = requests.get(app.url + "gradio_api/info", timeout=10).json()["named_endpoints"]
    known = about[f"/{endpoint}"]["parameters"]
    data = [given.get(p["parameter_name"], p.get("parameter_default")) for p in known]
    return requests.get(call(app, requests.Session(), endpoint, *data), timeout=60).text

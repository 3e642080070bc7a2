"""Two people who logged in drive the app at once: what one has, the other cannot reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from comfy.passwords import hash_password
from tests.app_process import ROOT, AppProcess
from tests.ui.people import WORDS, call, opened, pressed, raw, upload

KEYFRAME = ROOT / "assets" / "keyframe.jpg"
VOICE = ROOT / "assets" / "voice-en.mp3"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """An app with two accounts, one of them by a hashed password."""
    process = AppProcess(tmp_path_factory.mktemp("people"))
    process.start("--auth", f"ann:{hash_password(WORDS['ann'])},bob:{WORDS['bob']}")
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def ann(app: AppProcess) -> Iterator[Client]:
    yield from opened(app, "ann")


@pytest.fixture(scope="module")
def bob(app: AppProcess) -> Iterator[Client]:
    yield from opened(app, "bob")


@pytest.fixture(scope="module")
def result(app: AppProcess, ann: Client) -> dict[str, Any]:
    """A finished job of Ann's, and the path of its file as the page knows it."""
    _, job = ann.predict(handle_file(KEYFRAME), api_name="/image_cleanup")
    session = raw(app, "ann")
    answer = session.get(call(app, session, "job", job["id"]), timeout=60).text
    found = re.search(r'"path": "([^"]+)"', answer)
    assert found, answer
    return {"id": job["id"], "path": found[1]}


def test_nobody_gets_in_without_a_name(app: AppProcess) -> None:
    stranger = raw(app)
    page = stranger.get(app.url, timeout=10)
    assert (page.status_code, "gradio_config" in page.text) == (401, False)
    assert 'name="password"' in page.text
    for path in ("config", "gradio_api/info", "gradio_api/file=/etc/hostname", "theme.css"):
        assert (path, stranger.get(app.url + path, timeout=10).status_code) == (path, 401)
    for path in ("gradio_api/upload", "gradio_api/queue/join", "gradio_api/call/job"):
        assert (path, stranger.post(app.url + path, json={}, timeout=10).status_code) == (path, 401)


def test_a_wrong_password_is_said_and_a_forged_pass_is_none(app: AppProcess) -> None:
    form = {"username": "ann", "password": "wrong"}
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    answer = requests.post(app.url + "login", data=form, headers=headers, timeout=30)
    assert answer.status_code == 401
    assert "The name or the password is wrong. Please try again." in answer.text
    forged = requests.get(
        app.url, cookies={"studio-pass": "eyJhY2NvdW50IjoiYW5uIn0.x.y"}, timeout=9
    )
    assert forged.status_code == 401
    told = requests.get(
        app.url, headers={"X-Studio-Visitor": '{"kind":"account","name":"ann"}'}, timeout=10
    )
    assert told.status_code == 401


def test_a_script_may_send_name_and_password_with_every_request(app: AppProcess) -> None:
    answer = requests.get(app.url + "config", auth=("bob", WORDS["bob"]), timeout=30)
    assert answer.json()["username"] == "bob"
    assert requests.get(app.url + "config", auth=("bob", "no"), timeout=30).status_code == 401


def test_logging_out_ends_it(app: AppProcess) -> None:
    session = raw(app, "ann")
    assert session.get(app.url, timeout=10).status_code == 200
    assert session.get(app.url + "logout", timeout=10).status_code == 401
    assert session.get(app.url, timeout=10).status_code == 401


def test_a_result_is_its_owners_alone(
    app: AppProcess, ann: Client, bob: Client, result: dict[str, Any]
) -> None:
    mine, other = raw(app, "ann"), raw(app, "bob")
    for form in ("file=", "file/"):
        url = f"{app.url}gradio_api/{form}{result['path']}"
        statuses = [session.get(url, timeout=10).status_code for session in (mine, other, raw(app))]
        # Gradio sends the second form on to the first, for those who may follow
        assert statuses == [200, 404, 401], form
    for path in (
        f"file={result['path']}",
        f"gradio_api//file={result['path']}",
        "gradio_api/../file",
    ):
        assert other.get(app.url + path, timeout=10).status_code == 404, path
    for endpoint in ("/job", "/cancel"):
        with pytest.raises(AppError, match="^This job cannot be found"):
            bob.predict(result["id"], api_name=endpoint)
    assert ann.predict(result["id"], api_name="/job")[1]["status"] == "completed"


def test_another_persons_paths_are_no_inputs(
    app: AppProcess, result: dict[str, Any], tmp_path: Path
) -> None:
    """Neither a result nor an upload, however the path is written."""
    mine, other = raw(app, "ann"), raw(app, "bob")
    note = tmp_path / "portrait.jpg"
    note.write_bytes(KEYFRAME.read_bytes() + b"mine")
    uploaded = upload(app, mine, note)
    folder = str(Path(uploaded).parent)
    spellings = [
        uploaded,
        result["path"],
        f"{folder}/../{Path(folder).name}/{note.name}",
        f"{folder}//./{note.name}",
    ]
    for path in spellings:
        picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
        assert call(app, other, "image_cleanup", picture, "", 0, False) == "status 404", path
        assert call(app, other, "image_cleanup", path, "", 0, False) == "status 404", path
    assert other.get(f"{app.url}gradio_api/file={uploaded}", timeout=10).status_code == 404
    assert mine.get(f"{app.url}gradio_api/file={uploaded}", timeout=10).status_code == 200
    assert upload(app, other, note) == uploaded  # the very same file: now it is Bob's, too
    assert other.get(f"{app.url}gradio_api/file={uploaded}", timeout=10).status_code == 200


def test_an_answer_and_a_session_cannot_be_followed_by_another(app: AppProcess) -> None:
    mine, other = raw(app, "ann"), raw(app, "bob")
    answer = call(app, mine, "job", "no-such-job")
    assert other.get(answer, timeout=10).status_code == 404
    assert "event: error" in mine.get(answer, timeout=30).text
    session = {"session_hash": "ann-sits-here"}
    body = {"data": ["x"], "fn_index": 0, **session}
    mine.post(app.url + "gradio_api/queue/join", json=body, timeout=10)
    for path in ("queue/data?session_hash=ann-sits-here", "heartbeat/ann-sits-here"):
        assert other.get(f"{app.url}gradio_api/{path}", timeout=10).status_code == 404
    for path in ("queue/join", "cancel", "reset"):
        body = {"data": [], "fn_index": 0, "event_id": answer.rpartition("/")[2]}
        answered = other.post(f"{app.url}gradio_api/{path}", json=body, timeout=10)
        assert (path, answered.status_code) == (path, 404)
        answered = other.post(f"{app.url}gradio_api/{path}", json={**body, **session}, timeout=10)
        assert (path, answered.status_code) == (path, 404)


def test_two_people_who_do_the_same_get_a_job_each(
    app: AppProcess, ann: Client, bob: Client, result: dict[str, Any]
) -> None:
    """A shared result would tell that somebody else has the same picture."""
    _, job = bob.predict(handle_file(KEYFRAME), api_name="/image_cleanup")
    assert job["id"] != result["id"]
    assert job["status"] == "completed"


def test_a_running_job_cannot_be_cancelled_by_another(ann: Client, bob: Client) -> None:
    words = "This takes a little while, so that it can be cancelled by its owner. " * 6
    _, job = ann.predict(handle_file(VOICE), words, wait=False, api_name="/voice_clone")
    with pytest.raises(AppError, match="^This job cannot be found"):
        bob.predict(job["id"], api_name="/cancel")
    assert ann.predict(job["id"], api_name="/job")[1]["status"] != "cancelled"
    assert ann.predict(job["id"], api_name="/cancel")["status"] == "cancelled"


def test_only_the_operator_operates(app: AppProcess) -> None:
    """Ann is: hers is the first account."""
    answers = {}
    for name in ("ann", "bob"):
        form = {"act": "drain", "name": "no-such-server"}
        seen = raw(app, name).get(app.url + "operator", timeout=10).status_code
        done = raw(app, name).post(app.url + "operator", data=form, timeout=10).status_code
        answers[name] = (seen, done)
    assert answers == {"ann": (200, 200), "bob": (403, 403)}
    assert raw(app).get(app.url + "operator", timeout=10).status_code == 401


def test_only_the_operator_makes_guest_links(app: AppProcess) -> None:
    """The button is hidden from others; its handler can be called all the same."""
    told = {name: pressed(app, raw(app, name), "guests-make") for name in ("ann", "bob")}
    assert '"success":true' in told["ann"]
    assert "/guest/" in told["ann"]
    assert '"success":false' in told["bob"]
    assert "Only an operator can do this." in told["bob"]


def test_another_site_cannot_act_for_a_person(app: AppProcess) -> None:
    session = raw(app, "ann")
    url = app.url + "gradio_api/call/job"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": app.url.rstrip("/").replace("127.0.0.1", "127.0.0.1.evil.example")},
    ):
        answer = session.post(url, json={"data": ["x"]}, headers=headers, timeout=10)
        assert (headers, answer.status_code) == (headers, 403)
        assert "access-control-allow-origin" not in answer.headers
    preflight = session.options(
        url,
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=10,
    )
    assert "access-control-allow-origin" not in preflight.headers
    own = session.post(
        url, json={"data": ["x"]}, headers={"Origin": app.url.rstrip("/")}, timeout=10
    )
    assert own.status_code == 200


def test_deep_json_is_refused(app: AppProcess) -> None:
    session = raw(app, "bob")
    for body in ("[" * 100_000 + "]" * 100_000, '{"data":' * 5_000 + "1" + "}" * 5_000, "{"):
        answer = session.post(
            app.url + "gradio_api/call/job",
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.status_code == 404


def test_a_thousand_guesses_find_nothing(app: AppProcess, result: dict[str, Any]) -> None:
    """Neighbours of Ann's paths and ids, asked for by Bob."""
    other = raw(app, "bob")
    name = Path(result["path"]).name
    results = Path(result["path"]).parent.parent
    tries = [result["path"], f"{results}/{result['id']}", str(results), str(results.parent)]
    for n in range(300):
        guess = result["id"][:-3] + f"{n:03x}"
        tries += [f"{results}/{guess}/{name}", f"{results}/{guess}/../{result['id']}/{name}"]
    tries += [f"{results.parent}/secret.key", f"{results.parent.parent}/secret.key"]
    tries += [f"{results.parent.parent}/studio.sqlite", "/etc/passwd", "../studio.sqlite"]
    found = {
        path: status
        for path in tries
        if (status := other.get(f"{app.url}gradio_api/file={path}", timeout=10).status_code) != 404
    }
    assert found == {}


def test_too_many_wrong_passwords_are_slowed_down(app: AppProcess) -> None:
    """Last in this file: nobody logs in from here for a while after it."""
    form = {"username": "bob", "password": "guess"}
    answers = [requests.post(app.url + "login", data=form, timeout=30) for _ in range(11)]
    assert answers[-1].status_code == 429
    right = requests.post(app.url + "login", data={**form, "password": WORDS["bob"]}, timeout=30)
    assert right.status_code == 429
    assert right.json() == {"detail": "Not authenticated"}

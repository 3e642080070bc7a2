"""Following a prompt, in step with a scripted server."""

import logging
import struct
import threading
import time

import pytest
from starlette.responses import Response

from comfy.client.events import Cached, Executing, Preview, Progress, Queued, Started
from comfy.client.http import ComfyClient
from comfy.errors import (
    PromptFailed,
    PromptInterrupted,
    PromptLost,
    PromptStalled,
    ServerError,
    ServerRefused,
)
from tests.client.scripted import Scripted

JPEG = b"\xff\xd8\xff\xe0 a picture"


def bad_gateway(request: object) -> Response:
    return Response("<html>502</html>", 502)


def soon(seconds: float, action: object, *arguments: object, **named: object) -> None:
    threading.Timer(seconds, action, arguments, named).start()  # type: ignore[arg-type]  # a test's


def test_a_prompt_tells_its_life_and_ends(server: Scripted, client: ComfyClient) -> None:
    server.running, server.pending = ["somebody's"], ["another's"]
    events = client.follow(client.prompt({}, prompt_id="p"))
    assert next(events) == Queued(2)
    server.running, server.pending = ["another's"], ["p"]
    assert next(events) == Queued(1)
    server.running, server.pending = ["p"], []
    server.say("p", "execution_start")
    assert next(events) == Started()
    server.say("p", "execution_cached", nodes=["1", "2"])
    assert next(events) == Cached(("1", "2"))
    server.say("p", "executing", node="3")
    assert next(events) == Executing("3")
    server.say("p", "progress", node="3", value=1, max=4)
    assert next(events) == Progress("3", 1, 4)
    server.send("p", struct.pack(">II", 1, 1) + JPEG)
    assert next(events) == Preview("image/jpeg", JPEG)
    server.end("p")
    server.say("p", "executing", node=None)
    assert list(events) == []


def test_the_end_is_noticed_at_once_and_the_history_may_lag(server: Scripted) -> None:
    client = ComfyClient(server.url, client_id="studio", poll=60)
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.running, server.pending = ["p"], []
    server.say("p", "execution_start")
    assert next(event for event in events if event == Started())
    soon(0.035, server.end, "p")
    began = time.monotonic()
    server.say("p", "execution_success")
    assert list(events) == []
    assert time.monotonic() - began < 10  # the next question would be asked after a minute


def test_messages_of_others_and_nonsense_are_ignored(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"))
    assert next(events) == Queued(0)
    server.send("p", struct.pack(">II", 1, 1) + JPEG)  # nothing runs yet: not our picture
    server.say("p", "progress", prompt_id="q", node="9", value=1, max=2)
    server.say("p", "execution_success", prompt_id="q")
    for nonsense in ("", "{", "[]", b"", b"\0\0\0\x04\xff\xff\xff\xff"):
        server.send("p", nonsense)
    server.say("p", "executing", node="3")
    assert [next(events), next(events)] == [Started(), Executing("3")]
    server.pending = []
    server.end("p")
    server.say("p", "execution_success")
    assert list(events) == []


def test_without_a_socket_the_end_is_found_by_asking(server: Scripted) -> None:
    client = ComfyClient(server.url, client_id="studio", poll=60)
    server.refuse_sockets = Response(status_code=404)
    prompt_id = client.prompt({}, prompt_id="p")
    server.running, server.pending = ["p"], []
    soon(0.5, server.end, "p")
    began = time.monotonic()
    assert list(client.follow(prompt_id)) == [Started()]
    assert time.monotonic() - began < 10  # with a socket it would be asked once a minute


def test_a_silent_socket_is_not_believed(server: Scripted, client: ComfyClient) -> None:
    prompt_id = client.prompt({}, prompt_id="p")
    server.running, server.pending = ["p"], []
    soon(0.2, server.end, "p")
    assert list(client.follow(prompt_id)) == [Started()]


def test_a_broken_socket_comes_back_under_the_same_id(
    server: Scripted, client: ComfyClient
) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.running, server.pending = ["p"], []
    server.say("p", "executing", node="3")
    assert next(events) == Started()
    assert next(events) == Executing("3")
    server.drop("p")
    server.say("p", "progress", node="3", value=1, max=2)
    assert next(events) == Progress("3", 1, 2)
    assert [seen.query for seen in server.opened] == [{"clientId": "studio-p"}] * 2
    server.end("p")
    server.drop("p")  # the end was not said, only the line went dead
    assert list(events) == []


def test_a_server_may_be_away_for_a_while(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.running, server.pending = ["p"], []
    assert next(events) in (Queued(0), Started())
    server.answers = {"queue": bad_gateway, "history": bad_gateway}
    soon(0.8, server.answers.clear)
    soon(0.9, server.end, "p")
    server.drop("p")
    assert list(events) in ([], [Started()])


def test_patience_ends(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"), patience=0.5)
    server.answers = {"queue": bad_gateway, "history": bad_gateway}
    began = time.monotonic()
    with pytest.raises(ServerError) as caught:
        list(events)
    assert caught.value.code == "server_unreachable"
    assert 0.4 < time.monotonic() - began < 20  # two minutes unless told


def test_a_server_that_wants_other_credentials_is_not_waited_for(
    server: Scripted, client: ComfyClient
) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.answers = {"queue": lambda request: Response(status_code=401)}
    with pytest.raises(ServerRefused):
        list(events)


def test_a_prompt_that_nobody_knows_is_lost_at_the_second_look(
    server: Scripted, client: ComfyClient
) -> None:
    began = time.monotonic()
    with pytest.raises(PromptLost):
        list(client.follow("never sent"))
    assert time.monotonic() - began >= 1.0


def test_an_absence_around_a_crash_is_not_two_absences(
    server: Scripted, client: ComfyClient
) -> None:
    events = client.follow("p")
    soon(0.3, server.answers.__setitem__, "queue", bad_gateway)
    soon(1.4, server.answers.clear)
    soon(1.4, server.running.append, "p")
    assert next(events) == Started()
    server.end("p")
    assert list(events) == []


def test_a_server_that_starts_nothing_has_stalled(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"), stall=0.5)
    with pytest.raises(PromptStalled) as caught:
        list(events)
    assert caught.value.details == {"phase": "queue"}


def test_somebody_elses_long_prompt_is_not_a_stall(server: Scripted, client: ComfyClient) -> None:
    server.running = ["somebody's"]
    events = client.follow(client.prompt({}, prompt_id="p"), stall=0.2)
    assert next(events) == Queued(1)
    soon(1.0, setattr, server, "pending", [])
    soon(1.0, setattr, server, "running", ["p"])
    assert next(events) == Started()


def test_a_prompt_that_hangs_has_stalled(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"), stall=0.01)
    server.running, server.pending = ["p"], []
    with pytest.raises(PromptStalled) as caught:
        list(events)
    assert caught.value.details == {"phase": "run"}


def test_a_failure_names_its_node_and_keeps_the_servers_words(
    server: Scripted, client: ComfyClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "comfy.client.verdict")
    events = client.follow(client.prompt({}, prompt_id="p"))
    failure = {
        "node_id": "5",
        "node_type": "SpeakPortrait",
        "exception_type": "comfy.engine.node.NodeError",
        "exception_message": "no_face: nobody in /srv/input/a.png",
        "traceback": ["File /srv/secret.py"],
        "current_inputs": {"text": ["a person's words"]},
    }
    server.running, server.pending = [], []
    server.end("p", ["execution_error", failure], status="error")
    with pytest.raises(PromptFailed) as caught:
        list(events)
    assert caught.value.details == {"node": "5", "class_type": "SpeakPortrait", "reason": "no_face"}
    loud = [record.message for record in caplog.records if record.levelno > logging.DEBUG]
    assert "nobody in /srv/input/a.png" in caplog.text
    assert not any("nobody" in message or "words" in message for message in loud)
    assert "secret" not in caplog.text
    assert "a person's words" not in caplog.text


def test_an_interrupted_prompt_says_so(server: Scripted, client: ComfyClient) -> None:
    events = client.follow(client.prompt({}, prompt_id="p"))
    server.running, server.pending = ["p"], []
    soon(0.1, client.interrupt, "p")
    with pytest.raises(PromptInterrupted) as caught:
        list(events)
    assert caught.value.details == {"node": "3", "class_type": "KSampler"}


@pytest.mark.parametrize("where", ["pending", "running"])
def test_stop_cancels_the_prompt_wherever_it_is(
    server: Scripted, client: ComfyClient, where: str
) -> None:
    prompt_id = client.prompt({}, prompt_id="p")
    if where == "running":
        server.running, server.pending = ["p"], []
    stopped = threading.Event()
    soon(0.3, stopped.set)
    with pytest.raises(PromptInterrupted):
        list(client.follow(prompt_id, stop=stopped.is_set))
    assert ("POST interrupt" in server.paths()) == (where == "running")
    assert server.running == server.pending == []


def test_a_prompt_that_ends_before_it_could_be_stopped_has_succeeded(
    server: Scripted, client: ComfyClient
) -> None:
    prompt_id = client.prompt({}, prompt_id="p")
    server.pending = []
    server.end("p")
    assert list(client.follow(prompt_id, stop=lambda: True)) == []


def test_a_prompt_of_another_process_can_be_followed(server: Scripted) -> None:
    sender = ComfyClient(server.url, client_id="studio")
    sender.prompt({}, prompt_id="p")
    sender.close()
    server.running, server.pending = ["p"], []
    events = ComfyClient(server.url, client_id="studio", poll=0.3).follow("p")
    assert next(events) == Started()
    server.say("p", "executing", node="3")
    assert next(events) == Executing("3")
    server.end("p")
    assert list(events) == []

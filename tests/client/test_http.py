"""The verbs of the client against a scripted server."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from comfy.client.http import ComfyClient
from comfy.errors import InputError, PromptRejected, ServerError, ServerRefused
from comfy.protocol import FileRef
from tests.client.scripted import Scripted, wait_until

NODES = {"1": {"class_type": "SaveImage", "inputs": {}}}


def answering(*responses: Response) -> object:
    """These answers one after the other, then the ordinary ones."""
    left: Iterator[Response] = iter(responses)
    return lambda request: next(left, None)


def answer(server: Scripted, path: str, *responses: Response) -> None:
    server.answers[path] = answering(*responses)  # type: ignore[assignment]  # it is one


def test_a_prompt_is_sent_under_our_id(server: Scripted, client: ComfyClient) -> None:
    assert client.prompt(NODES, prompt_id="p", extra_data={"a": 1}) == "p"
    assert client.prompt(NODES, prompt_id="q") == "q"
    first, second = (json.loads(s.body) for s in server.requests if s.path == "prompt")
    expected = {"prompt": NODES, "client_id": "studio-p", "prompt_id": "p", "extra_data": {"a": 1}}
    assert first == expected
    assert second == {"prompt": NODES, "client_id": "studio-q", "prompt_id": "q"}
    wait_until(lambda: len(server.opened) == 2)
    assert [seen.query["clientId"] for seen in server.opened] == ["studio-p", "studio-q"]


def test_a_prompt_is_sent_once_even_if_the_answer_is_lost(
    server: Scripted, client: ComfyClient
) -> None:
    answer(server, "prompt", Response("gateway", 504))
    with pytest.raises(ServerError) as caught:
        client.prompt(NODES, prompt_id="p")
    assert caught.value.retry
    assert server.paths().count("POST prompt") == 1


def test_a_server_with_ids_of_its_own_is_too_old(server: Scripted, client: ComfyClient) -> None:
    server.pending = ["its own"]
    answer(server, "prompt", JSONResponse({"prompt_id": "its own"}))
    with pytest.raises(ServerError) as caught:
        client.prompt(NODES, prompt_id="p")
    assert caught.value.code == "server_too_old"
    assert server.pending == []


def test_a_refused_prompt_says_why(server: Scripted, client: ComfyClient) -> None:
    error = {"type": "invalid_prompt", "message": "Cannot execute because node X does not exist."}
    answer(server, "prompt", JSONResponse({"error": error, "node_errors": {}}, 400))
    with pytest.raises(PromptRejected) as caught:
        client.prompt(NODES, prompt_id="p")
    assert caught.value.code == "node_missing"
    assert caught.value.details["nodes"] == ["X"]


def test_a_prompt_without_our_output_is_cancelled(server: Scripted, client: ComfyClient) -> None:
    problem = {"type": "custom_validation_failed", "extra_info": {"input_name": "image"}}
    entry = {"errors": [problem], "dependent_outputs": ["9"], "class_type": "LoadImage"}
    taken = {"prompt_id": "p", "node_errors": {"4": entry}}
    server.pending = ["p"]
    answer(server, "prompt", JSONResponse(taken), JSONResponse(taken))
    with pytest.raises(PromptRejected) as caught:
        client.prompt(NODES, prompt_id="p", output_node="9")
    assert caught.value.code == "input_not_on_server"
    assert server.pending == []
    assert client.prompt(NODES, prompt_id="p", output_node="8") == "p"


def test_known_asks_the_queue_before_the_history(server: Scripted, client: ComfyClient) -> None:
    server.running, server.pending = ["a"], ["b"]
    server.end("c")
    assert [client.known(i) for i in "abcd"] == ["running", "pending", "ended", None]
    assert server.paths()[-2:] == ["GET queue", "GET history/d"]


def test_ids_are_quoted(server: Scripted, client: ComfyClient) -> None:
    seen: list[bytes] = []

    def look(request: Request) -> None:
        seen.append(request.scope["raw_path"])

    server.answers["history"] = look
    assert client.history("a/b?c") is None
    assert seen == [b"/history/a%2Fb%3Fc"]


@pytest.mark.parametrize("where", ["running", "pending", "nowhere"])
def test_cancel_never_interrupts_somebody_else(
    server: Scripted, client: ComfyClient, where: str
) -> None:
    server.running = ["p"] if where == "running" else ["somebody's"]
    server.pending = ["p", "another's"] if where == "pending" else ["another's"]
    assert client.cancel("p")
    assert server.pending == ["another's"]
    assert server.running == ([] if where == "running" else ["somebody's"])
    assert ("POST interrupt" in server.paths()) == (where == "running")


def test_cancel_says_when_a_node_does_not_look(server: Scripted, client: ComfyClient) -> None:
    server.running = ["p"]
    server.answers["interrupt"] = lambda request: Response()
    assert not client.cancel("p")
    assert server.running == ["p"]


def test_an_upload_is_a_plain_multipart_form(
    server: Scripted, client: ComfyClient, tmp_path: Path
) -> None:
    path = tmp_path / '人 "像".png'
    path.write_bytes(b"\x89PNG\r\n--not the boundary--\r\n")
    stored = {"name": "abc (1).png", "subfolder": "studio", "type": "input"}
    answer(server, "upload", Response(status_code=502), JSONResponse(stored))
    ref = client.upload(path, name="abc.png", subfolder="studio")
    assert ref == FileRef("abc (1).png", "studio", "input")
    assert ref.input_value == "studio/abc (1).png"
    seen = server.requests[-1]
    boundary = seen.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    parts = re.findall(
        rb'form-data; name="(\w+)"(?:; filename="([^"]+)"\r\nContent-Type: [^\r]+)?\r\n\r\n'
        rb"(.*?)\r\n(?=--" + boundary.encode() + rb")",
        seen.body,
        re.DOTALL,
    )
    assert parts == [
        (b"overwrite", b"", b"false"),
        (b"subfolder", b"", b"studio"),
        (b"type", b"", b"input"),
        (b"image", b"abc.png", path.read_bytes()),
    ]
    assert seen.headers["content-length"] == str(len(seen.body))


def test_an_upload_is_never_in_memory(
    server: Scripted, client: ComfyClient, tmp_path: Path
) -> None:
    path = tmp_path / "big.mp4"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    answer(server, "upload", Response(status_code=413))
    answer(server, "features", JSONResponse({"max_upload_size": 2**20}))
    tracemalloc.start(1)
    with pytest.raises(InputError) as caught:
        client.upload(path, name="big.mp4")
    # The server of this test keeps the body, so what counts is the client's own file.
    files = [tracemalloc.Filter(True, "*/comfy/client/*")]
    ours = tracemalloc.take_snapshot().filter_traces(files).statistics("filename")
    tracemalloc.stop()
    assert sum(entry.size for entry in ours) < 2**20
    assert (caught.value.code, caught.value.details) == (
        "file_too_large",
        {"size": 64.0, "limit": 1},
    )


@pytest.mark.parametrize("name", ["", "a/b.png", "..", '"', "a\r\nb", "名.png", ".hidden"])
def test_only_plain_names_are_uploaded(client: ComfyClient, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        client.upload(tmp_path, name=name)


def test_exists_asks_for_the_head(server: Scripted, client: ComfyClient) -> None:
    answer(server, "view", Response(b"x"), Response(status_code=404))
    assert client.exists(FileRef("a.png"))
    assert not client.exists(FileRef("a.png"))
    assert server.paths() == ["HEAD view", "HEAD view"]


def test_a_sub_path_and_headers_reach_every_endpoint() -> None:
    server = Scripted(root="/gpu/1").start()
    client = ComfyClient(
        f"{server.url}/", client_id="studio", headers={"Authorization": "Bearer t"}
    )
    client.prompt(NODES, prompt_id="p")
    client.queue()
    wait_until(lambda: len(server.opened) == 1)
    seen = [*server.requests, *server.opened]
    assert [entry.path for entry in seen] == ["prompt", "queue", "ws"]
    assert {entry.headers["authorization"] for entry in seen} == {"Bearer t"}
    client.close()
    server.stop()


def test_redirects_and_proxies_of_the_environment_are_not_followed(
    server: Scripted, client: ComfyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    elsewhere = Scripted().start()
    answer(server, "queue", RedirectResponse(f"{elsewhere.url}/queue"))
    with pytest.raises(ServerError) as caught:
        client.queue()
    assert (caught.value.code, elsewhere.requests) == ("server_broken", [])
    elsewhere.stop()


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (Response("<html>welcome</html>"), ServerError, "server_broken"),
        (Response("[]"), ServerError, "server_broken"),
        (Response("{}"), ServerError, "server_broken"),
        (
            Response('{"queue_running": [["x", "p"]], "queue_pending": [["x", "p"]]}'),
            ServerError,
            "server_broken",
        ),
        (Response("[" * 100_000), ServerError, "server_broken"),
        (Response(status_code=404), ServerError, "server_broken"),
        (Response(status_code=500), ServerError, "server_broken"),
        (Response(status_code=401), ServerRefused, "server_refused"),
        (Response(status_code=403), ServerRefused, "server_refused"),
    ],
)
def test_answers_that_no_comfyui_gives(
    server: Scripted, client: ComfyClient, response: Response, kind: type[ServerError], code: str
) -> None:
    answer(server, "queue", response)
    with pytest.raises(ServerError) as caught:
        client.queue()
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert len(server.requests) == 1


def test_passing_troubles_are_asked_again(server: Scripted, client: ComfyClient) -> None:
    busy = Response(status_code=429, headers={"Retry-After": "0"})
    answer(server, "queue", busy, Response(status_code=503))
    server.running = ["p"]
    assert client.queue().running == ("p",)
    assert len(server.requests) == 3


def test_a_dead_address_is_unreachable() -> None:
    server = Scripted().start()
    server.stop()
    client = ComfyClient(server.url, client_id="studio")
    with pytest.raises(ServerError) as caught:
        client.prompt(NODES, prompt_id="p")
    assert (caught.value.code, caught.value.retry) == ("server_unreachable", True)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8188", "ftp://host", "http://", "http://h/?a=1", "http://a:b@h"]
)
def test_an_address_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        ComfyClient(url, client_id="studio")

"""/api/jobs of newer servers: one look, one cancel; and the older way where it is missing."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from comfy.client.http import ComfyClient
from tests.client.scripted import Scripted


def test_a_newer_server_knows_in_one_look(server: Scripted, client: ComfyClient) -> None:
    states = {"a": "in_progress", "b": "pending", "c": "failed", "d": "completed", "e": "cancelled"}

    def job(request: Request) -> Response:
        found = states.get(request.path_params["path"].rpartition("/")[2])
        return JSONResponse({"status": found} if found else {"error": "Job not found"}, 200)

    server.answers["api"] = job
    found = [client.known(i) for i in "abcde"]
    assert found == ["running", "pending", "ended", "ended", "ended"]
    assert server.paths() == [f"GET api/jobs/{i}" for i in "abcde"]
    states["f"] = "a status of the future"
    server.end("f")
    assert [client.known(i) for i in "fg"] == ["ended", None]


def test_a_server_without_that_look_is_not_asked_twice(
    server: Scripted, client: ComfyClient
) -> None:
    server.running = ["a"]
    assert [client.known("a"), client.known("a")] == ["running", "running"]
    assert server.paths() == ["GET api/jobs/a", "GET queue", "GET queue"]


def test_a_newer_server_cancels_by_id(server: Scripted, client: ComfyClient) -> None:
    server.running = ["p"]

    def cancel(request: Request) -> Response:
        server.end("p")
        return JSONResponse({})

    server.answers["api"] = cancel
    assert client.cancel("p")
    assert server.paths() == ["POST api/jobs/p/cancel", "GET queue"]


def test_a_cancel_that_only_says_yes_is_not_believed(server: Scripted, client: ComfyClient) -> None:
    server.running, server.answers["api"] = ["p"], lambda request: JSONResponse({})
    assert client.cancel("p")
    assert "POST interrupt" in server.paths()

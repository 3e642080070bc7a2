"""Downloads: whole or not at all, whatever happens on the way."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from comfy.client.download import CHUNK
from comfy.client.http import ComfyClient
from comfy.errors import OutputMissing, ServerError
from comfy.protocol import FileRef
from tests.client.scripted import Scripted

DATA = bytes(range(256)) * 4096  # 1 MiB
REF = FileRef("result.png", "sub folder", "temp")


def sending(data: bytes, *, etag: str = '"1"', cuts: Iterator[int] | None = None) -> object:
    """An answer for /view, as aiohttp gives it: it knows Range and ignores If-Range.

    Each of `cuts` ends one answer after so many bytes.
    """

    def answer(request: Request) -> Response:
        asked = request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        start = int(asked)
        body = data[start:]
        cut = next(cuts, len(body)) if cuts else len(body)
        headers = {"Content-Length": str(len(body)), "ETag": etag, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return StreamingResponse(pieces(body[:cut]), 206 if start else 200, headers)

    return answer


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for index in range(0, len(body), 65536):
        yield body[index : index + 65536]


def view(server: Scripted, client: ComfyClient, to: Path, answer: object) -> Path:
    server.answers["view"] = answer  # type: ignore[assignment]  # one of the answers above
    return client.view(REF, to)


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "result.png"


def test_a_file_arrives_whole(server: Scripted, client: ComfyClient, to: Path) -> None:
    assert view(server, client, to, sending(DATA)) == to
    assert to.read_bytes() == DATA
    assert list(to.parent.iterdir()) == [to]
    asked = server.requests[-1]
    expected = {"filename": "result.png", "subfolder": "sub folder", "type": "temp"}
    assert asked.query == expected
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("cuts", [[0], [1], [100_000], [len(DATA) - 1], [70_000, 5, 300_000]])
def test_a_cut_download_goes_on_where_it_was_cut(
    server: Scripted, client: ComfyClient, to: Path, cuts: list[int]
) -> None:
    view(server, client, to, sending(DATA, cuts=iter(cuts)))
    assert to.read_bytes() == DATA
    assert len(server.requests) == len(cuts) + 1
    last = server.requests[-1].headers
    start = int(last.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    assert 0 <= sum(cuts) - start < CHUNK * len(cuts)
    assert last.get("if-range") == ('"1"' if start else None)


def test_a_file_that_changed_in_between_is_fetched_from_the_start(
    server: Scripted, client: ComfyClient, to: Path
) -> None:
    first = sending(DATA, cuts=iter([100_000]))
    second = sending(DATA[::-1], etag='"2"')
    answers: Iterator[Callable[[Request], Response]] = iter([first, second, second])  # type: ignore[list-item]  # as above
    view(server, client, to, lambda request: next(answers)(request))
    assert to.read_bytes() == DATA[::-1]


def test_a_line_that_is_always_cut_ends_in_an_error_and_no_file(
    server: Scripted, client: ComfyClient, to: Path
) -> None:
    with pytest.raises(ServerError) as caught:
        view(server, client, to, sending(DATA, cuts=iter([1000, 0, 0, 0, 0, 0, 0, 0])))
    assert caught.value.code == "server_unreachable"
    assert list(to.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda request: Response(status_code=404), "output_missing"),
        (lambda request: Response(status_code=500), "server_broken"),
        (lambda request: Response(b"abc", headers={"Content-Encoding": "gzip"}), "server_broken"),
        (lambda request: Response(status_code=302, headers={"Location": "/"}), "server_broken"),
    ],
)
def test_other_answers_leave_no_file(
    server: Scripted, client: ComfyClient, to: Path, answer: object, code: str
) -> None:
    to.write_bytes(b"older")
    with pytest.raises((OutputMissing, ServerError)) as caught:
        view(server, client, to, answer)
    assert caught.value.code == code
    assert to.read_bytes() == b"older"
    assert list(to.parent.iterdir()) == [to]


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_the_limit_is_not_taken(
    server: Scripted, client: ComfyClient, to: Path, announced: bool
) -> None:
    chunked = StreamingResponse(pieces(DATA))  # without Content-Length
    server.answers["view"] = sending(DATA) if announced else lambda request: chunked  # type: ignore[assignment]  # as above
    with pytest.raises(OutputMissing) as caught:
        client.view(REF, to, limit=100_000)
    assert caught.value.code == "output_too_large"
    assert list(to.parent.iterdir()) == []


def test_a_chunked_body_has_its_own_end(server: Scripted, client: ComfyClient, to: Path) -> None:
    view(server, client, to, lambda request: StreamingResponse(pieces(DATA)))
    assert to.read_bytes() == DATA

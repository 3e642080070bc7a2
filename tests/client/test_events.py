"""Frames of the socket: recorded ones, and any bytes at all."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy.client.events import Cached, Ended, Executing, Preview, Progress, Started, parse

TRANSCRIPTS = Path(__file__).parents[1] / "data" / "transcripts"
JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"


@pytest.mark.parametrize("version", ["2025-10", "2026-01"])
def test_a_recorded_prompt_is_told_as_events(version: str) -> None:
    frames = json.loads((TRANSCRIPTS / f"{version}.json").read_text("utf-8"))["frames"]
    frames = [frame for frame in frames if frame["type"] != "progress_state"]
    parsed = [found for frame in frames if (found := parse(json.dumps(frame)))]
    assert len({prompt_id for prompt_id, _ in parsed}) == 1
    assert [signal for _, signal in parsed] == [
        Started(),
        Cached(("37", "38", "39", "66", "75", "76", "77", "78", "88", "89")),
        Executing("3"),
        Progress("3", 1, 4),
        Progress("3", 2, 4),
        Progress("3", 3, 4),
        Progress("3", 4, 4),
        Executing("8"),
        Executing("60"),
        Ended(),
        Ended(),
    ]


def test_where_steps_are_only_told_in_the_state_of_all_nodes() -> None:
    state = {"value": 1, "max": 1, "state": "finished", "node_id": "75", "display_node_id": "75"}
    newest = {"value": 1, "max": 4, "state": "running", "node_id": "3.0.1", "display_node_id": "3"}
    told = frame("progress_state", prompt_id="p", nodes={"75": state, "3.0.1": newest})
    assert parse(told) == ("p", Progress("3", 1, 4))
    begun = {**newest, "value": 0.0, "max": 1.0}
    assert parse(frame("progress_state", prompt_id="p", nodes={"3": begun})) is None
    assert parse(frame("progress_state", prompt_id="p", nodes={"75": state})) is None
    assert parse(frame("progress_state", prompt_id="p", nodes=[1])) is None


def frame(kind: str, **data: object) -> str:
    return json.dumps({"type": kind, "data": data})


def described(metadata: bytes, image: bytes) -> bytes:
    return struct.pack(">II", 4, len(metadata)) + metadata + image


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (frame("executing", node="7"), ("", Executing("7"))),
        (frame("executing", node="7.0.1", display_node="7", prompt_id="p"), ("p", Executing("7"))),
        (frame("executing", node=None, prompt_id="p"), ("p", Ended())),
        (frame("execution_error", prompt_id="p", traceback=["..."]), ("p", Ended())),
        (frame("execution_interrupted", prompt_id="p"), ("p", Ended())),
        (frame("progress", node="3", value=9, max=4, prompt_id="p"), ("p", Progress("3", 4, 4))),
        (frame("progress", node="3", value=0, max=0, prompt_id="p"), None),
        (frame("progress", node="3", value=float("nan"), max=4, prompt_id="p"), None),
        (frame("progress", node="3", value=10**400, max=4, prompt_id="p"), None),
        (frame("something_new", prompt_id="p"), None),
        (struct.pack(">II", 1, 1) + JPEG, ("", Preview("image/jpeg", JPEG))),
        (struct.pack(">II", 1, 2) + PNG, ("", Preview("image/png", PNG))),
        (described(b'{"prompt_id": "p"}', JPEG), ("p", Preview("image/jpeg", JPEG))),
        (described(b"not json", JPEG), ("", Preview("image/jpeg", JPEG))),
        (struct.pack(">II", 1, 1) + b"<html>", None),
        (struct.pack(">II", 4, 2**32 - 1) + JPEG, None),
        (struct.pack(">I", 3) + b"\0\0\0\x017<b>text</b>", None),
    ],
)
def test_frames_at_the_edges(message: str | bytes, expected: object) -> None:
    assert parse(message) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["progress", "progress_state", "executing", "execution_cached", "execution_start", "status"]
)
DATA = st.dictionaries(
    st.sampled_from(["prompt_id", "node", "display_node", "nodes", "value", "max"]), JSON
)


@settings(deadline=None)  # a busy machine is no failure
@given(KINDS | JSON, DATA | JSON)
def test_no_json_makes_the_reader_raise(kind: object, data: object) -> None:
    parse(json.dumps({"type": kind, "data": data}))


@settings(deadline=None)
@given(st.text() | st.binary() | st.binary(min_size=8).map(lambda tail: b"\0\0\0\x04" + tail))
def test_no_bytes_make_the_reader_raise(message: str | bytes) -> None:
    parse(message)


def test_endless_nesting_is_no_frame() -> None:
    assert parse("[" * 100_000) is None

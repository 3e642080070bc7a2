"""What is fuzzed: each target takes any bytes, and raises only if something is wrong."""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from comfy.client.events import parse
from comfy.errors import InputError, OutputMissing, ServerError, StudioError, WorkflowError
from comfy.media import hints, pictures, results, sounds, thumbnails, video
from comfy.media.files import Limits
from comfy.media.labels import Label
from comfy.protocol import FileRef, History, Queue
from comfy.workflow.convert import to_api
from comfy.workflow.discover import Found, discover
from comfy.workflow.prompt import is_link
from comfy.workflow.read import checked_nodes, read_json
from comfy.workflow.task import load_tasks
from tests.workflow.canvas import INFO

ROOT = Path(__file__).parent.parent.parent
LIMITS = Limits(megabytes=1, megapixels=1, seconds=20)
LABEL = Label("fuzz", "1")
Target = Callable[[bytes], None]


@contextmanager
def folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if SHM.is_dir() else None))
    try:
        yield place
    finally:
        shutil.rmtree(place)


SHM = Path("/dev/shm")


def media(data: bytes) -> None:
    """The first byte chooses what the rest is opened as."""
    if not data:
        return
    with folder() as place:
        source = place / "given"
        source.write_bytes(data[1:])
        try:
            _open(data[0] % 9, source, place)
        except (InputError, OutputMissing):
            pass
        finally:
            left = [path.name for path in place.rglob("*") if path.name.startswith(".")]
            assert left == [], "something half written was left behind"


def _open(choice: int, source: Path, place: Path) -> None:
    kept = place / "kept"
    match choice:
        case 0:
            accepted = pictures.accept_picture(source, kept, LIMITS)
            assert pictures.picture_size(accepted) == pictures.picture_size(accepted)
            hints.picture_hints(accepted)
            assert thumbnails.thumbnail(accepted, 32)
        case 1:
            accepted = sounds.accept_sound(source, kept, LIMITS, keep_seconds=2)
            assert 0 < sounds.sound_seconds(accepted) <= 2.01
            hints.sound_hints(accepted, 2)
        case 2:
            moment, length = video.sharpest_moment(source, LIMITS)
            assert moment >= 0 or length >= 0
            video.save_frame(source, max(0.0, moment), kept)
        case 3:
            hints.picture_hints(source)
        case 4:
            thumbnails.thumbnail(source, 32)
        case _:
            suffix = {5: ".png", 6: ".jpg", 7: ".mp3", 8: ".mp4"}[choice]
            named = source.rename(place / f"named{suffix}")
            kind = results.kind_of(named.name)
            results.make_presentable(named, kind, LABEL)
            assert b"AIGC" in named.read_bytes()


def protocol(data: bytes) -> None:
    """Answers of a server and messages of its socket."""
    parse(data)
    try:
        text = data.decode("utf-8")
        parse(text)
        found = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    for read in (FileRef.from_wire, Queue.from_wire, _history):
        try:
            read(found)
        except ServerError:
            continue


def _history(found: dict[str, Any]) -> None:
    entry = History.from_wire(found)
    entry.message("execution_error")
    for node_id in entry.outputs:
        for ref in entry.files(node_id):
            assert isinstance(ref.input_value, str)


def converter(data: bytes) -> None:
    """Workflow files of any format, as people drop them into a folder."""
    try:
        found = read_json(data.decode("utf-8", "replace"))
        nodes = to_api(found, INFO).nodes
    except WorkflowError:
        return
    for node in nodes.values():
        for value in node["inputs"].values():
            if is_link(value):
                assert isinstance(value[0], str)
    json.dumps(nodes)
    try:
        checked_nodes(nodes)
    except WorkflowError:
        return
    for task in TASKS.values():
        assert isinstance(discover(nodes, task.output, task.inputs), Found)


def manifest(data: bytes) -> None:
    """A task's or a variant's TOML: what is broken is reported, never raised."""
    with folder() as place:
        task = place / "talking_head"
        shutil.copytree(ROOT / "workflows" / "talking_head", task)
        if data[:1] == b"v":
            for path in task.glob("*.toml"):
                if path.name != "task.toml":
                    path.write_bytes(data[1:])
                    break
        else:
            (task / "task.toml").write_bytes(data[1:])
        tasks = load_tasks(place)
        for loaded in tasks.values():
            for problem in loaded.broken:
                assert problem.code
            _use(loaded)


def _use(task: Any) -> None:
    values = {item.name: None for item in task.inputs}
    try:
        task.accept(values)
    except StudioError:
        return


TASKS = load_tasks(ROOT / "workflows")
TARGETS: Mapping[str, Target] = {
    "media": media,
    "protocol": protocol,
    "converter": converter,
    "manifest": manifest,
}


def seeds(target: str) -> Iterator[bytes]:
    """Good input to begin with: the mutations of it reach further than noise."""
    assets, data = ROOT / "assets", ROOT / "tests" / "data"
    if target == "media":
        yield from _media_seeds(assets)
    elif target == "protocol":
        for path in sorted((data / "transcripts").glob("*.json")):
            yield from _messages(json.loads(path.read_text("utf-8")))
    elif target == "converter":
        cases = json.loads((data / "ui_workflows" / "cases.json").read_text("utf-8"))
        yield from _messages(cases)
    else:
        for path in sorted((ROOT / "workflows").glob("*/*.toml")):
            text = path.read_bytes()
            tomllib.loads(text.decode())
            yield (b"t" if path.name == "task.toml" else b"v") + text


def _media_seeds(assets: Path) -> Iterator[bytes]:
    from tests.fuzz.samples import samples  # noqa: PLC0415  # makes files: only for a run

    for choices, content in samples(assets):
        for choice in choices:
            yield bytes([choice]) + content


def _messages(value: Any, depth: int = 0) -> Iterator[bytes]:
    """Tables inside recorded data that are of a handy size."""
    if isinstance(value, dict) and len(text := json.dumps(value)) < 20_000:
        yield text.encode()
    if depth < 4 and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _messages(item, depth + 1)

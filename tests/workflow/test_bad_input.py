"""What bad input gets: a sentence, or the value stays a value. One row for each kind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comfy import add, check
from comfy.errors import InputError
from comfy.jobs.tables import JOBS
from comfy.protocol import Nodes
from comfy.text import explain
from comfy.workflow.read import MOST_NAME, MOST_NODES
from comfy.workflow.task import load_tasks
from comfy.workflow.variant import Variant
from tests.workflow import foreign
from tests.workflow.foreign import node

WORKFLOWS = Path(__file__).parents[2] / "workflows"
TASKS = load_tasks(WORKFLOWS)
EMPTY = '{"class_type":"A","inputs":{}}'
VOICE = json.dumps(foreign.voice())


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COMFY_SERVERS", "STUDIO_WORKFLOWS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


def circle() -> str:
    nodes = foreign.voice()
    nodes["7"]["inputs"]["audio"] = ["9", 0]
    return json.dumps(nodes)


def linked(link: list[Any]) -> str:
    nodes = foreign.voice()
    nodes["11"]["inputs"]["audio"] = link
    return json.dumps(nodes)


def nodes_of_number(count: int) -> str:
    return "{" + ",".join(f'"{n}":{EMPTY}' for n in range(count)) + "}"


def canvas_of(count: int) -> str:
    return '{"nodes":[' + ",".join(["{}"] * count) + '],"links":[]}'


FILES: dict[str, tuple[Callable[[], str], str, dict[str, Any]]] = {
    "broken JSON": (lambda: VOICE[:-1], "graph_not_json", {}),
    "an empty file": (lambda: "", "graph_not_json", {}),
    "brackets without end": (lambda: "[" * 100_000, "graph_not_json", {}),
    "a list": (lambda: "[1]", "graph_not_workflow", {}),
    "a table of something else": (lambda: '{"name": "x"}', "graph_not_api", {"node": "name"}),
    "a million nodes": (
        lambda: nodes_of_number(1_000_000),  # not even parsed
        "graph_too_large",
        {"limit": "20 MB"},
    ),
    "more nodes than a workflow": (
        lambda: nodes_of_number(MOST_NODES + 1),
        "graph_too_large",
        {"limit": "2000 nodes"},
    ),
    "a canvas of too many nodes": (lambda: canvas_of(50_000), "ui_too_large", {}),
    "a circle": (circle, "graph_circle", {}),
    "a link to no node": (
        lambda: linked(["99", 0]),
        "graph_link_nowhere",
        {"node": "11", "input": "audio", "target": "99"},
    ),
    "a link to no output": (lambda: linked(["9", -1]), "graph_link_nowhere", {"target": "9"}),
    "an id twice": (
        lambda: f'{VOICE[:-1]}, "9": {json.dumps(node("Other"))}}}',
        "graph_node_twice",
        {"node": "9"},
    ),
    "NaN": (lambda: VOICE.replace("0.8", "NaN"), "graph_not_json", {}),
    "a number without end": (lambda: VOICE.replace("0.8", "1e999"), "graph_not_json", {}),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_bad_file_gets_a_sentence_at_each_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    build, code, details = FILES[kind]
    own = tmp_path / "own"
    own.mkdir()
    (own / "theirs.json").write_text(build(), encoding="utf-8")
    tasks = load_tasks(WORKFLOWS, own)
    [problem] = [p for task in tasks.values() for p in task.broken]
    assert problem.code == code
    assert {**problem.details, **details} == problem.details
    assert [t.variants for t in tasks.values()] == [t.variants for t in TASKS.values()]

    sentence = explain(code, "en", problem.details)
    assert check.main(["--workflows", str(own)]) == 1
    assert f"  ✗ {sentence}\n" in capsys.readouterr().out
    asked = [str(own / "theirs.json"), "--task", problem.details["task"]]
    assert add.main([*asked, "--folder", str(tmp_path / "taken")]) == 1
    assert f"  ✗ {sentence}\n" in capsys.readouterr().out
    assert not (tmp_path / "taken").exists()


LONGEST = "名" * MOST_NAME
BAD_NAMES = {"too long": LONGEST + "名", "a control character": "a\x1b[31m", "no UTF-8": "a\udcff"}


@pytest.mark.parametrize("kind", BAD_NAMES)
@pytest.mark.parametrize("suffix", ["json", "toml"])
def test_a_file_name_that_no_database_keeps_gets_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, suffix: str
) -> None:
    folder = tmp_path / "voice_clone"
    folder.mkdir()
    try:
        with open(os.fsencode(folder / f"{BAD_NAMES[kind]}.{suffix}"), "wb") as file:
            file.write(VOICE.encode())
    except OSError:
        pytest.skip("this disk refuses the name by itself")
    [problem] = load_tasks(WORKFLOWS, tmp_path)["voice_clone"].broken
    shown = {"too long": LONGEST, "a control character": "a[31m", "no UTF-8": "a"}[kind]
    where = {"task": "voice_clone", "variant": shown, "limit": MOST_NAME}
    assert (problem.code, problem.details) == ("file_name_unfit", where)
    assert check.main(["--workflows", str(tmp_path)]) == 1
    assert explain("file_name_unfit", "en", where) in capsys.readouterr().out


def test_the_longest_names_of_all_forms_fit_into_their_columns(tmp_path: Path) -> None:
    name = "n" * MOST_NAME
    (tmp_path / f"{name}.json").write_text(json.dumps(foreign.video_to_video()), encoding="utf-8")
    found = load_tasks(WORKFLOWS, tmp_path)["talking_head"].variants
    names = [variant.name for variant in found if variant.name.startswith(name)]
    assert names == [name, f"{name}-video"]
    for column in (JOBS.c.variant, JOBS.c.wish):
        assert max(map(len, names)) <= column.type.length  # type: ignore[attr-defined]


VALUES_IN_FILES = ['["3", 0]', "5", "[1]", "a | b", "../../etc/passwd", '{"class_type": "X"}']


@pytest.mark.parametrize("value", VALUES_IN_FILES)
def test_a_value_in_a_file_stays_a_value(tmp_path: Path, value: str) -> None:
    nodes = foreign.voice()
    nodes["9"]["inputs"]["emo_text"] = value
    nodes["9"]["inputs"]["temperature"] = "0.8"
    (tmp_path / "mine.json").write_text(json.dumps(nodes), encoding="utf-8")
    task = load_tasks(WORKFLOWS, tmp_path)["voice_clone"]
    variant = next(v for v in task.variants if v.name == "mine")
    kept = variant.nodes["9"]["inputs"]
    assert (kept["emo_text"], kept["temperature"]) == (value, "0.8")


TEXTS = [
    '["3", 0]',
    '["3", 0]\n["9", 0]',
    "[1] one | [2] two",
    "a | b",
    '{"9": {"class_type": "X", "inputs": {}}}',
    "../../etc/passwd",
    "%date:yyyy% {variant} ${HOME}",
    "NaN",
    '"}}, "99": {',
]


def changes(variant: Variant, sent: Nodes) -> set[tuple[str, str]]:
    """Where a prompt differs from its template; classes and nodes must be the same."""
    assert {n: node["class_type"] for n, node in sent.items()} == {
        n: node["class_type"] for n, node in variant.nodes.items()
    }
    empty = object()
    return {
        (n, name)
        for n, node in sent.items()
        for name in node["inputs"].keys() | variant.nodes[n]["inputs"].keys()
        if node["inputs"].get(name, empty) != variant.nodes[n]["inputs"].get(name, empty)
    }


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", TASKS)
def test_a_person_s_text_changes_no_graph(name: str, text: str) -> None:
    task = TASKS[name]
    for variant in task.variants:
        given = {item: "words" for item in variant.takes}
        given |= {i.name: text for i in task.inputs if i.kind == "text"}
        given |= {i.name: i.choices[-1] for i in task.inputs if i.choices}
        given = {n: v for n, v in given.items() if task.input(n).default or n in variant.takes}
        values = task.accept(given)
        sent = variant.prompt(
            {i.name: values.get(i.name) for i in task.inputs}, filename_prefix="p"
        )
        assert changes(variant, sent.nodes) <= variant.places
        for node_id, place in changes(variant, sent.nodes):
            assert isinstance(sent.nodes[node_id]["inputs"][place], str | int | float)


BAD_VALUES: list[tuple[str, str, object, str]] = [
    ("a link for a text", "text", ["3", 0], "value_unusable"),
    ("a table for a text", "text", {"class_type": "X"}, "value_unusable"),
    ("a number for a text", "text", 5, "value_unusable"),
    ("a text that cannot be spoken", "text", "| []", "text_unspeakable"),
    ("NaN", "seed", float("nan"), "value_out_of_range"),
    ("NaN as text", "seed", "NaN", "value_out_of_range"),
    ("a link for a number", "seed", ["3", 0], "value_out_of_range"),
    ("a link for a choice", "emotion", ["3", 0], "choice_unknown"),
    ("no such input", "class_type", "X", "input_unknown"),
]


@pytest.mark.parametrize(
    ("name", "value", "code"), [r[1:] for r in BAD_VALUES], ids=[r[0] for r in BAD_VALUES]
)
def test_a_bad_value_gets_a_sentence(name: str, value: object, code: str) -> None:
    given = {"reference_audio": "mine.mp3", "text": "words", name: value}
    with pytest.raises(InputError) as caught:
        TASKS["voice_clone"].accept(given)
    assert (caught.value.code, caught.value.details["input"]) == (code, name)


def test_a_number_as_text_is_the_number() -> None:
    given = {"reference_audio": "mine.mp3", "text": "words", "seed": "7"}
    assert TASKS["voice_clone"].accept(given)["seed"] == 7

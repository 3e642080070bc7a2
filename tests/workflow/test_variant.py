"""A variant turns values into a prompt; what is wrong with its files is said at load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import InputError
from comfy.workflow.inputs import Input
from comfy.workflow.problem import Problem
from comfy.workflow.task import load_tasks
from comfy.workflow.variant import Bound, Variant, load_variant

INPUTS = (
    Input("image", "image"),
    Input("words", "text", max_length=99),
    Input("size", "choice", choices=("small", "big")),
    Input("note", "text", required=False, max_length=9),
    Input("seed", "seed", default=0),
)
GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "Text", "inputs": {"value": "old words"}},
    "3": {
        "class_type": "Work",
        "_meta": {"title": "The work"},
        "inputs": {"image": ["1", 0], "words": ["2", 0], "width": 1, "height": 1, "keep": True},
    },
    "4": {"class_type": "Save", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
    "5": {"class_type": "Preview", "inputs": {"images": ["3", 0]}},
}
MANIFEST = """
order = 1
quality = "full"
[output]
class_type = "Save"
[bind.image]
node = { class_type = "LoadImage" }
input = "image"
[bind.words]
node = { class_type = "Work" }
input = "words"
[bind.note]
node = { title = "The work" }
input = "note"
new = true
[[bind.size]]
node = { class_type = "Work" }
input = "width"
map = { small = 480, big = 832 }
[[bind.size]]
node = { class_type = "Work" }
input = "height"
map = { small = 832, big = 480 }
"""
VALUES = {"image": "b.png", "words": "new", "size": "big", "note": "n"}
WHERE = {"task": "work", "variant": "one"}


def load(folder: Path, manifest: str = MANIFEST, graph: Any = GRAPH) -> Variant | list[Problem]:
    (folder / "one.toml").write_text(manifest, encoding="utf-8")
    (folder / "one.json").write_text(json.dumps(graph), encoding="utf-8")
    return load_variant(folder / "one.toml", "work", INPUTS)


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    loaded = load(tmp_path)
    assert isinstance(loaded, Variant)
    return loaded


def test_values_land_in_their_nodes_and_nothing_else_is_sent(variant: Variant) -> None:
    bound = variant.prompt(VALUES, filename_prefix="studio/7")
    nodes = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "b.png"}},
        "3": {
            "class_type": "Work",
            "inputs": {
                "image": ["1", 0],
                "words": "new",
                "width": 832,
                "height": 480,
                "keep": True,
                "note": "n",
            },
        },
        "4": {"class_type": "Save", "inputs": {"images": ["3", 0], "filename_prefix": "studio/7"}},
    }
    assert bound == Bound(nodes, "4")


def test_a_variant_knows_its_places(variant: Variant) -> None:
    assert variant.files == {("1", "image")}
    places = {("3", "words"), ("3", "width"), ("3", "height"), ("3", "note")}
    assert variant.places == places | {("1", "image"), ("4", "filename_prefix")}
    assert variant.unused == ("seed",)
    assert (variant.name, variant.task, variant.quality, variant.order) == (
        ("one", "work", "full", 1)
    )


def test_a_prompt_does_not_change_the_variant(variant: Variant) -> None:
    before = json.dumps(variant.nodes)
    variant.prompt(VALUES, filename_prefix="x").nodes["3"]["inputs"]["width"] = 5
    assert json.dumps(variant.nodes) == before


def test_an_optional_value_that_is_none_stays_out(variant: Variant) -> None:
    bound = variant.prompt(VALUES | {"note": None}, filename_prefix="x")
    assert bound.nodes["3"]["inputs"]["note"] == ""


def test_a_forgotten_value_is_missing_not_what_the_author_left(variant: Variant) -> None:
    with pytest.raises(InputError) as caught:
        variant.prompt({"image": "b.png"}, filename_prefix="x")
    assert (caught.value.code, caught.value.details) == ("input_missing", {"input": "words"})


def test_a_job_from_before_an_input_was_there_gets_its_default() -> None:
    tasks = load_tasks(Path(__file__).parents[2] / "workflows")
    preview = next(v for v in tasks["voice_clone"].variants if v.name == "cpu-preview")
    old = {"reference_audio": "a.wav", "text": "Hello.", "emotion": "happy", "seed": 1}
    nodes = preview.prompt(old, filename_prefix="x").nodes.values()
    speaker = next(node for node in nodes if node["class_type"] == "CPUSpeakLike")
    assert speaker["inputs"]["strength"] == 0.65


def test_a_value_cannot_become_a_link(variant: Variant) -> None:
    with pytest.raises(InputError) as caught:
        variant.prompt(VALUES | {"words": ["1", 0]}, filename_prefix="x")
    assert caught.value.code == "value_unusable"


def test_extras_are_carried(tmp_path: Path) -> None:
    extras = '[extra_pnginfo.workflow]\na = false\n[alternatives]\n"a.gguf" = ["b.gguf"]\n'
    loaded = load(tmp_path, MANIFEST + extras)
    assert isinstance(loaded, Variant)
    assert loaded.extra_pnginfo == {"workflow": {"a": False}}
    assert loaded.alternatives == {"a.gguf": ["b.gguf"]}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'class_type = "LoadImage"',
            'class_type = "LoadVideo"',
            Problem(
                "node_not_found",
                {**WHERE, "task_input": "image", "selector": "class_type LoadVideo"},
            ),
        ),
        (
            '{ class_type = "LoadImage" }',
            "{ }",
            Problem(
                "node_ambiguous",
                {**WHERE, "task_input": "image", "selector": "", "nodes": list("12345")},
            ),
        ),
        (
            "new = true",
            "",
            Problem(
                "input_not_found", {**WHERE, "task_input": "note", "node": "3", "input": "note"}
            ),
        ),
        (
            '{ class_type = "Work" }\ninput = "words"',
            '{ class_type = "Preview" }\ninput = "images"',
            Problem("input_unreachable", {**WHERE, "input": "words", "node": "5"}),
        ),
        (
            'class_type = "Save"',
            'class_type = "SaveVideo"',
            Problem("node_not_found", {**WHERE, "selector": "class_type SaveVideo"}),
        ),
        (
            'class_type = "Save"',
            'class_type = "Preview"',
            Problem("input_not_found", {**WHERE, "node": "5", "input": "filename_prefix"}),
        ),
    ],
)
def test_a_binding_that_leads_nowhere_is_a_problem(
    tmp_path: Path, old: str, new: str, problem: Problem
) -> None:
    assert old in MANIFEST
    assert load(tmp_path, MANIFEST.replace(old, new, 1)) == [problem]


def test_a_place_behind_a_replaced_link_is_unreachable(tmp_path: Path) -> None:
    behind = MANIFEST.replace(
        '{ title = "The work" }\ninput = "note"', '{ class_type = "Text" }\ninput = "value"'
    )
    problem = Problem("input_unreachable", {**WHERE, "input": "note", "node": "2"})
    assert load(tmp_path, behind) == [problem]


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    broken = MANIFEST.replace('"LoadImage"', '"LoadVideo"').replace("new = true", "")
    loaded = load(tmp_path, broken)
    assert isinstance(loaded, list)
    assert [problem.code for problem in loaded] == ["node_not_found", "input_not_found"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('quality = "full"', 'quality = "best"', "quality must be one of preview, full"),
        ('quality = "full"', "", "KeyError: 'quality'"),
        ("order = 1", 'order = "first"', "invalid literal"),
        ("order = 1", "order = 1\ntypo = 2", "typo"),
        ("[bind.image]", "[bind.picture]", "the task has no input picture"),
        ("{ small = 480, big = 832 }", "{ small = 480 }", "map does not cover big"),
        ('input = "image"', 'input = "image"\nscael = 2', "scael"),
        ('{ class_type = "LoadImage" }', '{ klass = "LoadImage" }', "klass"),
        ("order = 1", "order = ", "Invalid value"),
        ('[output]\nclass_type = "Save"', 'output = "Save"', "TypeError"),
    ],
)
def test_an_unreadable_manifest_is_a_problem(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    assert old in MANIFEST
    manifest = MANIFEST.replace(old, new, 1)
    loaded = load(tmp_path, manifest)
    assert isinstance(loaded, list)
    [problem] = loaded
    assert problem.code == "workflow_unreadable"
    assert reason in problem.details["reason"]
    assert {key: problem.details[key] for key in WHERE} == WHERE


def test_bindings_that_are_no_table_are_a_problem(tmp_path: Path) -> None:
    loaded = load(tmp_path, MANIFEST.partition("[bind")[0].replace("order", "bind = 3\norder"))
    assert isinstance(loaded, list)
    assert "AttributeError" in loaded[0].details["reason"]


def test_a_graph_in_the_front_ends_own_format_is_a_problem(tmp_path: Path) -> None:
    loaded = load(tmp_path, graph={"nodes": [], "links": [], "version": 0.4})
    assert loaded == [Problem("graph_not_api", {**WHERE, "node": "nodes"})]


def test_a_manifest_without_its_graph_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(MANIFEST, encoding="utf-8")
    loaded = load_variant(tmp_path / "one.toml", "work", INPUTS)
    assert loaded == [Problem("graph_not_json", {**WHERE, "reason": "FileNotFoundError"})]

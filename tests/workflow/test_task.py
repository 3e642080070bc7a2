"""A folder of tasks is read; what is broken is left out and told; values are completed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from comfy.errors import InputError
from comfy.workflow.problem import Problem
from comfy.workflow.task import Input, Task, load_tasks

TASK = """
order = {order}
output = "image"
[inputs.image]
kind = "image"
[inputs.words]
kind = "text"
default = "clean"
max_length = 9
[inputs.size]
kind = "choice"
required = false
default = "auto"
choices = ["auto", "640x640"]
auto_from = "image"
"""
VARIANT = """
order = {order}
quality = "full"
[output]
class_type = "Save"
[bind.image]
node = {{ class_type = "{source}" }}
input = "image"
"""
GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "Save", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


@dataclass(frozen=True)
class Link:
    """As in another layer: a value that this one knows nothing about."""

    job: str


def write(folder: Path, name: str, order: int, **variants: str) -> Path:
    """A task folder; each variant's text is the class it looks for."""
    task = folder / name
    task.mkdir()
    (task / "task.toml").write_text(TASK.format(order=order), encoding="utf-8")
    for number, (variant, source) in enumerate(variants.items()):
        text = VARIANT.format(order=9 - number, source=source)
        (task / f"{variant}.toml").write_text(text, encoding="utf-8")
        (task / f"{variant}.json").write_text(json.dumps(GRAPH), encoding="utf-8")
    return task


@pytest.fixture
def task(tmp_path: Path) -> Task:
    write(tmp_path, "clean", 1, one="LoadImage")
    return load_tasks(tmp_path)["clean"]


def test_tasks_and_variants_come_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, "alpha", 2, slow="LoadImage", fast="LoadImage")
    write(tmp_path, "beta", 1)
    tasks = load_tasks(tmp_path)
    assert list(tasks) == ["beta", "alpha"]
    assert [variant.name for variant in tasks["alpha"].variants] == ["fast", "slow"]
    assert tasks["beta"].variants == () and tasks["beta"].broken == ()


TAKES = """
[inputs.film]
kind = "video"
required = false
instead_of = "image"
[inputs.voice]
kind = "audio"
required = false
"""


def test_a_job_needs_a_variant_that_takes_just_what_it_gives(tmp_path: Path) -> None:
    folder = write(tmp_path, "clean", 1, one="LoadImage", two="LoadImage")
    manifest = (folder / "task.toml").read_text(encoding="utf-8") + TAKES
    (folder / "task.toml").write_text(manifest, encoding="utf-8")
    two = (folder / "two.toml").read_text(encoding="utf-8").replace("bind.image", "bind.film")
    (folder / "two.toml").write_text(two, encoding="utf-8")
    task = load_tasks(tmp_path)["clean"]
    picture, film = task.accept({"image": "a.png"}), task.accept({"film": "b.mp4"})
    assert {v.name: v.takes for v in task.variants} == {"one": {"image"}, "two": {"film"}}
    assert (task.given(picture), task.given(film)) == ({"image"}, {"film"})
    assert "image" not in film
    for values, code, inputs in (
        ({"image": "a.png", "film": "b.mp4"}, "input_twice", ["image", "film"]),
        ({"image": "a.png", "voice": "c.wav"}, "inputs_unfit", ["voice"]),
        ({}, "input_missing", None),
    ):
        with pytest.raises(InputError) as caught:
            task.accept(values)
        assert (caught.value.code, caught.value.details.get("inputs")) == (code, inputs)
    assert task.unfit(picture).details == {"inputs": ["image"]}


def test_a_broken_variant_leaves_the_others_alone(tmp_path: Path) -> None:
    write(tmp_path, "clean", 1, good="LoadImage", bad="LoadVideo")
    task = load_tasks(tmp_path)["clean"]
    assert [variant.name for variant in task.variants] == ["good"]
    details = {"task": "clean", "variant": "bad", "task_input": "image"}
    selector = {"selector": "class_type LoadVideo"}
    assert task.broken == (Problem("node_not_found", {**details, **selector}),)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('output = "image"', 'output = "smell"', "output must be one of image, audio, video"),
        ('output = "image"', "", "KeyError: 'output'"),
        ('kind = "image"', 'kind = "smell"', "unknown kind smell"),
        ('auto_from = "image"', 'auto_from = "words"', "auto_from names no image input"),
        ('auto_from = "image"', 'instead_of = "film"', "instead_of names no input"),
        ('kind = "image"', 'kind = "mask"', "over names no image input"),
        ("[inputs.image]", "[inputs.image", "Expected ']'"),
        ("max_length = 9", "max_length = 9\nchoices = 3", "TypeError"),
    ],
)
def test_a_broken_task_has_no_variants_and_comes_last(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    write(tmp_path, "fine", 5)
    manifest = write(tmp_path, "broken", 1, one="LoadImage") / "task.toml"
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new, 1), encoding="utf-8")
    tasks = load_tasks(tmp_path)
    assert list(tasks) == ["fine", "broken"]
    [problem] = tasks["broken"].broken
    assert tasks["broken"].variants == () and tasks["broken"].inputs == ()
    assert problem.code == "workflow_unreadable" and problem.details["task"] == "broken"
    assert reason in problem.details["reason"]


def test_a_folder_without_tasks_has_none(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert load_tasks(tmp_path) == {} == load_tasks(tmp_path / "nowhere")


def test_values_are_checked_and_completed(task: Task) -> None:
    completed = {"image": Path("a.png"), "words": "clean", "size": "auto"}
    assert task.accept({"image": Path("a.png")}) == completed


def test_a_link_to_another_job_passes_as_it_is(task: Task) -> None:
    assert task.accept({"image": Link("7")})["image"] == Link("7")
    assert task.given({"image": Link("7")}) == {"image"}
    assert task.given({"image": ""}) == set()  # as an older version stored what was not given


def test_an_unknown_name_is_refused(task: Task) -> None:
    with pytest.raises(InputError) as caught:
        task.accept({"image": Path("a.png"), "wrods": "x"})
    assert (caught.value.code, caught.value.details) == ("input_unknown", {"input": "wrods"})


def test_a_missing_file_is_refused(task: Task) -> None:
    with pytest.raises(InputError) as caught:
        task.accept({"words": "x"})
    assert (caught.value.code, caught.value.details) == ("input_missing", {"input": "image"})


def test_an_input_is_found_by_name(task: Task) -> None:
    assert task.input("image") == Input("image", "image")

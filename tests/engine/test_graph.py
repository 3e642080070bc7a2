"""Checking a prompt: links, conversion, blame."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from comfy.engine.folders import Folders
from comfy.engine.graph import Report, check_prompt
from comfy.engine.node import Input, Node, Result
from comfy.engine.nodes import load_nodes

NODES = load_nodes() | {
    "Any": Node("Any", "Any", "test", {"value": Input("*")}, ("*",), lambda run, value: Result())
}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders.under(tmp_path)
    folders.prepare()
    return folders


def empty(**changes: Any) -> dict[str, Any]:
    inputs = {"width": 8, "height": 8, "batch_size": 1, "color": 0}
    return {"class_type": "EmptyImage", "inputs": inputs | changes}


def invert(image: Any) -> dict[str, Any]:
    return {"class_type": "ImageInvert", "inputs": {"image": image}}


def preview(images: Any) -> dict[str, Any]:
    return {"class_type": "PreviewImage", "inputs": {"images": images}}


def blamed(report: Report) -> dict[str, list[str]]:
    """Tell which node is blamed for which types of problems."""
    return {
        node_id: [problem["type"] for problem in entry["errors"]]
        for node_id, entry in report.node_errors.items()
    }


def test_a_good_prompt_names_its_outputs(folders: Folders) -> None:
    prompt = {"1": empty(), "2": invert(["1", 0]), "3": preview(["2", 0]), "4": preview(["1", 0])}
    assert check_prompt(prompt, NODES, folders) == Report(outputs=("3", "4"))
    assert check_prompt(prompt, NODES, folders, ["4"]) == Report(outputs=("4",))


def test_values_are_converted_and_stored(folders: Folders) -> None:
    prompt = {"1": empty(width="4", height=4.7, batch_size=True), "2": preview(["1", 0])}
    check_prompt(prompt, NODES, folders)
    assert prompt["1"]["inputs"] == {"width": 4, "height": 4, "batch_size": 1, "color": 0}


def test_inputs_that_a_class_does_not_have_are_ignored(folders: Folders) -> None:
    prompt = {"1": empty(audioUI="", other=["99", 0]), "2": preview(["1", 0])}
    assert check_prompt(prompt, NODES, folders) == Report(outputs=("2",))


def test_only_what_leads_to_an_output_is_checked(folders: Folders) -> None:
    prompt = {"1": empty(), "2": preview(["1", 0]), "3": empty(width=0), "4": invert(["99", 0])}
    assert check_prompt(prompt, NODES, folders).error is None


def test_only_the_culprit_is_blamed(folders: Folders) -> None:
    prompt = {"1": empty(width=0, height="x"), "2": invert(["1", 0]), "3": preview(["2", 0])}
    report = check_prompt(prompt, NODES, folders)
    assert blamed(report) == {"1": ["value_smaller_than_min", "invalid_input_type"]}
    assert report.node_errors["1"]["dependent_outputs"] == ["3"]
    assert report.error is not None
    assert report.error["type"] == "prompt_outputs_failed_validation"


@pytest.mark.parametrize(
    ("link", "types"),
    [
        (["99", 0], ["exception_during_inner_validation"]),
        (["1", 5], ["exception_during_inner_validation"]),
        ([1, 0], ["exception_during_inner_validation"]),
        (["1"], ["bad_linked_input"]),
        (["1", 0, 0], ["bad_linked_input"]),
    ],
)
def test_an_odd_link_is_blamed_on_the_node_that_has_it(
    folders: Folders, link: list[Any], types: list[str]
) -> None:
    prompt = {"1": empty(), "2": invert(link), "3": preview(["2", 0])}
    assert blamed(check_prompt(prompt, NODES, folders)) == {"2": types}


def test_an_odd_link_of_an_output_is_blamed_on_the_output(folders: Folders) -> None:
    report = check_prompt({"3": preview(["99", 0])}, NODES, folders)
    assert blamed(report) == {"3": ["exception_during_validation"]}


def test_the_error_repeats_what_is_wrong_with_the_outputs_themselves(folders: Folders) -> None:
    prompt = {"1": empty(width=0), "2": preview(["1", 0]), "3": preview([]), "4": preview(["9", 0])}
    report = check_prompt(prompt, NODES, folders)
    assert report.error is not None
    assert report.error["details"].splitlines() == [
        "Bad linked input, must be a length-2 list of [node_id, slot_index]: images",
        "Exception when validating node: '9'",
    ]
    # Quirk of the server: a failed output is listed with every fault found up to it.
    dependents = {node_id: e["dependent_outputs"] for node_id, e in report.node_errors.items()}
    assert dependents == {"1": ["2", "3", "4"], "3": ["3", "4"], "4": ["4"]}


def test_a_cycle_is_refused_without_a_culprit(folders: Folders) -> None:
    prompt = {"1": invert(["2", 0]), "2": invert(["1", 0]), "3": preview(["1", 0])}
    report = check_prompt(prompt, NODES, folders)
    assert (report.outputs, report.node_errors) == ((), {})
    assert report.error is not None


def test_a_node_without_inputs_is_blamed(folders: Folders) -> None:
    prompt = {"1": {"class_type": "EmptyImage"}, "2": preview(["1", 0])}
    report = check_prompt(prompt, NODES, folders)
    assert report.node_errors["1"]["errors"][0]["details"] == "'inputs'"


def test_any_type_takes_and_gives_every_type(folders: Folders) -> None:
    prompt = {
        "1": empty(),
        "2": {"class_type": "Any", "inputs": {"value": ["1", 0]}},
        "3": preview(["2", 0]),
    }
    assert check_prompt(prompt, NODES, folders).outputs == ("3",)


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.png", "", ".", "x\0.png", "no.png"])
def test_a_file_outside_the_folders_is_never_accepted(folders: Folders, name: str) -> None:
    (folders.input.parent / "secret.png").write_bytes(b"secret")
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": preview(["1", 0])}
    report = check_prompt(prompt, NODES, folders)
    assert blamed(report) == {"1": ["custom_validation_failed"]}
    [problem] = report.node_errors["1"]["errors"]
    assert problem["details"] == f"image - Invalid image file: {name}"


@pytest.mark.parametrize(
    "name", ["a.png", "a.png [input]", "sub/b.png [output]", "sub/b.png[output]", "c.png [temp]"]
)
def test_annotated_names_are_found(folders: Folders, name: str) -> None:
    (folders.input / "a.png").touch()
    (folders.output / "sub").mkdir()
    (folders.output / "sub" / "b.png").touch()
    (folders.temp / "c.png").touch()
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": preview(["1", 0])}
    assert check_prompt(prompt, NODES, folders).outputs == ("2",)


def test_a_long_list_of_choices_is_not_repeated(folders: Folders) -> None:
    choices = [f"model{n}" for n in range(21)]
    loader = Node(
        "Loader", "", "", {"name": Input("COMBO", options={"options": choices})}, ("IMAGE",), run
    )
    prompt = {"1": {"class_type": "Loader", "inputs": {"name": "x"}}, "2": preview(["1", 0])}
    report = check_prompt(prompt, NODES | {"Loader": loader}, folders)
    [problem] = report.node_errors["1"]["errors"]
    assert problem["details"] == "name: 'x' not in (list of length 21)"
    assert problem["extra_info"]["input_config"] is None


def run(*_: object) -> Result:
    return Result()


def test_checking_twice_gives_the_same_answer(folders: Folders) -> None:
    prompt = {"1": empty(width="9"), "2": invert(["1", 0]), "3": preview(["2", 0])}
    first = check_prompt(prompt, NODES, folders)
    again = copy.deepcopy(prompt)
    assert check_prompt(again, NODES, folders) == first
    assert again == prompt

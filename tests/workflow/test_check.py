"""A prompt is judged by a server's /object_info before it is sent."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.check import problems, resolve_models
from comfy.workflow.problem import Problem

INFO: ObjectInfo = {
    "LoadImage": {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
        "output_node": False,
    },
    "Loader": {
        "input": {
            "required": {
                "name": [["Qwen\\Edit.safetensors", "old/x.gguf", "x.gguf"], {}],
                "dtype": [["default", "fp8"]],
            },
            "optional": {"clip": ["COMBO", {"options": ["te.safetensors"]}]},
        },
        "output": ["MODEL"],
        "output_node": False,
    },
    "Sampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "image": ["IMAGE", {}],
                "steps": ["INT", {"default": 4, "min": 1, "max": 10}],
                "cfg": ["FLOAT", {"min": 0.0}],
                "method": ["COMBO", {"options": ["euler", "heun"]}],
            },
            "optional": {"note": ["STRING", {}], "remote": ["COMBO", {"remote": {}}]},
        },
        "output": ["IMAGE"],
        "output_node": False,
    },
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
}
PROMPT: Nodes = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "not there yet.png"}},
    "2": {"class_type": "Loader", "inputs": {"name": "x.gguf", "dtype": "fp8"}},
    "3": {
        "class_type": "Sampler",
        "inputs": {
            "model": ["2", 0],
            "image": ["1", 0],
            "steps": 4,
            "cfg": 1.0,
            "method": "euler",
            "note": "words",
            "remote": "anything",
            "newer": True,
        },
    },
    "4": {"class_type": "Save", "inputs": {"images": ["3", 0]}},
}
SAMPLER = {"node": "3", "class_type": "Sampler"}


def changed(node: str, **inputs: Any) -> Nodes:
    nodes = copy.deepcopy(PROMPT)
    nodes[node]["inputs"] |= inputs
    return nodes


def without(node: str, name: str) -> Nodes:
    nodes = copy.deepcopy(PROMPT)
    del nodes[node]["inputs"][name]
    return nodes


def test_a_prompt_the_server_can_run_has_no_problems() -> None:
    assert problems(PROMPT, INFO) == []


def test_all_missing_classes_are_named_with_what_looks_like_them() -> None:
    nodes = copy.deepcopy(PROMPT)
    nodes["3"]["class_type"] = "Samplers"
    nodes["5"] = {"class_type": "Zzz", "inputs": {}}
    details = {"nodes": ["Samplers", "Zzz"], "nearest": {"Samplers": ["Sampler"]}}
    assert problems(nodes, INFO) == [Problem("node_missing", details)]


def test_all_missing_models_are_named_with_what_looks_like_them() -> None:
    nodes = changed("2", name="Qwen_Edit.safetensors", clip="other.safetensors")
    nodes["5"] = copy.deepcopy(nodes["2"])
    nearest = {"Qwen_Edit.safetensors": ["Qwen\\Edit.safetensors"]}
    models = ["Qwen_Edit.safetensors", "other.safetensors"]
    assert problems(nodes, INFO) == [
        Problem("model_missing", {"models": models, "nearest": nearest})
    ]


def test_a_model_that_will_be_bound_is_not_judged() -> None:
    nodes = changed("2", name="later.safetensors")
    assert problems(nodes, INFO, bound={("2", "name")}) == []


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        (
            changed("3", steps=11),
            Problem(
                "node_value_out_of_range",
                {**SAMPLER, "input": "steps", "value": 11, "min": 1, "max": 10},
            ),
        ),
        (
            changed("3", cfg=-0.1),
            Problem(
                "node_value_out_of_range",
                {**SAMPLER, "input": "cfg", "value": -0.1, "min": 0.0, "max": None},
            ),
        ),
        (
            changed("3", steps="many"),
            Problem(
                "node_value_out_of_range",
                {**SAMPLER, "input": "steps", "value": "many", "min": 1, "max": 10},
            ),
        ),
        (
            changed("3", method="magic"),
            Problem("node_choice_unknown", {**SAMPLER, "input": "method", "value": "magic"}),
        ),
        (
            changed("2", dtype="fp4"),
            Problem(
                "node_choice_unknown",
                {"node": "2", "class_type": "Loader", "input": "dtype", "value": "fp4"},
            ),
        ),
        (without("3", "steps"), Problem("node_input_missing", {**SAMPLER, "input": "steps"})),
        (without("3", "model"), Problem("node_input_missing", {**SAMPLER, "input": "model"})),
        (
            changed("3", model=["9", 0]),
            Problem("node_link_broken", {**SAMPLER, "input": "model"}),
        ),
        (
            changed("3", image=["1", 2]),
            Problem("node_link_broken", {**SAMPLER, "input": "image"}),
        ),
    ],
)
def test_every_planted_fault_is_found(nodes: Nodes, problem: Problem) -> None:
    assert problems(nodes, INFO) == [problem]


def test_a_place_that_gets_its_value_later_is_not_judged() -> None:
    assert problems(changed("3", steps=11), INFO, bound={("3", "steps")}) == []


def test_an_optional_input_may_be_left_out() -> None:
    assert problems(without("3", "note"), INFO) == []


def test_a_prompt_that_writes_nothing_is_a_problem() -> None:
    nodes = copy.deepcopy(PROMPT)
    del nodes["4"]
    assert problems(nodes, INFO) == [Problem("output_node_missing")]


@pytest.mark.parametrize(
    ("spec", "inputs"),
    [
        (["COMFY_AUTOGROW_V3", {}], {}),
        (["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "a"}]}], {"images": "a"}),
        (["SOMETHING"], {"images.image_1": ["1", 0]}),
    ],
)
def test_inputs_that_grow_are_left_to_the_server(spec: list[Any], inputs: dict[str, Any]) -> None:
    info = copy.deepcopy(INFO)
    info["Save"]["input"]["required"] = {"images": spec}
    nodes = copy.deepcopy(PROMPT)
    nodes["4"]["inputs"] = inputs
    assert problems(nodes, info) == []


def test_a_sparse_description_is_no_reason_to_refuse() -> None:
    info: ObjectInfo = {"A": {"output_node": True}, "B": {"input": {"required": {"x": []}}}}
    nodes: Nodes = {
        "1": {"class_type": "A", "inputs": {"y": ["2", 5]}},
        "2": {"class_type": "B", "inputs": {"x": 1}},
    }
    assert problems(nodes, info) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("x.gguf", "x.gguf"),
        ("OLD\\X.GGUF", "old/x.gguf"),
        ("elsewhere/X.gguf", "x.gguf"),
        ("edit.safetensors", "Qwen\\Edit.safetensors"),
        ("b.safetensors", "Qwen\\Edit.safetensors"),
        ("nowhere.safetensors", "nowhere.safetensors"),
        ("not a model", "not a model"),
    ],
)
def test_model_files_are_found_in_any_folder_and_spelling(wanted: str, found: str) -> None:
    alternatives = {"b.safetensors": ["c.safetensors", "EDIT.safetensors", "x.gguf"]}
    nodes = changed("2", name=wanted)
    resolved = resolve_models(nodes, INFO, alternatives)
    assert resolved == changed("2", name=found)
    assert nodes == changed("2", name=wanted)


def test_uploaded_files_and_links_are_not_looked_up() -> None:
    info = copy.deepcopy(INFO)
    info["LoadImage"]["input"]["required"]["image"] = [["sub/a.bin"], {"image_upload": True}]
    nodes = changed("1", image="a.bin") | {"5": {"class_type": "Unknown", "inputs": {"m": "a.bin"}}}
    nodes["2"]["inputs"]["name"] = ["3", 0]
    assert resolve_models(nodes, info) == nodes

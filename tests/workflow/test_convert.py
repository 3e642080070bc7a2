"""UI format to API format, compared with what the real front end (1.35.9) makes of the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comfy.workflow.convert import is_ui_format, to_api
from comfy.workflow.problem import Problem
from tests.workflow.front_end import CASES, DIGESTS, OBJECT_INFO, digest, normalised, templates

CASE = json.loads(CASES.read_text(encoding="utf-8"))
DIGEST = json.loads(DIGESTS.read_text(encoding="utf-8"))
TEMPLATES = templates()
# Where we differ on purpose: node and input -> ours.
OURS: dict[str, dict[tuple[str, str], Any]] = {
    # a list from before "control after generate": read as it was meant
    "old_list": {
        ("4", "steps"): 20,
        ("4", "cfg"): 7.5,
        ("4", "sampler_name"): "euler",
        ("4", "scheduler"): "normal",
    },
    # a PrimitiveNode behind a Reroute: its value is what the canvas shows
    "reroute_primitive": {("4", "steps"): 33},
    # an object that lacks values: defaults, where the page sends null
    "vhs_object_short": {("2", "loop_count"): 0, ("2", "pingpong"): False},
    # a bypassed node passes what is of its output's type, whatever the next node takes:
    # 1.35.9 goes by the next node and puts an IMAGE where a LATENT was (here into an "any")
    "bypass_into_any": {("4", "source"): None},
    "bypass_join": {("4", "mask"): ["1", 0]},
}
# The front end raises here (a subgraph that passes its input straight through).
REFUSED = {"subgraph_passes_through": {("1", "image"): "a.png", ("4", "images"): ["1", 0]}}


def converted(name: str) -> dict[str, Any]:
    return normalised(to_api(CASE[name]["workflow"], OBJECT_INFO).nodes)


@pytest.mark.parametrize("name", [name for name in CASE if name not in REFUSED])
def test_a_case_comes_out_as_from_the_front_end(name: str) -> None:
    expected = CASE[name]["front_end"]
    for (node_id, key), value in OURS.get(name, {}).items():
        inputs = expected[node_id]["inputs"]
        assert inputs.get(key) != value, "no difference any more"
        inputs.pop(key, None)
        inputs |= {} if value is None else {key: value}
    assert converted(name) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_front_end_refuses_is_read_as_it_is_drawn(name: str) -> None:
    nodes = converted(name)
    assert {key: nodes[key[0]]["inputs"][key[1]] for key in REFUSED[name]} == REFUSED[name]


def test_the_stored_references_are_of_the_templates_that_are_installed() -> None:
    assert list(TEMPLATES) == list(DIGEST)


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_official_template_comes_out_as_from_the_front_end(name: str) -> None:
    assert digest(normalised(to_api(TEMPLATES[name], OBJECT_INFO).nodes)) == DIGEST[name]


def test_nearly_all_official_templates_convert_without_a_remark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remarks = {name: to_api(data, OBJECT_INFO).remarks for name, data in TEMPLATES.items()}
    said = {name: found for name, found in remarks.items() if found}
    share = 1 - len(said) / len(TEMPLATES)
    with capsys.disabled():
        print(f"\n{len(TEMPLATES)} official templates, {share:.1%} convert without a remark")
    assert share >= 0.95
    # True: this template's subgraph has an output that nothing inside leads to.
    lost = Problem("ui_input_lost", {"node": "75", "class_type": "SaveVideo", "input": "video"})
    assert said == {"video_ltx2_i2v_lora": (lost,)}


def test_titles_are_the_canvas_s_own_or_the_class_s() -> None:
    nodes = to_api(CASE["plain"]["workflow"], OBJECT_INFO).nodes
    assert nodes["4"]["_meta"] == {"title": "the sampler"}
    assert nodes["3"]["_meta"] == {"title": "Empty Latent Image"}


def test_ui_format_is_told_from_api_format() -> None:
    workflow = CASE["plain"]["workflow"]
    assert is_ui_format(workflow)
    assert not is_ui_format(to_api(workflow, OBJECT_INFO).nodes)
    assert not is_ui_format([workflow])

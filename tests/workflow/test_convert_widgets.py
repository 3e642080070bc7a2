"""Which value of a canvas belongs to which input of a class."""

from __future__ import annotations

from typing import Any

import pytest

from comfy.workflow.convert import to_api
from comfy.workflow.problem import Problem
from tests.workflow.canvas import INFO, Json, canvas, node

OLD = Problem("ui_values_old", {"node": "1", "class_type": "Seeded"})


def read(description: Any, *, order: Any = None, slots: Any = (), **more: Any) -> Json:
    """The inputs of one node of a class that is described so."""
    sections = {"input": description, "input_order": order}
    whole = canvas([node(1, "It", *slots, **more)], [])
    found: Json = to_api(whole, {"It": sections}).nodes["1"]["inputs"]
    return found


@pytest.mark.parametrize(
    ("values", "expected", "old"),
    [
        ([5, "fixed", "hello"], {"seed": 5, "text": "hello"}, False),
        ([5, None, "hello"], {"seed": 5, "text": "hello"}, False),
        ([5, "hello"], {"seed": 5, "text": "hello"}, True),
        ([5, "fixed"], {"seed": 5, "text": ""}, False),
        ([5], {"seed": 5, "text": ""}, False),
        ([5, True, "hello"], {"seed": 5, "text": "hello"}, False),
        ([5, ["odd"], "hello"], {"seed": 5, "text": "hello"}, False),
    ],
)
def test_a_seed_s_control_is_skipped_where_there_is_one(
    values: list[Any], expected: Json, old: bool
) -> None:
    converted = to_api(canvas([node(1, "Seeded", widgets_values=values)], []), INFO)
    assert converted.nodes["1"]["inputs"] == expected
    assert converted.remarks == ((OLD,) if old else ())


def test_a_class_says_which_of_its_numbers_are_controlled() -> None:
    described = {
        "seed": ["INT", {"control_after_generate": False}],
        "value": ["INT", {"control_after_generate": True}],
        "last": ["STRING", {}],
    }
    values = [1, 2, "randomize", "end"]
    expected = {"seed": 1, "value": 2, "last": "end"}
    assert read({"required": described}, widgets_values=values) == expected


def test_required_inputs_come_first_each_in_the_order_of_the_class() -> None:
    described = {
        "required": {"b": ["STRING"], "a": ["STRING"], "lost": ["STRING"]},
        "optional": {"c": ["STRING"]},
    }
    order = {"required": ["a", "b", "unknown", 5]}
    expected = {"a": "1", "b": "2", "c": "3"}
    assert read(described, order=order, widgets_values=["1", "2", "3"]) == expected


def test_inputs_that_are_only_plugged_in_take_no_value() -> None:
    described = {
        "model": ["MODEL", {}],
        "text": ["STRING", {"forceInput": True}],
        "marked": ["CUSTOM", {"forceInput": True}],
        "size": ["INT", {}],
    }
    slots = [("marked", "CUSTOM", None, "widget")]
    assert read({"required": described}, slots=slots, widgets_values=[64]) == {"size": 64}


def test_an_input_of_several_types_has_the_widget_that_it_names() -> None:
    described = {"size": ["INT,FLOAT", {"widgetType": "FLOAT"}], "any": ["INT,FLOAT", {}]}
    assert read({"required": described}, widgets_values=[1.5]) == {"size": 1.5}


def test_values_by_name_win_where_both_agree() -> None:
    described = {"required": {"new": ["INT", {"default": 8}], "text": ["STRING", {}]}}
    named = {"text": "hi"}
    expected = {"new": 8, "text": "hi"}
    assert read(described, widgets_values=["hi"], widgets_values_named=named) == expected
    assert read(described, widgets_values=dict(named)) == expected
    assert read(described, widgets_values=None, widgets_values_named=named) == expected
    stale = {"text": "before somebody edited the list"}
    assert read(described, widgets_values=[3, "hi"], widgets_values_named=stale) == {
        "new": 3,
        "text": "hi",
    }


DYNAMIC = {
    "options": [
        {"key": "fixed", "inputs": {"required": {"width": ["INT", {}], "model": ["MODEL", {}]}}},
        {
            "key": "nested",
            "inputs": {
                "optional": {
                    "how": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "a", "inputs": {
                        "required": {"x": ["STRING", {}]}}}, "odd"]}]
                }
            },
        },
        {"key": "empty"},
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["fixed", 64, "end"], {"mode": "fixed", "mode.width": 64, "last": "end"}),
        (
            ["nested", "a", "x", "end"],
            {"mode": "nested", "mode.how": "a", "mode.how.x": "x", "last": "end"},
        ),
        (["empty", "end"], {"mode": "empty", "last": "end"}),
        (["unknown", "end"], {"mode": "unknown", "last": "end"}),
    ],
)
def test_a_choice_brings_its_own_inputs(values: list[Any], expected: Json) -> None:
    described = {"mode": ["COMFY_DYNAMICCOMBO_V3", DYNAMIC], "last": ["STRING", {}]}
    assert read({"required": described}, widgets_values=values) == expected


def test_choices_that_bring_choices_without_end_are_cut() -> None:
    described: list[Any] = ["COMFY_DYNAMICCOMBO_V3", {"options": []}]
    option = {"key": "a", "inputs": {"required": {"m": described}}}
    described[1]["options"].append(option)
    found = read({"required": {"m": described}}, widgets_values=["a"] * 20)
    assert list(found)[-1] == "m.m.m.m.m.m.m.m.m"


def test_a_video_format_brings_its_own_inputs() -> None:
    formats = {"mp4": [["crf", "INT", {"default": 19}], [], "odd", [5]], "gif": {"dim": [8]}}
    described = {"required": {"format": [["mp4", "gif"], {"formats": formats}]}}
    assert read(described, widgets_values={"format": "mp4", "videopreview": {}}) == {
        "format": "mp4",
        "crf": 19,
    }
    assert read(described, widgets_values={"format": "gif"}) == {"format": "gif"}
    assert read(described, widgets_values={"format": 5}) == {"format": 5}


@pytest.mark.parametrize(
    "described", [None, [], {"required": []}, {"required": {"a": "INT"}}, {"required": {"a": [5]}}]
)
def test_a_description_that_is_odd_gives_no_widgets(described: Any) -> None:
    assert read(described, widgets_values=[1]) == {}

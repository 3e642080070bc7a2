"""Conversion rules that the front end cannot be asked for: named wires, odd classes, remarks."""

from __future__ import annotations

from typing import Any

import pytest

from comfy.workflow.convert import to_api
from comfy.workflow.problem import Problem
from tests.workflow.canvas import INFO, NUMBER, Json, canvas, node, subgraph

NUMBER_7 = node(1, "Number", out=["INT"], widgets_values=[7])


def inputs(workflow: Json, node_id: str, info: Json = INFO) -> Json:
    found: Json = to_api(workflow, info).nodes[node_id]["inputs"]
    return found


def remarks(workflow: Json, info: Json = INFO) -> list[Problem]:
    return list(to_api(workflow, info).remarks)


def about(code: str, node_id: str, class_type: str, **details: object) -> Problem:
    return Problem(code, {"node": node_id, "class_type": class_type, **details})


def one(description: Json, **more: Any) -> tuple[Json, Json]:
    """A canvas of one node of a class of this description, and the /object_info for it."""
    return canvas([node(1, "It", **more)], []), {"It": {"input": {"required": description}}}


def test_named_wires_of_kjnodes_and_easy_use_are_followed() -> None:
    for setter, getter in (("SetNode", "GetNode"), ("easy setNode", "easy getNode")):
        nodes = [
            NUMBER_7,
            node(2, setter, ("INT", "INT", 1), out=["*"], widgets_values=["n"]),
            node(3, getter, out=["INT"], widgets_values=["n"]),
            node(4, "Sink", ("any", "*", 2)),
            node(5, "Sink", ("any", "*", 3)),
        ]
        links = [[1, 1, 0, 2, 0, "*"], [2, 3, 0, 4, 0, "*"], [3, 2, 0, 5, 0, "*"]]
        nodes_out = to_api(canvas(nodes, links), INFO).nodes
        assert set(nodes_out) == {"1", "4", "5"}
        assert nodes_out["4"]["inputs"] == {"any": ["1", 0], "note": ""}
        assert nodes_out["5"]["inputs"] == {"any": ["1", 0], "note": ""}


def test_a_named_wire_reaches_into_subgraphs() -> None:
    getters = [node(i, "GetNode", widgets_values=["n"]) for i in (9, 7)]
    sinks = [node(8, "Sink", ("any", "*", 1)), node(6, "Sink", ("any", "*", 2))]
    inner = subgraph("S", getters + sinks, [[1, 9, 0, 8, 0, "*"], [2, 7, 0, 6, 0, "*"]])
    setter = node(2, "SetNode", ("INT", "INT", 1), widgets_values=["n"])
    whole = canvas([NUMBER_7, setter, node(3, "S")], [[1, 1, 0, 2, 0, "*"]], inner)
    assert inputs(whole, "3:8")["any"] == ["1", 0]
    assert inputs(whole, "3:6")["any"] == ["1", 0]


@pytest.mark.parametrize("values", [["other"], [], [5]])
def test_a_named_wire_without_its_setter_is_lost(values: list[Any]) -> None:
    nodes = [node(3, "GetNode", widgets_values=values), node(4, "Sink", ("any", "*", 2))]
    assert remarks(canvas(nodes, [[2, 3, 0, 4, 0, "*"]])) == [
        about("ui_input_lost", "4", "Sink", input="any")
    ]


def test_reroutes_in_a_circle_and_links_to_nowhere_are_named() -> None:
    nodes = [
        node(2, "Reroute", ("", "*", 3)),
        node(3, "Reroute", ("", "*", 2)),
        node(4, "Sink", ("any", "*", 4)),
        node(5, "Sink", ("any", "*", 99)),
        node(6, "Sink", ("any", "*", 5)),
        node(7, "Sink", ("any", "*", 6)),
        node(8, "Sink", ("any", "*", 7)),
    ]
    links = [[2, 2, 0, 3, 0], [3, 3, 0, 2, 0], [4, 3, 0, 4, 0], [5, 77, 0, 6, 0], [6, -10, 0, 7, 0]]
    links.append([7, 7, -1, 8, 0])
    expected = []
    codes = {"4": "circle", "5": "broken", "6": "broken", "7": "broken", "8": "broken"}
    for node_id, code in codes.items():
        expected += [about(f"ui_link_{code}", node_id, "Sink", input="any")]
        expected += [about("ui_input_lost", node_id, "Sink", input="any")]
    assert remarks(canvas(nodes, links)) == expected


def test_nothing_plugged_into_a_reroute_or_a_primitive_is_no_value() -> None:
    nodes = [
        node(2, "Reroute"),
        node(3, "PrimitiveNode"),
        node(4, "Number", ("value", "INT", 1, "widget")),
        node(5, "Number", ("value", "INT", 2, "widget")),
    ]
    whole = canvas(nodes, [[1, 2, 0, 4, 0], [2, 3, 0, 5, 0]])
    assert (inputs(whole, "4"), inputs(whole, "5")) == ({"value": 1}, {"value": 1})
    assert remarks(whole) == []


def test_a_primitive_s_value_goes_into_widgets_only() -> None:
    nodes = [
        node(2, "PrimitiveNode", widgets_values=[5, "fixed"]),
        node(3, "Sink", ("any", "*", 1)),
        node(4, "Unheard", ("size", "INT", 2, "widget"), widgets_values=[9]),
    ]
    whole = canvas(nodes, [[1, 2, 0, 3, 0], [2, 2, 0, 4, 0]])
    assert inputs(whole, "3") == {"note": ""}
    assert inputs(whole, "4") == {"size": 5}


def test_an_unknown_class_is_converted_by_the_names_that_the_file_has() -> None:
    strange = node(4, "Unheard", ("x", "IMAGE", None), ("size", "INT", None, "widget"))
    whole = canvas([{**strange, "widgets_values": [9]}], [])
    converted = to_api(whole, INFO)
    assert converted.nodes["4"] == {
        "inputs": {"size": 9},
        "class_type": "Unheard",
        "_meta": {"title": "Unheard"},
    }
    assert converted.remarks == (about("ui_node_unknown", "4", "Unheard"),)


def test_a_text_that_looks_like_a_link_stays_text_and_a_list_is_wrapped() -> None:
    description = {"a": ["STRING", {}], "b": ["CUSTOM", {}], "c": ["FLOAT", {}]}
    marked = [{"name": "b", "type": "CUSTOM", "widget": {"name": "b"}}]
    whole, info = one(description, widgets_values=['["3", 0]', ["3", 0], "7"])
    whole["nodes"][0]["inputs"] = marked
    assert inputs(whole, "1", info) == {"a": '["3", 0]', "b": {"__value__": ["3", 0]}, "c": "7"}
    assert remarks(whole, info) == []


def test_a_value_that_no_prompt_can_carry_is_left_out_and_named() -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep, {"k": deep}] if len(str(deep)) < 200 else [deep]
    for value in (float("nan"), float("inf"), 10**400, -(10**30), deep):
        whole, info = one({"a": ["FLOAT", {}]}, widgets_values=[value])
        assert inputs(whole, "1", info) == {}
        assert remarks(whole, info) == [about("ui_value_unusable", "1", "It", input="a")]


def test_a_value_of_the_wrong_kind_stays_and_is_named() -> None:
    description = {
        "i": ["INT", {}],
        "b": ["BOOLEAN", {}],
        "s": ["STRING", {}],
        "c": [["one", "two"], {}],
        "e": [[], {}],
    }
    whole, info = one(description, widgets_values=["many", 1, None, 7, "any"])
    assert inputs(whole, "1", info) == {"i": "many", "b": 1, "s": None, "c": 7, "e": "any"}
    assert remarks(whole, info) == [
        about("ui_value_unfit", "1", "It", input=name) for name in ("i", "b", "s", "c")
    ]


def test_a_link_hides_a_value_of_the_wrong_kind() -> None:
    number = node(2, "Number", ("value", "INT", 1, "widget"), widgets_values=["many"])
    assert remarks(canvas([NUMBER_7, number], [[1, 1, 0, 2, 0]])) == []


def test_defaults_are_those_of_a_new_node() -> None:
    description = {
        "i": ["INT", {}],
        "d": ["INT", {"default": 3}],
        "f": ["FLOAT"],
        "b": ["BOOLEAN", {}],
        "s": ["STRING", {}],
        "c": [["one", "two"], {}],
        "o": ["COMBO", {"options": ["three"]}],
        "e": [[], {}],
        "x": ["COLOR", {}],
    }
    whole, info = one(description)
    zeros = {"i": 0, "d": 3, "f": 0, "b": False, "s": "", "c": "one", "o": "three"}
    assert inputs(whole, "1", info) == zeros


def test_what_the_page_makes_itself_is_named() -> None:
    whole, info = one({"image": ["WEBCAM", {}], "width": ["INT", {}]}, widgets_values=["", 64])
    assert inputs(whole, "1", info) == {"width": 64}
    assert remarks(whole, info) == [about("ui_browser_only", "1", "It", input="image")]


def test_settings_that_only_a_pack_s_page_can_name_are_named() -> None:
    whole, info = one({"text": ["STRING", {}]}, widgets_values=["hi", {}, {"on": True}, None])
    assert remarks(whole, info) == [about("ui_values_left", "1", "It")]
    whole, info = one({"text": ["STRING", {}]}, widgets_values=["hi", "image", 3, None])
    assert remarks(whole, info) == []


@pytest.mark.parametrize("text", ["a {cat|dog}", "see http://x", "a /* b */ c"])
def test_a_text_that_the_page_would_change_is_sent_as_it_is_and_named(text: str) -> None:
    whole, info = one({"text": ["STRING", {"dynamicPrompts": True}]}, widgets_values=[text])
    assert inputs(whole, "1", info) == {"text": text}
    assert remarks(whole, info) == [about("ui_text_kept", "1", "It", input="text")]
    plain, info = one({"text": ["STRING", {"dynamicPrompts": True}]}, widgets_values=[r"\{a\} b"])
    assert remarks(plain, info) == []


def test_a_title_that_is_no_text_does_not_count() -> None:
    number = {**NUMBER, "display_name": 5}
    whole = canvas([node(1, "Number", title=["x"])], [])
    assert to_api(whole, {"Number": number}).nodes["1"]["_meta"] == {"title": "Number"}

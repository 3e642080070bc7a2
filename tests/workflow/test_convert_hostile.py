"""Broken and hostile files: a sentence, or the rest of the file; never another exception."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfy.errors import WorkflowError
from comfy.workflow.convert import to_api
from comfy.workflow.problem import Problem
from comfy.workflow.prompt import is_link
from tests.workflow.canvas import INFO, NUMBER, Json, canvas, node, subgraph

INT_7 = node(1, "Number", out=["INT"], widgets_values=[7])


def code_of(data: object) -> str:
    with pytest.raises(WorkflowError) as caught:
        to_api(data, INFO)
    return caught.value.code


@pytest.mark.parametrize("data", [None, 5, "x", [], {}, {"nodes": {}}, {"3": {"class_type": "X"}}])
def test_what_is_no_canvas_is_refused(data: Any) -> None:
    assert code_of(data) == "ui_unreadable"


def test_files_that_are_too_large_are_refused_at_once() -> None:
    started = time.monotonic()
    assert code_of({"nodes": [{}] * 1_000_000}) == "ui_too_large"
    assert code_of({"nodes": [], "definitions": {"subgraphs": [{}] * 6_000}}) == "ui_too_large"
    inner = subgraph("S", [node(i, "Number") for i in range(100)], [])
    assert code_of(canvas([node(i, "S") for i in range(51)], [], inner)) == "ui_too_large"
    assert time.monotonic() - started < 5


def test_subgraphs_that_double_at_every_level_are_refused() -> None:
    levels = [subgraph(f"S{i}", [node(j, f"S{i + 1}") for j in (1, 2)], []) for i in range(18)]
    assert code_of(canvas([node(1, "S0")], [], *levels, subgraph("S18", [], []))) == "ui_too_large"


def test_a_subgraph_in_itself_is_left_out_and_named() -> None:
    inner = subgraph("S", [node(1, "S", ("a", "INT", 1)), node(2, "Sink", ("any", "*", 2))], [
        [1, 1, 0, 1, 0, "INT"], [2, 1, 0, 2, 0, "INT"], [3, 1, 0, -20, 0, "INT"],
    ], outputs=["a"])  # fmt: skip
    whole = canvas([node(1, "S"), node(2, "Sink", ("any", "*", 1))], [[1, 1, 0, 2, 0]], inner)
    converted = to_api(whole, INFO)
    assert converted.nodes["2"]["inputs"] == {"note": ""}
    assert converted.remarks[0] == Problem("ui_subgraph_endless", {"node": ":".join(["1"] * 21)})


def test_nodes_without_id_or_type_and_ids_that_come_twice_are_named() -> None:
    odd: list[Any] = [{"type": "Number"}, {"id": 5}, 5, {"id": True, "type": "Number"}]
    twice = [node(1, "Sink"), {"id": 10**400, "type": "Number"}]
    converted = to_api(canvas([INT_7, *odd, *twice], []), INFO)
    assert converted.nodes == {
        "1": {"inputs": {"value": 7}, "class_type": "Number", "_meta": {"title": "A number"}}
    }
    unread = [Problem("ui_node_unreadable", {"node": i}) for i in ("", "5", "", "")]
    twice_said = Problem("ui_id_duplicate", {"node": "1"})
    last = Problem("ui_node_unreadable", {"node": ""})
    assert converted.remarks == (*unread, twice_said, last)


def test_a_node_named_like_one_inside_a_subgraph_is_named() -> None:
    inner = subgraph("S", [INT_7], [])
    converted = to_api(canvas([node("5:1", "Sink"), node(5, "S")], [], inner), INFO)
    assert converted.nodes["5:1"]["class_type"] == "Sink"
    assert converted.remarks == (Problem("ui_id_duplicate", {"node": "5:1"}),)


def test_ids_may_be_text_and_odd_links_are_passed_over() -> None:
    nodes = [node("a b", "Number", out=["INT"]), node("2", "Sink", ("any", "*", "L"), mode="x")]
    links = [["L", "a b", 0, "2", 0, "*"], [1, 2], "odd", {"id": None}, None]
    converted = to_api(canvas(nodes, links), INFO)
    assert converted.nodes["2"]["inputs"] == {"any": ["a b", 0], "note": ""}


def test_a_promoted_widget_is_read_through_two_levels() -> None:
    number = [node(1, "Number", ("value", "INT", 1, "widget"), out=["INT"], widgets_values=[3])]
    inner = subgraph("I", number, [[1, -10, 0, 1, 0], [2, 1, 0, -20, 0]], inputs="v", outputs="o")
    middle = [node(5, "I", ("v", "INT", 1, "widget")), node(6, "Sink", ("any", "*", 3))]
    links = [[1, -10, 0, 5, 0], [2, 5, 0, -20, 0], [3, -10, 1, 6, 0]]
    outer = subgraph("O", middle, links, inputs="vw", outputs="o")
    for values, expected in (([], 3), ([8], 8), ([8, 9], 8)):
        whole = canvas([node(9, "O", widgets_values=values)], [], inner, outer)
        nodes = to_api(whole, INFO).nodes
        assert nodes["9:5:1"]["inputs"] == {"value": expected}
        assert nodes["9:6"]["inputs"] == {"note": ""}


def test_inputs_that_a_subgraph_does_not_have_bring_nothing() -> None:
    number = node(1, "Number", ("value", "INT", 1, "widget"), widgets_values=[3])
    inner = subgraph("I", [number], [[1, -10, 4, 1, 0]], inputs="v")
    middle = subgraph("M", [node(2, "I", ("gone", "INT", 1))], [[1, -10, 0, 2, 0]], inputs="w")
    proxies = {"proxyWidgets": [["-1", "w"], ["2", "x"], ["2"], 5]}
    host = node(3, "M", widgets_values=[9, 8], properties=proxies)
    converted = to_api(canvas([host], [], inner, middle), INFO)
    assert converted.nodes["3:2:1"]["inputs"] == {"value": 3}


def test_a_widget_without_a_known_value_brings_nothing() -> None:
    empty: Json = {"input": {"required": {"pick": [[], {}]}}}
    inner = subgraph("I", [node(1, "Empty", ("pick", "COMBO", 1))], [[1, -10, 0, 1, 0]], inputs="p")
    converted = to_api(canvas([node(2, "I")], [], inner), {"Empty": empty})
    assert converted.nodes["2:1"]["inputs"] == {}


def test_a_long_chain_of_reroutes_is_followed_once() -> None:
    count = 2_400
    chain = [node(i, "Reroute", ("", "*", i)) for i in range(2, count)]
    sinks = [node(count + i, "Sink", ("any", "*", count)) for i in range(count)]
    links = [[i, i - 1, 0, i, 0] for i in range(2, count + 1)]
    started = time.monotonic()
    nodes = to_api(canvas([INT_7, *chain, *sinks], links), INFO).nodes
    assert time.monotonic() - started < 5
    assert nodes[str(2 * count - 1)]["inputs"]["any"] == ["1", 0]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
IDS = st.integers(-20, 4) | st.sampled_from(["1", "S", "T", "-10", ""]) | SCALARS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(
    ["Number", "Sink", "Seeded", "S", "T", "Reroute", "PrimitiveNode", "GetNode", "SetNode", "Who"]
)
SLOTS = st.fixed_dictionaries(
    {"name": st.sampled_from(["any", "value", "seed", "v"]) | VALUES, "link": IDS},
    optional={"type": st.sampled_from(["*", "INT"]) | VALUES, "widget": st.just({"name": "v"})},
)
NODES = st.fixed_dictionaries(
    {"id": IDS, "type": TYPES},
    optional={
        "mode": st.sampled_from([0, 2, 4]) | VALUES,
        "inputs": st.lists(SLOTS | VALUES, max_size=3) | VALUES,
        "outputs": st.lists(SLOTS, max_size=2) | VALUES,
        "widgets_values": VALUES,
        "widgets_values_named": VALUES,
        "properties": st.fixed_dictionaries({"proxyWidgets": VALUES}) | VALUES,
    },
)
LINKS = st.lists(
    st.tuples(IDS, IDS, st.integers(-2, 3), IDS, st.integers(-2, 3)).map(list) | VALUES, max_size=8
)
GRAPHS = {"nodes": st.lists(NODES | VALUES, max_size=6), "links": LINKS | VALUES}
EDGES = {"inputs": st.lists(SLOTS, max_size=3) | VALUES, "outputs": VALUES}
SUBGRAPHS = st.fixed_dictionaries({"id": st.sampled_from(["S", "T"]), **GRAPHS, **EDGES})
FILES = st.fixed_dictionaries(
    GRAPHS,
    optional={
        "definitions": st.fixed_dictionaries({"subgraphs": st.lists(SUBGRAPHS, max_size=2)})
        | VALUES
    },
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(FILES)
def test_any_file_gives_a_prompt_whose_links_lead_to_its_nodes(data: Json) -> None:
    try:
        converted = to_api(data, INFO)
    except WorkflowError as error:
        assert error.code == "ui_too_large"
        return
    json.dumps(converted.nodes, allow_nan=False)
    for found in converted.nodes.values():
        for value in found["inputs"].values():
            assert not is_link(value) or value[0] in converted.nodes


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES)
def test_any_description_of_a_class_is_survived(described: Any, values: Any) -> None:
    whole = canvas([node(1, "It", widgets_values=values)], [])
    infos = (described, {"input": described}, {"input": {"required": described}}, NUMBER)
    for info in infos:
        assert list(to_api(whole, {"It": info}).nodes) == ["1"]

"""A graph is searched, patched and pruned; nothing from outside can change its shape."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from comfy.errors import InputError, WorkflowError
from comfy.workflow.prompt import Prompt, Selector, is_link


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}


GRAPH = {
    "1": node("LoadImage", image="a.png"),
    "2": node("Encode", "Wanted", prompt="yes", image=["1", 0]),
    "3": node("Encode", "Not wanted", prompt="no", image=["1", 0]),
    "4": node("Reference", conditioning=["2", 0]),
    "5": node("Sampler", positive=["4", 0], negative=["3", 0], seed=0),
    "6": node("Save", images=["5", 0], filename_prefix="x"),
    "7": node("Preview", images=["1", 0]),
}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (Selector(class_type="Sampler"), "5"),
        (Selector(title="Not wanted"), "3"),
        (Selector(id="2"), "2"),
        (Selector(class_type="Encode", feeds="Sampler.negative"), "3"),
        (Selector(class_type="Encode", feeds="positive"), "2"),  # through the Reference node
        (Selector(feeds="Sampler.positive"), "4"),  # the direct one, not those behind it
        (Selector(class_type="LoadImage", feeds="Preview.images"), "1"),
    ],
)
def test_a_selector_finds_its_node(selector: Selector, found: str) -> None:
    assert Prompt(GRAPH).find(selector) == found


@pytest.mark.parametrize(
    "selector",
    [
        Selector(class_type="Nobody"),
        Selector(class_type="Encode", feeds="Sampler.latent"),
        Selector(class_type="Save", feeds="Sampler.positive"),
        Selector(class_type="Sampler", id="2"),
    ],
)
def test_a_selector_without_a_node_says_what_was_looked_for(selector: Selector) -> None:
    with pytest.raises(WorkflowError) as caught:
        Prompt(GRAPH).find(selector)
    assert caught.value.code == "node_not_found"
    assert caught.value.details == {"selector": str(selector)}


def test_twins_are_ambiguous_and_named() -> None:
    with pytest.raises(WorkflowError) as caught:
        Prompt(GRAPH).find(Selector(class_type="Encode"))
    assert caught.value.code == "node_ambiguous"
    assert caught.value.details == {"selector": "class_type Encode", "nodes": ["2", "3"]}


def test_a_literal_replaces_a_link_and_what_fed_it_falls_away() -> None:
    prompt = Prompt(GRAPH)
    prompt.patch("5", "positive", "plain words")
    prompt.keep_only("6")
    assert sorted(prompt.nodes) == ["1", "3", "5", "6"]
    assert prompt.nodes["5"]["inputs"]["positive"] == "plain words"


def test_the_graph_that_was_given_stays_as_it_was() -> None:
    before = copy.deepcopy(GRAPH)
    prompt = Prompt(GRAPH)
    prompt.patch("5", "seed", 7)
    prompt.keep_only("6")
    assert before == GRAPH


def test_upstream_ends_in_a_circle() -> None:
    circle = {"1": node("A", x=["2", 0]), "2": node("B", x=["1", 0])}
    assert Prompt(circle).upstream("1") == {"1", "2"}


def test_an_input_must_exist_unless_it_is_new() -> None:
    prompt = Prompt(GRAPH)
    with pytest.raises(WorkflowError) as caught:
        prompt.patch("5", "cfg", 1.0)
    assert caught.value.code == "input_not_found"
    assert caught.value.details == {"node": "5", "input": "cfg"}
    prompt.patch("5", "cfg", 1.0, new=True)
    assert prompt.nodes["5"]["inputs"]["cfg"] == 1.0


@pytest.mark.parametrize(
    "value", [["1", 0], {"a": 1}, None, ("1", 0), b"x", math.nan, math.inf, -math.inf]
)
def test_only_plain_values_can_be_put_in(value: object) -> None:
    prompt = Prompt(GRAPH)
    with pytest.raises(InputError) as caught:
        prompt.patch("5", "seed", value)
    assert (caught.value.code, caught.value.details) == ("value_unusable", {"input": "seed"})
    assert prompt.nodes == GRAPH


@pytest.mark.parametrize("text", ['["1", 0]', "5", "", '{"class_type": "Save"}'])
def test_text_that_looks_like_a_graph_stays_text(text: str) -> None:
    prompt = Prompt(GRAPH)
    prompt.patch("2", "prompt", text)
    assert prompt.nodes["2"]["inputs"]["prompt"] == text
    assert prompt.upstream("6") == {"1", "2", "3", "4", "5", "6"}


def test_a_link_is_a_node_id_and_a_slot() -> None:
    assert is_link(["1", 0])
    assert not is_link([1, 0]) and not is_link(["1"]) and not is_link("1") and not is_link(("1", 0))

"""Whatever a file holds, it is a graph or a sentence: never an exception of another kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy.errors import WorkflowError
from comfy.protocol import Nodes
from comfy.workflow.discover import Found, discover
from comfy.workflow.formats import lost, read_graph
from comfy.workflow.problem import Problem
from comfy.workflow.prompt import is_link
from comfy.workflow.read import MOST_NODES, checked_nodes, read_file, read_nodes
from comfy.workflow.task import load_tasks, read_signatures
from tests.workflow import foreign
from tests.workflow.foreign import node

WORKFLOWS = Path(__file__).parents[2] / "workflows"
TASKS = load_tasks(WORKFLOWS)
SIGNATURES = read_signatures(WORKFLOWS)


def refusal(text: str) -> tuple[str, dict[str, Any]]:
    with pytest.raises(WorkflowError) as caught:
        read_nodes(text)
    return caught.value.code, caught.value.details


def test_an_api_file_is_read() -> None:
    nodes = {"1": {**node("A", x=1.5), "_meta": {"title": "One"}}, "2": node("B", y=["1", 0])}
    assert read_nodes(json.dumps(nodes)) == nodes


def test_what_no_server_reads_is_left_out() -> None:
    given_nodes = {"1": {**node("A"), "_meta": ["?"], "is_changed": 1}}
    assert read_nodes(json.dumps(given_nodes)) == {"1": node("A")}


@pytest.mark.parametrize(
    ("text", "code", "details"),
    [
        ("[]", "graph_not_workflow", {}),
        ("{}", "graph_not_workflow", {}),
        ('"text"', "graph_not_workflow", {}),
        ('{"nodes": [], "links": []}', "graph_not_api", {"node": "nodes"}),
        ('{"1": {"class_type": "A"}}', "graph_not_api", {"node": "1"}),
        ('{"1": {"inputs": {}}}', "graph_not_api", {"node": "1"}),
        ('{"1": {"class_type": 3, "inputs": {}}}', "graph_not_api", {"node": "1"}),
        (
            '{"1": {"class_type": "A", "inputs": {}}, "1": {"class_type": "B", "inputs": {}}}',
            "graph_node_twice",
            {"node": "1"},
        ),
    ],
)
def test_what_is_no_graph_is_refused_with_the_reason(
    text: str, code: str, details: dict[str, Any]
) -> None:
    assert refusal(text) == (code, details)


@pytest.mark.parametrize(
    "text", ["{", "", "\ufeff{}", "[" * 100_000, '{"1": NaN}', '{"1": 1e999}', '{"1": -Infinity}']
)
def test_what_is_no_json_is_refused(text: str) -> None:
    assert refusal(text)[0] == "graph_not_json"


@pytest.mark.parametrize("slot", [-1, 1.5, "0", None, True, [0]])
def test_a_link_needs_an_output(slot: object) -> None:
    nodes = {"1": node("A"), "2": node("B", x=["1", slot])}
    details = {"node": "2", "input": "x", "target": "1"}
    assert refusal(json.dumps(nodes)) == ("graph_link_nowhere", details)


def test_a_circle_is_named() -> None:
    nodes = {"0": node("A"), "1": node("B", x=["2", 0], y=["0", 0]), "2": node("C", x=["1", 0])}
    nodes["3"] = node("D", a=["0", 0], b=["0", 1])
    assert refusal(json.dumps(nodes)) == ("graph_circle", {"nodes": ["1", "2"]})


def test_too_many_nodes_are_refused_at_once() -> None:
    many = {str(number): 0 for number in range(MOST_NODES + 1)}
    with pytest.raises(WorkflowError, match="graph_too_large"):
        checked_nodes(many)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"\xff": 1}')
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(21_000_000)
    found = {}
    for name in ("latin", "huge", "gone"):
        with pytest.raises(WorkflowError) as caught:
            read_file(tmp_path / f"{name}.json")
        found[name] = (caught.value.code, caught.value.details)
    assert found == {
        "latin": ("graph_not_json", {"reason": "UnicodeDecodeError"}),
        "huge": ("graph_too_large", {"limit": "20 MB"}),
        "gone": ("graph_not_json", {"reason": "FileNotFoundError"}),
    }


def test_text_that_looks_like_a_link_stays_text() -> None:
    nodes = {"1": node("A", x='["1", 0]', y=["1"], z=["1", 0, 0], n="7")}
    assert read_nodes(json.dumps(nodes)) == nodes


def ui_file(folder: Path, class_type: str) -> Path:
    """A canvas: LoadImage into a node of this class, into SaveImage."""

    def on_canvas(number: int, kind: str, values: list[object], link: int, out: int) -> Any:
        slots = [{"name": "images" if kind == "SaveImage" else "image", "type": "IMAGE"}]
        inputs = [{**slots[0], "link": link}] if link else []
        outputs = [{"name": "IMAGE", "type": "IMAGE", "links": [out]}] if out else []
        return {
            "id": number,
            "type": kind,
            "mode": 0,
            "inputs": inputs,
            "outputs": outputs,
            "widgets_values": values,
        }

    nodes = [
        on_canvas(1, "LoadImage", ["theirs.png", "image"], 0, 1),
        on_canvas(2, class_type, ["lanczos", 1.0, 16], 1, 2),
        on_canvas(3, "SaveImage", ["ComfyUI"], 2, 0),
    ]
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]]
    path = folder / "canvas.json"
    path.write_text(json.dumps({"nodes": nodes, "links": links, "version": 0.4}), "utf-8")
    return path


def test_the_front_end_s_own_format_is_read_with_what_is_known_of_classes(tmp_path: Path) -> None:
    nodes, remarks = read_graph(ui_file(tmp_path, "ImageScaleToTotalPixels"), SIGNATURES)
    assert remarks == ()
    assert [n["class_type"] for n in nodes.values()] == [
        "LoadImage",
        "ImageScaleToTotalPixels",
        "SaveImage",
    ]
    assert nodes["2"]["inputs"]["megapixels"] == 1.0


def test_a_class_that_nobody_knows_is_named(tmp_path: Path) -> None:
    nodes, remarks = read_graph(ui_file(tmp_path, "Their Scaler"), SIGNATURES)
    assert lost(remarks, nodes) == [Problem("graph_ui_format", {"nodes": ["Their Scaler"]})]
    assert lost(remarks, {}) == []


names = st.sampled_from(["1", "2", "../../x", 'a"b', "节点", "o"])
classes = st.sampled_from(
    ["LoadImage", "LoadAudio", "VHS_LoadVideo", "KSampler", "SimpleMath+", "IndexTTS2Run", "X"]
)
keys = st.sampled_from(
    ["image", "audio", "video", "images", "positive", "negative", "text", "prompt", "seed", "a"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)
inputs = st.dictionaries(keys, st.one_of(values, st.tuples(names, st.integers(0, 2))), max_size=5)
graphs = st.dictionaries(
    names, st.fixed_dictionaries({"class_type": classes, "inputs": inputs}), max_size=6
)
savers = st.sampled_from(["SaveImage", "SaveAudioMP3", "VHS_VideoCombine"])


@settings(max_examples=150, deadline=None)
@given(graph=graphs, saver=savers, source=names, extra=inputs)
def test_any_graph_is_found_fit_or_told_why_not(
    graph: Nodes, saver: str, source: str, extra: dict[str, Any]
) -> None:
    graph["out"] = {"class_type": saver, "inputs": {**extra, "images": [source, 0]}}
    try:
        nodes = read_nodes(json.dumps(graph))
    except WorkflowError:
        return
    for task in TASKS.values():
        found = discover(nodes, task.output, task.inputs)
        assert isinstance(found, Found)
        for binding in found.bindings:
            assert binding.name in found.nodes[binding.node]["inputs"]


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=40) | st.builds(json.dumps, values))
def test_any_text_is_a_graph_or_a_sentence(text: str) -> None:
    try:
        nodes = read_nodes(text)
    except WorkflowError as error:
        assert error.code.startswith("graph_")
        return
    assert all(node["class_type"] for node in nodes.values())


@pytest.mark.parametrize("build", [foreign.picture_edit, foreign.voice, foreign.video_to_video])
def test_the_foreign_graphs_are_graphs(build: Any) -> None:
    nodes = read_nodes(json.dumps(build()))
    assert nodes == build()
    assert any(is_link(value) for n in nodes.values() for value in n["inputs"].values())

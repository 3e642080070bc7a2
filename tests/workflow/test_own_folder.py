"""An operator's folder: pairs, graphs without a manifest, files of any kind; faults are told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from comfy.protocol import Nodes
from comfy.workflow.difference import Change, difference
from comfy.workflow.discover import discover_form
from comfy.workflow.inputs import MAX_SEED, Input
from comfy.workflow.manifest import write_graph, write_manifest
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.task import Task, load_tasks, read_signatures
from comfy.workflow.trial import variant_problems
from comfy.workflow.variant import Variant, load_variant
from tests.workflow import foreign
from tests.workflow.foreign import node
from tests.workflow.test_read import ui_file

WORKFLOWS = Path(__file__).parents[2] / "workflows"
OURS = load_tasks(WORKFLOWS)


def put(folder: Path, **files: Nodes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, nodes in files.items():
        (folder / f"{name}.json").write_text(json.dumps(nodes), encoding="utf-8")
    return folder


def own(task: Task) -> list[str]:
    shipped = {variant.name for variant in OURS[task.name].variants}
    return [variant.name for variant in task.variants if variant.name not in shipped]


def test_loose_files_find_their_task_and_come_first(tmp_path: Path) -> None:
    put(
        tmp_path,
        edit=foreign.picture_edit(),
        voice=foreign.voice(),
        i2v=foreign.picture_to_video(),
        v2v=foreign.video_to_video(),
    )
    tasks = load_tasks(WORKFLOWS, tmp_path)
    assert {name: own(task) for name, task in tasks.items()} == {
        "image_cleanup": ["edit"],
        "voice_clone": ["voice"],
        "talking_head": ["i2v", "v2v", "v2v-video"],
    }
    assert [task.broken for task in tasks.values()] == [(), (), ()]
    assert [task.variants[0].name for task in tasks.values()] == ["edit", "voice", "i2v"]


def test_a_file_in_a_task_s_folder_needs_no_manifest(tmp_path: Path) -> None:
    put(tmp_path / "voice_clone", mine=foreign.voice())
    tasks = load_tasks(WORKFLOWS, tmp_path)
    assert own(tasks["voice_clone"]) == ["mine"]
    assert tasks["voice_clone"].variants[0].remarks == (
        Remark("side_outputs_dropped", {"nodes": ["PreviewAudio"]}),
    )


def test_a_file_named_like_ours_takes_its_place(tmp_path: Path) -> None:
    put(tmp_path / "voice_clone", indextts2=foreign.voice())
    [first, *others] = load_tasks(WORKFLOWS, tmp_path)["voice_clone"].variants
    assert (first.name, first.order) == ("indextts2", 5)
    assert "indextts2" not in [variant.name for variant in others]


def test_what_is_broken_is_told_at_the_nearest_task(tmp_path: Path) -> None:
    silent = foreign.voice()
    del silent["9"]["inputs"]["text"]
    put(tmp_path, silent=silent)
    (tmp_path / "words.json").write_text("words", encoding="utf-8")
    tasks = load_tasks(WORKFLOWS, tmp_path)
    assert [own(task) for task in tasks.values()] == [[], [], []]
    where = {"task": "voice_clone", "variant": "silent"}
    assert tasks["voice_clone"].broken == (
        Problem("input_place_unknown", {**where, "input": "text"}),
    )
    [words] = tasks["image_cleanup"].broken
    assert (words.code, words.details["variant"]) == ("graph_not_json", "words")


@pytest.mark.parametrize(
    ("class_type", "broken"),
    [("Their Scaler", ["graph_ui_format"]), ("ImageScaleToTotalPixels", [])],
)
def test_a_canvas_with_an_unknown_class_is_told(
    tmp_path: Path, class_type: str, broken: list[str]
) -> None:
    shop = tmp_path / "shop"
    (shop / "scale").mkdir(parents=True)
    manifest = 'order = 1\noutput = "image"\n[inputs.image]\nkind = "image"\n'
    (shop / "scale" / "task.toml").write_text(manifest, encoding="utf-8")
    ui_file(put(tmp_path / "own"), class_type)
    [blind] = load_tasks(shop, tmp_path / "own").values()
    assert [p.code for p in blind.broken] == ["graph_ui_format", "input_place_unknown"]
    shutil.copy(WORKFLOWS / "known-nodes.json", shop)
    [task] = load_tasks(shop, tmp_path / "own").values()
    assert [p.code for p in task.broken] == broken
    assert len(task.variants) == 1 - len(broken)


def test_every_class_of_a_picture_s_mask_is_known_without_a_server() -> None:
    used = {
        node["class_type"]
        for variant in OURS["image_cleanup"].variants
        if "mask" in variant.takes and not variant.name.startswith("cpu-")
        for node in variant.nodes.values()
    }
    assert {"LoadImageMask", "SetLatentNoiseMask"} < used <= set(read_signatures(WORKFLOWS))


def test_a_folder_that_is_not_there_or_has_no_tasks_changes_nothing(tmp_path: Path) -> None:
    assert load_tasks(WORKFLOWS, tmp_path / "gone") == OURS
    assert load_tasks(tmp_path, put(tmp_path / "own", a=foreign.voice())) == {}
    assert read_signatures(tmp_path) == {}


def written(folder: Path, nodes: Nodes, task: Task) -> Variant:
    found = discover_form(nodes, task.output, task.inputs, {})
    (folder / "mine.json").write_text(write_graph(found), encoding="utf-8")
    (folder / "mine.toml").write_text(write_manifest(found), encoding="utf-8")
    loaded = load_variant(folder / "mine.toml", task.name, task.inputs)
    assert isinstance(loaded, Variant)
    return loaded


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (foreign.picture_edit, "image_cleanup"),
        (foreign.voice, "voice_clone"),
        (foreign.picture_to_video, "talking_head"),
        (foreign.video_to_video, "talking_head"),
    ],
)
def test_a_written_manifest_is_read_back_as_what_was_found(
    tmp_path: Path, build: object, name: str
) -> None:
    assert callable(build)
    task = OURS[name]
    put(tmp_path / "own" / name, mine=build())
    [found] = [
        v for v in load_tasks(WORKFLOWS, tmp_path / "own")[name].variants if v.name == "mine"
    ]
    back = written(tmp_path, build(), task)
    assert (back.nodes, back.output_node) == (found.nodes, found.output_node)
    assert set(map(repr, back.bindings)) == set(map(repr, found.bindings))
    assert (back.extra_pnginfo, back.order) == (found.extra_pnginfo, found.order)


def test_a_difference_is_told_by_inputs_models_nodes_and_values(tmp_path: Path) -> None:
    task = OURS["image_cleanup"]
    before = written(tmp_path, foreign.picture_edit(), task)
    nodes = foreign.picture_edit()
    nodes["a2"]["inputs"]["unet_name"] = "newer.gguf"
    nodes["a8"]["inputs"]["steps"] = 20
    nodes["a8"]["class_type"], nodes["a8"]["inputs"] = "KSampler", nodes["a8"]["inputs"]
    del nodes["a8"]["inputs"]["seed"]
    nodes["b1"] = node("CFGNorm", model=["a2", 0], strength=1.0)
    nodes["a8"]["inputs"]["model"] = ["b1", 0]
    now = written(tmp_path, nodes, task)
    assert difference(before, before) == []
    assert difference(before, now) == [
        Change("inputs", False, ("seed",)),
        Change("models", True, ("newer.gguf",)),
        Change("models", False, ("qwen\\edit.safetensors",)),
        Change("nodes", True, ("CFGNorm",)),
        Change("values", True, ("KSampler.steps = 20",)),
        Change("values", False, ("KSampler.steps = 4",)),
    ]


def test_values_at_the_ends_of_their_ranges_are_tried_before_anybody_sets_them() -> None:
    [variant] = [v for v in OURS["talking_head"].variants if v.name == "cpu-preview"]
    anything = {"input": {}, "output": ["*"] * 4, "output_node": True}
    info = {node["class_type"]: anything for node in variant.nodes.values()}
    assert variant_problems(variant, info) == []
    narrow = {"input": {"required": {"width": ["INT", {"min": 0, "max": 500}]}}}
    found = variant_problems(variant, info | {"CPUTalkingHead": anything | narrow})
    assert [(p.code, p.details["input"], p.details["value"]) for p in found] == [
        ("node_value_out_of_range", "width", value) for value in (640, 832, 528, 704)
    ]


def test_every_kind_of_value_is_tried(tmp_path: Path) -> None:
    inputs = (
        Input("image", "image"),
        Input("steps", "integer", min=1, max=9),
        Input("fast", "boolean"),
        Input("seed", "seed"),
        Input("words", "text", max_length=9),
        Input("mood", "choice", choices=("a", "b")),
    )
    names = [item.name for item in inputs]
    graph = {"1": node("All", filename_prefix="x", **dict.fromkeys(names, ""))}
    put(tmp_path, one=graph)
    rows = [f'[bind.{n}]\nnode = {{ id = "1" }}\ninput = "{n}"' for n in names]
    head = 'order = 1\nquality = "full"\n[output]\nid = "1"\n'
    (tmp_path / "one.toml").write_text(head + "\n".join(rows), encoding="utf-8")
    variant = load_variant(tmp_path / "one.toml", "t", inputs)
    assert isinstance(variant, Variant)
    fields = {"steps": ["INT", {"max": 8}], "seed": ["INT", {"max": 2**32}]}
    fields |= {"mood": [["a"]], "words": [["x"]], "fast": [[True]], "image": [["theirs"]]}
    info = {"All": {"input": {"required": fields}, "output": [], "output_node": True}}
    found = [(p.details["input"], p.details["value"]) for p in variant_problems(variant, info)]
    assert found == [("steps", 9), ("fast", False), ("seed", MAX_SEED), ("mood", "b")]

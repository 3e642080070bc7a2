"""The workflow files we ship: every one loads, fits real servers, and takes any value safely."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.check import fields, problems, resolve_models
from comfy.workflow.inputs import FILE_KINDS, MAX_SEED, Input
from comfy.workflow.task import Task, load_tasks
from comfy.workflow.variant import Variant

ROOT = Path(__file__).parents[2]
TASKS = load_tasks(ROOT / "workflows")
VARIANTS = [variant for task in TASKS.values() for variant in task.variants]
FULL = [variant for variant in VARIANTS if variant.quality == "full"]
SERVERS = ["comfyui-0.3.64", "comfyui-0.7.0", "comfyui-0.8.0"]
# Nodes that not all recordings have: from their published source, or from one server with them.
DOCUMENTED = {"qwen-image-21", "indextts25", "infinitetalk-native"}
# The owner's guide: where each result comes out, and where each file goes in.
GUIDE = {
    "image_cleanup": ("60", {("78", "image")}),
    "image_cleanup-mask": ("60", {("78", "image"), ("79", "image")}),
    "voice_clone": ("173", {("101", "audio")}),
    "talking_head": ("324", {("315", "image"), ("125", "audio")}),
    "indextts2-emotion-audio": ("173", {("101", "audio"), ("104", "audio")}),
    "indextts2-dialogue": ("173", {("101", "audio"), ("105", "audio")}),
    "infinitetalk-video": ("324", {("302", "video"), ("125", "audio")}),
    "cpu-preview-video": ("324", {("302", "file"), ("125", "audio")}),
    "infinitetalk-two": ("324", {("315", "image"), ("125", "audio"), ("126", "audio")}),
}
FILES = {
    "image": "studio/picture.png",
    "mask": "studio/mask.png",
    "audio": "studio/voice.wav",
    "video": "studio/person.mp4",
}


def name_of(variant: Variant) -> str:
    return f"{variant.task}/{variant.name}"


def recorded(server: str) -> ObjectInfo:
    path = ROOT / "tests" / "data" / "object_info" / f"{server}.json"
    info: ObjectInfo = json.loads(path.read_text(encoding="utf-8"))
    return info


def object_info(server: str, variant: Variant) -> ObjectInfo:
    """What the real server said, with the variant's models in some folder of its lists."""
    info = recorded(server)
    if "mask" in variant.takes:  # core nodes, older than all of these servers
        info = recorded("comfyui-0.8.0") | info
    if variant.name in DOCUMENTED or variant.name.endswith("-local"):
        info |= recorded("documented")
    for node in variant.nodes.values():
        for item in fields(info[node["class_type"]]):
            value = node["inputs"].get(item.name)
            if item.names_model(value) and isinstance(item.choices, list):
                item.choices.append(f"Some Folder\\{str(value).upper()}")
    return info


def choices_of(variant: Variant, name: str) -> list[str]:
    """The choices that a prompt is made with; the sender replaces "auto" where it must."""
    choices = TASKS[variant.task].input(name).choices
    return [c for c in choices if c != "auto" or variant.takes_auto(name)]


def values_for(variant: Variant, **given_values: Any) -> dict[str, Any]:
    task = TASKS[variant.task]
    used = [item for item in task.inputs if not item.picks or item.name in variant.takes]
    files = {item.name: FILES[item.kind] for item in used if item.kind in FILE_KINDS}
    texts = {item.name: "你好" for item in used if item.kind == "text"}
    shapes = {i.name: choices_of(variant, i.name)[0] for i in used if i.auto_from or i.choices}
    return task.accept({**files, **texts, **shapes, **given_values})


def inputs_of(variant: Variant, kind: str) -> list[Input]:
    return [item for item in TASKS[variant.task].inputs if item.kind == kind]


def test_every_task_loads_in_order_and_nothing_is_broken() -> None:
    assert list(TASKS) == ["image_cleanup", "voice_clone", "talking_head"]
    assert [task.broken for task in TASKS.values()] == [(), (), ()]
    assert [task.output for task in TASKS.values()] == ["image", "audio", "video"]
    assert [name_of(variant) for variant in VARIANTS] == [
        "image_cleanup/qwen-image-edit-2511",
        "image_cleanup/qwen-image-edit-2511-mask",
        "image_cleanup/qwen-image-edit-2509",
        "image_cleanup/qwen-image-edit-2509-mask",
        "image_cleanup/qwen-image-edit",
        "image_cleanup/qwen-image-edit-mask",
        "image_cleanup/qwen-image-21",
        "image_cleanup/qwen-image-edit-2511-slow",
        "image_cleanup/qwen-image-edit-2509-slow",
        "image_cleanup/qwen-image-edit-slow",
        "image_cleanup/cpu-preview",
        "image_cleanup/cpu-preview-mask",
        "voice_clone/indextts2",
        "voice_clone/indextts2-emotion-audio",
        "voice_clone/indextts2-emotion-text",
        "voice_clone/indextts2-dialogue",
        "voice_clone/indextts25",
        "voice_clone/cpu-preview",
        "talking_head/infinitetalk-local",
        "talking_head/infinitetalk",
        "talking_head/infinitetalk-native",
        "talking_head/infinitetalk-video-local",
        "talking_head/infinitetalk-video",
        "talking_head/infinitetalk-two-local",
        "talking_head/infinitetalk-two",
        "talking_head/cpu-preview",
        "talking_head/cpu-preview-video",
        "talking_head/cpu-preview-face",
    ]
    assert {name_of(v): list(v.unused) for v in VARIANTS if v.unused} == {
        "image_cleanup/cpu-preview": ["seed"],
        "image_cleanup/cpu-preview-mask": ["seed"],
        "talking_head/cpu-preview": ["prompt"],
        "talking_head/cpu-preview-video": ["prompt", "seed"],
        "talking_head/cpu-preview-face": ["prompt"],
        "voice_clone/indextts2-emotion-audio": ["emotion"],
        "voice_clone/indextts2-emotion-text": ["emotion", "emotion_strength"],
    }


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_each_task_can_be_done_without_extras_and_each_extra_by_some_variant(task: Task) -> None:
    taken = [variant.takes for variant in task.variants]
    assert {item.name for item in task.inputs if item.picks and item.required} in taken
    assert set().union(*taken) == {item.name for item in task.inputs if item.picks}


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_files_and_results_are_where_the_owners_guide_says(variant: Variant) -> None:
    bound = variant.prompt(values_for(variant), filename_prefix="studio/1")
    masked = f"{variant.task}-mask" if "mask" in variant.takes else variant.task
    output, files = GUIDE.get(variant.name.removesuffix("-local")) or GUIDE[masked]
    assert (bound.output_node, set(variant.files)) == (output, files)
    assert bound.nodes[output]["inputs"]["filename_prefix"] == "studio/1"
    for node, name in files:
        assert bound.nodes[node]["inputs"][name] in FILES.values()


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("variant", FULL, ids=name_of)
def test_a_real_server_has_nothing_against_the_prompts(variant: Variant, server: str) -> None:
    info = object_info(server, variant)
    bound = variant.prompt(values_for(variant), filename_prefix="studio/1")
    sent = resolve_models(bound.nodes, info, variant.alternatives)
    found = problems(sent, info, bound=variant.files)  # they are there by then
    if variant.name.startswith("qwen-image-edit-2511") and server == "comfyui-0.3.64":
        # its reference method came later
        assert {(p.code, p.details["value"]) for p in found} == {
            ("node_choice_unknown", "index_timestep_zero")
        }
        return
    assert found == []


@pytest.mark.parametrize("variant", FULL, ids=name_of)
def test_planted_faults_are_found(variant: Variant) -> None:
    info = object_info("comfyui-0.8.0", variant)
    nodes = resolve_models(variant.nodes, info, variant.alternatives)
    assert problems(nodes, info, bound=variant.places) == []

    poorer = {name: entry for name, entry in info.items() if name != "LoadImage"}
    poorer = {name: entry for name, entry in poorer.items() if name != "LoadAudio"}
    lacking = problems(nodes, poorer, bound=variant.places)
    assert [problem.code for problem in lacking] == ["node_missing"]

    unresolved = problems(with_models_renamed(variant), info, bound=variant.places)
    expected = [] if variant.task == "voice_clone" else ["model_missing"]
    assert [problem.code for problem in unresolved] == expected

    blind = copy.deepcopy(info)
    for entry in blind.values():
        entry["output_node"] = False
    silent = problems(nodes, blind, bound=variant.places)
    assert [problem.code for problem in silent] == ["output_node_missing"]


def with_models_renamed(variant: Variant) -> Nodes:
    renamed = json.dumps(variant.nodes).replace(".safetensors", "-gone.safetensors")
    nodes: Nodes = json.loads(renamed)
    return nodes


def test_the_owners_own_model_files_do_as_well() -> None:
    info = recorded("comfyui-0.8.0")
    found = [(v, resolve_models(v.nodes, info, v.alternatives)) for v in FULL]
    ready = {v.name for v, nodes in found if not problems(nodes, info, bound=v.places)}
    assert ready == {
        "qwen-image-edit",
        "qwen-image-edit-mask",
        "qwen-image-edit-slow",
        "indextts2",
        "indextts2-emotion-audio",
        "indextts2-emotion-text",
        "indextts2-dialogue",
        "infinitetalk",
        "infinitetalk-video",
    }


def test_only_the_preview_engine_finds_the_size_by_itself() -> None:
    variants = TASKS["talking_head"].variants
    own = {variant.name for variant in variants if variant.takes_auto("size")}
    assert own == {"cpu-preview", "cpu-preview-video", "cpu-preview-face"}
    assert variants[0].takes_auto("seed")


@pytest.mark.parametrize("variant", TASKS["talking_head"].variants, ids=name_of)
def test_a_size_is_width_by_height(variant: Variant) -> None:
    for size in choices_of(variant, "size"):
        nodes = variant.prompt(values_for(variant, size=size), filename_prefix="x").nodes
        width, height = (0, 0) if size == "auto" else map(int, size.split("x"))
        if variant.quality == "preview":
            sent = (nodes["128"]["inputs"]["width"], nodes["128"]["inputs"]["height"])
        else:
            sent = (nodes["305"]["inputs"]["value"], nodes["304"]["inputs"]["value"])
        assert sent == (width, height)


HEADS = [v for v in FULL if v.nodes[v.output_node]["class_type"] == "VHS_VideoCombine"]


@pytest.mark.parametrize("variant", HEADS, ids=name_of)
def test_picture_and_sound_have_one_frame_rate(variant: Variant) -> None:
    nodes = variant.nodes
    rates = {nodes["306"]["inputs"]["fps"], nodes["324"]["inputs"]["frame_rate"]}
    rates |= {nodes["302"]["inputs"]["force_rate"]} if "302" in nodes else set()
    assert rates == {25}
    assert nodes["301"]["inputs"]["num_frames"] == ["306", 2]


def test_marks_that_split_or_weigh_a_prompt_are_made_harmless() -> None:
    variant = TASKS["talking_head"].variants[0]
    values = values_for(variant, prompt="说话|微笑 [1] (大声:1.5)")
    nodes = variant.prompt(values, filename_prefix="x").nodes
    assert nodes["311"]["inputs"]["value"] == "说话 微笑 ［1］ （大声:1.5）"


def test_the_server_keeps_only_the_finished_video() -> None:
    wanted = {"VHS_MetadataImage": False, "VHS_KeepIntermediate": False}
    extras = {v.name: v.extra_pnginfo for v in VARIANTS if v.extra_pnginfo}
    sent = {"workflow": {"extra": wanted}}
    assert extras == dict.fromkeys([variant.name for variant in HEADS], sent)


anything = st.one_of(st.text(min_size=1), st.sampled_from(['["78", 0]', '{"a": 1}', "[1]|(b:2)"]))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), words=anything, seed=st.integers(0, MAX_SEED))
@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_values_change_their_declared_places_and_nothing_else(
    variant: Variant, data: st.DataObject, words: str, seed: int
) -> None:
    values: dict[str, Any] = {}
    for item in TASKS[variant.task].inputs:
        kinds = {"seed": seed, "text": words, **FILES}
        value = kinds.get(item.kind) if not item.picks or item.name in variant.takes else None
        choices = choices_of(variant, item.name)
        values[item.name] = data.draw(st.sampled_from(choices)) if choices else value
    bound = variant.prompt(values, filename_prefix=words)

    assert bound.nodes.keys() == variant.nodes.keys()
    for node_id, node in bound.nodes.items():
        template = variant.nodes[node_id]
        assert node.keys() == {"class_type", "inputs"}
        assert node["class_type"] == template["class_type"]
        assert node["inputs"].keys() == template["inputs"].keys()
        for name, value in node["inputs"].items():
            if (node_id, name) in variant.places:
                assert isinstance(value, str | int | float)
            else:
                assert value == template["inputs"][name]


@pytest.mark.parametrize(
    "name", ["qwen-image-edit-2511", "qwen-image-edit-2509", "qwen-image-edit"]
)
def test_without_the_lora_more_steps_do_the_work(name: str) -> None:
    by_name = {variant.name: variant for variant in VARIANTS}
    fast, slow = by_name[name], by_name[f"{name}-slow"]
    assert set(fast.nodes) - set(slow.nodes) == {"89"} and set(slow.nodes) <= set(fast.nodes)
    sampler = slow.nodes["3"]["inputs"]
    assert (fast.nodes["3"]["inputs"]["steps"], sampler["steps"]) == (4, 20)
    assert sampler["cfg"] == (2.5 if name == "qwen-image-edit" else 4.0)

"""Files with ids of their own get the right bindings by themselves, and are mended in words."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import WorkflowError
from comfy.protocol import Nodes
from comfy.workflow.discover import Found, discover, discover_form, discovered_variants
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.task import load_tasks
from comfy.workflow.variant import Variant
from tests.workflow import foreign
from tests.workflow.foreign import node

TASKS = load_tasks(Path(__file__).parents[2] / "workflows")


def found_in(nodes: Nodes, task: str, **told: list[tuple[str, str]]) -> Found:
    return discover_form(nodes, TASKS[task].output, TASKS[task].inputs, told)


def places(found: Found) -> dict[str, list[tuple[str, str]]]:
    bound: dict[str, list[tuple[str, str]]] = {}
    for binding in found.bindings:
        bound.setdefault(binding.input.name, []).append((binding.node, binding.name))
    return bound


def codes(found: Found) -> list[str]:
    return [remark.code for remark in found.remarks]


def test_a_picture_edit_is_found() -> None:
    found = found_in(foreign.picture_edit(), "image_cleanup")
    assert (found.output_node, found.problems) == ("a10", ())
    assert places(found) == {
        "image": [("a1", "image")],
        "instruction": [("a5", "prompt")],
        "seed": [("a8", "seed")],
    }
    assert found.remarks == (
        Remark("picture_may_shift", {"node": "a5"}),
        Remark("picture_not_scaled", {"node": "a1"}),
        Remark("models_in_folders", {"models": ["qwen\\edit.safetensors"]}),
    )


def test_a_voice_is_found_and_its_preview_dropped() -> None:
    found = found_in(foreign.voice(), "voice_clone")
    assert (found.output_node, found.problems) == ("11", ())
    assert places(found) == {
        "reference_audio": [("7", "audio")],
        "text": [("9", "text")],
        "emotion": [("9", "emo_vector")],
        "seed": [("9", "temperature")],
    }
    assert found.remarks == (Remark("side_outputs_dropped", {"nodes": ["PreviewAudio"]}),)


def test_emotions_are_the_shipped_variant_s() -> None:
    [ours] = [v for v in TASKS["voice_clone"].variants if v.name == "indextts2"]
    found = found_in(foreign.voice(), "voice_clone")
    tables = [
        {b.input.name: b.transform for b in bindings if b.input.name in ("emotion", "seed")}
        for bindings in (ours.bindings, found.bindings)
    ]
    assert tables[0] == tables[1]


def test_a_picture_to_video_is_found_and_mended() -> None:
    found = found_in(foreign.picture_to_video(), "talking_head")
    assert (found.output_node, found.problems) == ("o1", ())
    assert places(found) == {
        "image": [("i1", "image")],
        "audio": [("s1", "audio")],
        "prompt": [("p2", "positive_prompt")],
        "size": [("i2", "scale_to_length")],
        "seed": [("v1", "seed")],
    }
    [size] = [b.transform.map for b in found.bindings if b.input.name == "size"]
    assert size and size["480x832"] == size["832x480"] == 832
    assert found.nodes["s5"]["inputs"]["a"] == ["s4", 1]
    assert found.nodes["o1"]["inputs"]["save_metadata"] is False
    assert found.nodes["o1"]["inputs"]["trim_to_audio"] is True
    assert codes(found) == [
        "seconds_rounded",
        "workflow_was_in_the_result",
        "longer_than_the_sound",
        "side_outputs_dropped",
        "speech_cut_at",
        "needs_sageattention",
        "models_in_folders",
    ]


def test_a_picture_takes_the_place_of_a_driving_video() -> None:
    found = found_in(foreign.video_to_video(), "talking_head")
    assert found.problems == ()
    assert found.nodes["i4"]["inputs"]["image"] == ["i1", 0]
    assert found.nodes["o1"]["inputs"]["frame_rate"] == 25
    assert found.nodes["o1"]["inputs"]["save_output"] is True
    assert places(found)["image"] == [("i1", "image")]
    assert places(found)["size"] == [("i4", "width"), ("i4", "height")]
    assert found.remarks[:1] == (
        Remark("picture_in_place_of_video", {"node": "i1", "video": "i3"}),
    )
    assert Remark("frame_rates_differ", {"wanted": 25.0, "found": 24}) in found.remarks
    assert Remark("result_was_temporary") in found.remarks
    assert Remark("picture_not_connected", {"nodes": ["i2"]}) in found.remarks


def test_a_loader_is_added_where_a_video_file_has_no_picture_at_all() -> None:
    nodes = foreign.video_to_video()
    del nodes["i1"], nodes["i2"]
    found = found_in(nodes, "talking_head")
    assert (found.problems, places(found)["image"]) == ((), [("i3-picture", "image")])


def test_a_video_stays_where_its_sound_is_used_too_or_somebody_wants_it() -> None:
    nodes = foreign.video_to_video()
    told = found_in(nodes, "talking_head", video=[("i3", "video")])
    nodes["v3"]["inputs"]["count"] = ["i3", 1]
    for found in (told, found_in(nodes, "talking_head")):
        assert (found.problems, places(found)["video"]) == ((), [("i3", "video")])
        assert places(found)["size"][:2] == [("i3", "custom_width"), ("i4", "width")]
        assert "image" not in places(found)
        assert "picture_in_place_of_video" not in codes(found)


def test_a_file_that_makes_a_video_of_a_video_is_two_variants() -> None:
    head = TASKS["talking_head"]
    both = discovered_variants(
        foreign.video_to_video(), name="mine", task="head", output="video", inputs=head.inputs
    )
    assert [(v.name, v.takes) for v in both if isinstance(v, Variant)] == [
        ("mine", {"image", "audio"}),
        ("mine-video", {"video", "audio"}),
    ]


def test_two_forms_cannot_be_wanted_at_once() -> None:
    wanted = {"video": [("i3", "video")], "image": [("i1", "image")]}
    found = found_in(foreign.video_to_video(), "talking_head", **wanted)
    assert set(places(found)) >= {"video", "image"}


def test_the_given_graph_is_left_alone() -> None:
    nodes = foreign.video_to_video()
    before = copy.deepcopy(nodes)
    found_in(nodes, "talking_head")
    assert nodes == before


def test_a_file_without_a_saver_cannot_do_the_task() -> None:
    nodes = foreign.voice()
    nodes["11"] = node("PreviewAudio", audio=["9", 0])
    assert found_in(nodes, "voice_clone").problems == (Problem("saver_not_found"),)
    where = {"task": "voice_clone", "variant": "mine"}
    task = TASKS["voice_clone"]
    assert discovered_variants(
        nodes, name="mine", task=task.name, output=task.output, inputs=task.inputs
    ) == [[Problem("saver_not_found", where)]]


def test_of_several_savers_the_one_that_uses_most_files_is_taken() -> None:
    nodes = {"0": node("LoadImage", image="x")} | foreign.picture_edit()
    nodes["0"] = node("EmptyImage")
    nodes["00"] = node("SaveImage", images=["0", 0], filename_prefix="x")
    found = found_in(dict(sorted(nodes.items())), "image_cleanup")
    assert found.output_node == "a10"
    assert found.remarks[0] == Remark("one_of_several_outputs", {"node": "a10"})


def test_an_unknown_saver_is_known_by_its_inputs() -> None:
    nodes = foreign.picture_edit()
    nodes["a10"]["class_type"] = "Save It My Way"
    assert found_in(nodes, "image_cleanup").output_node == "a10"
    nodes["a10"]["inputs"] = {"images": "no link", "filename_prefix": "x"}
    assert found_in(nodes, "image_cleanup").output_node == ""


def test_two_pictures_are_a_question_that_can_be_answered() -> None:
    nodes = foreign.picture_edit()
    nodes["b1"] = node("LoadImage", image="second.png")
    nodes["b2"] = node("ImageStitch", left=["a1", 0], right=["b1", 0])
    nodes["a7"]["inputs"]["pixels"] = ["b2", 0]
    found = found_in(nodes, "image_cleanup")
    assert [(p.code, p.details) for p in found.problems] == [
        ("input_places_many", {"input": "image", "nodes": ["a1", "b1"]})
    ]
    one = found_in(nodes, "image_cleanup", image=[("a1", "image")])
    assert [p.code for p in one.problems] == ["file_without_input"]
    both = found_in(nodes, "image_cleanup", image=[("a1", "image"), ("b1", "image")])
    assert (both.problems, places(both)["image"]) == ((), [("a1", "image"), ("b1", "image")])


@pytest.mark.parametrize("place", [("zz", "image"), ("a1", "colour")])
def test_a_told_place_must_be_there(place: tuple[str, str]) -> None:
    with pytest.raises(WorkflowError) as caught:
        found_in(foreign.picture_edit(), "image_cleanup", image=[place])
    assert caught.value.details == {"node": place[0], "input": place[1]}


def test_a_second_picture_that_a_node_can_do_without_is_unplugged() -> None:
    nodes = foreign.picture_edit()
    nodes["a5"]["class_type"] = "TextEncodeQwenImageEditPlus"
    nodes["a5"]["inputs"]["image2"] = ["b1", 0]
    nodes["b1"] = node("LoadImage", image="second.png")
    found = found_in(nodes, "image_cleanup")
    assert (found.problems, places(found)["image"]) == ((), [("a1", "image")])
    assert found.remarks[0] == Remark("second_file_left_out", {"node": "b1", "input": "image2"})
    assert "image2" not in found.nodes["a5"]["inputs"]


def test_an_emotion_recording_is_a_place_of_its_own() -> None:
    nodes = foreign.voice()
    nodes["12"] = node("LoadAudio", audio="angry.wav")
    nodes["9"]["inputs"]["emo_audio_prompt"] = ["12", 0]
    found = found_in(nodes, "voice_clone")
    assert (found.problems, places(found)["emotion_audio"]) == ((), [("12", "audio")])
    inputs = [i for i in TASKS["voice_clone"].inputs if i.name != "emotion_audio"]
    assert discover(nodes, "audio", inputs).problems == (
        Problem("file_without_input", {"node": "12", "class_type": "LoadAudio"}),
    )


def variant_of(nodes: Nodes, task: str) -> Variant:
    [loaded] = discovered_variants(
        nodes, name="mine", task=task, output=TASKS[task].output, inputs=TASKS[task].inputs
    )
    assert isinstance(loaded, Variant)
    return loaded


def test_a_discovered_variant_comes_before_ours_and_sends_only_what_is_needed() -> None:
    variant = variant_of(foreign.picture_to_video(), "talking_head")
    assert variant.order < min(v.order for v in TASKS["talking_head"].variants)
    assert (variant.quality, variant.unused) == ("full", ())
    assert {"p1", "i3", "o2"} & variant.nodes.keys() == set()
    extras: dict[str, Any] = {"VHS_MetadataImage": False, "VHS_KeepIntermediate": False}
    assert variant.extra_pnginfo == {"workflow": {"extra": extras}}


def test_what_has_no_place_is_told_and_unused() -> None:
    nodes = foreign.voice()
    del nodes["9"]["inputs"]["emo_vector"], nodes["9"]["inputs"]["temperature"]
    variant = variant_of(nodes, "voice_clone")
    assert (variant.unused, variant.extra_pnginfo) == (("emotion", "emotion_strength", "seed"), {})
    assert variant.remarks[1:] == (
        Remark("input_without_place", {"input": "emotion"}),
        Remark("input_without_place", {"input": "emotion_strength"}),
        Remark("input_without_place", {"input": "seed"}),
    )

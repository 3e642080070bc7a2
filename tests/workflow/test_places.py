"""Each kind of input is found where its value has an effect."""

from __future__ import annotations

from typing import Any

import pytest

from comfy.protocol import Nodes
from comfy.workflow.families import loader_input
from comfy.workflow.inputs import Input
from comfy.workflow.mend import mend, number_at
from comfy.workflow.places import places
from comfy.workflow.prompt import Prompt
from comfy.workflow.transform import Transform
from tests.workflow.foreign import node

WORDS = Input("prompt", "text", max_length=99)
SIZE = Input("size", "choice", choices=("auto", "640x480", "480x832"), auto_from="image")
WIDTHS = Transform(map={"640x480": 640, "480x832": 480})
HEIGHTS = Transform(map={"640x480": 480, "480x832": 832})


def test_words_are_sought_through_everything_that_is_not_negative() -> None:
    nodes: Nodes = {
        "1": node("CLIPTextEncode", text="yes"),
        "2": node("CLIPTextEncode", text="no"),
        "3": node("Both", positive=["1", 0], negative=["2", 0], start_image="x"),
        "4": node("CFGGuider", positive=["3", 0], negative=["3", 1]),
        "5": node("CFGGuider", positive=["3", 0], negative=["3", 1]),
    }
    assert places(WORDS, nodes) == [("1", "text", Transform())]


def test_two_text_encoders_in_one_node_get_the_same_words() -> None:
    nodes: Nodes = {
        "1": node("CLIPTextEncodeFlux", clip_l="a", t5xxl="b", guidance=2.5),
        "2": node("BasicGuider", conditioning=["1", 0]),
    }
    assert [place[1] for place in places(WORDS, nodes)] == ["clip_l", "t5xxl"]


def test_words_without_a_text_node_have_no_place() -> None:
    nodes = {"1": node("Empty"), "2": node("KSampler", positive=["1", 0])}
    assert places(WORDS, nodes) == []


def test_only_video_encoders_that_weigh_words_get_them_plain() -> None:
    nodes = {"1": node("WanVideoTextEncodeCached", positive_prompt="x")}
    assert places(WORDS, nodes) == [("1", "positive_prompt", Transform(plain=True))]


def test_speech_goes_to_the_node_that_also_takes_the_recording() -> None:
    nodes: Nodes = {
        "1": node("LoadAudio", audio="x.wav"),
        "2": node("Speak", text_文本="x", emo_text="x", voice=["1", 0]),
        "3": node("Label", text="x"),
    }
    spoken = Input("text", "text", max_length=9, spoken=True)
    assert places(spoken, nodes) == [("2", "text_文本", Transform())]


def test_seeds_that_may_end_at_32_bits_are_kept_small() -> None:
    nodes: Nodes = {
        "1": node("RandomNoise", noise_seed=1),
        "2": node("Their Sampler", seed=1),
        "3": node("IndexTTS2Run"),
    }
    assert places(Input("seed", "seed"), nodes) == [
        ("1", "noise_seed", Transform()),
        ("2", "seed", Transform(modulo=2**32)),
    ]


def test_a_size_goes_wherever_the_same_number_is_plugged_in() -> None:
    nodes: Nodes = {
        "1": node("PrimitiveInt", value=1),
        "2": node("ImageScale", width=["1", 0], height=2),
        "3": node("Also", wide=["1", 0]),
        "4": node("ImageResizeKJv2", width=None),
    }
    assert places(SIZE, nodes) == [
        ("2", "width", WIDTHS),
        ("3", "wide", WIDTHS),
        ("2", "height", HEIGHTS),
    ]


def test_one_number_that_feeds_both_sides_is_told_apart() -> None:
    nodes: Nodes = {
        "1": node("PrimitiveInt", value=640),
        "2": node("ImageResizeKJv2", width=["1", 0], height=["1", 0]),
    }
    assert places(SIZE, nodes) == [("2", "width", WIDTHS), ("2", "height", HEIGHTS)]


@pytest.mark.parametrize(
    ("side", "lengths"),
    [
        ("longest", [640, 832]),
        ("shortest", [480, 480]),
        ("width", [640, 480]),
        ("height", [480, 832]),
        ("None", None),
    ],
)
def test_a_scaler_that_keeps_the_shape_gets_one_side(side: str, lengths: list[int] | None) -> None:
    name = "LayerUtility: ImageScaleByAspectRatio V2"
    nodes: Nodes = {"1": node(name, scale_to_side=side, scale_to_length=1)}
    found = [list((place[2].map or {}).values()) for place in places(SIZE, nodes)]
    assert found == ([] if lengths is None else [lengths])
    del nodes["1"]["inputs"]["scale_to_length"]
    assert places(SIZE, nodes) == []


@pytest.mark.parametrize(
    "item",
    [
        Input("style", "choice", choices=("plain", "wild")),
        Input("mood", "choice", choices=("happy", "calm")),
        Input("strength", "number", min=0, max=1),
    ],
)
def test_what_nobody_knows_has_no_place(item: Input) -> None:
    assert places(item, {"1": node("KSampler", seed=1, cfg=1), "2": node("IndexTTS2Run")}) == []


@pytest.mark.parametrize(
    ("class_type", "inputs", "kind", "name"),
    [
        ("LoadImage", {"image": "x"}, "image", "image"),
        ("LoadImage", {"image": ["1", 0]}, "image", ""),
        ("VHS_LoadImagesPath", {"image": "x"}, "image", ""),
        ("SaveImage", {"image": "x"}, "image", ""),
        ("VHS_LoadAudioUpload", {"audio": "x"}, "audio", "audio"),
        ("LoadVideo", {"file": "x"}, "video", "file"),
    ],
)
def test_a_loader_is_known_by_its_name_and_its_file(
    class_type: str, inputs: dict[str, Any], kind: str, name: str
) -> None:
    assert loader_input(node(class_type, **inputs), kind) == name


def test_a_number_is_read_through_a_node_that_only_holds_it() -> None:
    prompt = Prompt({"1": node("Float", value=25.0), "2": node("Sum", a=1, b=2)})
    values = [24, True, "24", ["1", 0], ["2", 0], None]
    assert [number_at(prompt, value) for value in values] == [24, None, None, 25.0, None, None]


def test_a_frame_rate_that_is_calculated_is_left_alone() -> None:
    prompt = Prompt(
        {
            "1": node("MultiTalkWav2VecEmbeds", fps=25),
            "2": node("Rate", a=1, b=2),
            "3": node("Cut", images=["1", 0]),
            "4": node("VHS_VideoCombine", images=["3", 0], frame_rate=["2", 0]),
        }
    )
    assert mend(prompt, "4", picture=True) == []
    assert prompt.nodes["4"]["inputs"]["filename_prefix"] == "studio"


def test_only_seconds_of_a_division_by_a_thousand_are_taken_exactly() -> None:
    prompt = Prompt(
        {
            "1": node("SimpleMath+", value="a*2", a=1),
            "2": node("SimpleMath+", value="a", a=["1", 0], b=["3", 0], c=["4", 1]),
            "3": node("Other", value="a/1000"),
            "4": node("SimpleMath+", value="a/1000", a=1),
            "5": node("SaveImage", images=["2", 0]),
        }
    )
    assert mend(prompt, "5", picture=False) == []

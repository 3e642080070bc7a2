"""Mend what makes a foreign workflow file give a wrong or lost result, and say what was done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from comfy.workflow import families
from comfy.workflow.places import fed_by, is_second, loaders, reachable
from comfy.workflow.problem import Remark
from comfy.workflow.prompt import Prompt, is_link

VIDEO_PICTURES = 0  # output slot of a video loader that holds its frames
DECODERS = ("WanVideoDecode", "WanVideoPassImagesFromSamples")
SPEECH = "MultiTalkWav2VecEmbeds"
MODEL_IN_FOLDER = re.compile(r"[/\\][^/\\]+\.(safetensors|gguf|pth?)$")
CALCULATORS = ("SimpleMath+", "MathExpression|pysssss")


def mend(prompt: Prompt, output_node: str, *, picture: bool) -> list[Remark]:
    """Change the prompt in place. `picture`: the task gives a picture, and no video.

    Wiring first: what is plugged in decides what has a part in the result.
    """
    remarks = list(_picture_for_video(prompt, output_node)) if picture else []
    remarks += _second_files(prompt, output_node)
    remarks += _seconds_not_rounded(prompt, output_node)
    remarks += _one_frame_rate(prompt, output_node)
    remarks += _saved_for_good(prompt.nodes[output_node]["inputs"])
    remarks += _as_long_as_the_sound(prompt, output_node)
    return remarks


def notice(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """What stays as it is but should be known."""
    nodes = reachable(prompt, output_node)
    loose = [n for n in loaders(prompt.nodes, "image") if n not in nodes]
    if loose:
        yield Remark("picture_not_connected", {"nodes": loose})
    dropped = {n: node["class_type"] for n, node in prompt.nodes.items() if n not in nodes}
    loads = {n for kind in families.LOADERS for n in loaders(prompt.nodes, kind)}
    side = sorted({class_type for n, class_type in dropped.items() if n not in loads})
    if side:
        yield Remark("side_outputs_dropped", {"nodes": side})
    for node_id, node in nodes.items():
        yield from _known_traps(node_id, node, prompt)
    folders = sorted(_models_in_folders(nodes.values()))
    if folders:
        yield Remark("models_in_folders", {"models": folders})


def number_at(prompt: Prompt, value: Any) -> float | None:
    """A number, also one that comes from a node which only holds it."""
    if is_link(value):
        held = prompt.nodes[value[0]]["inputs"]
        value = next(iter(held.values())) if len(held) == 1 else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


def _picture_for_video(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """A file that makes a video from a video gets the picture in the video's place.

    The same author's picture-to-video file is wired exactly so: one frame goes where the video's
    frames went, into the scaler, the start image and the latent alike.
    """
    nodes = reachable(prompt, output_node)
    videos = list(loaders(nodes, "video"))
    if len(videos) != 1 or loaders(nodes, "image"):
        return
    video = videos[0]
    plugs = fed_by(nodes, video)
    if any(nodes[n]["inputs"][name][1] != VIDEO_PICTURES for n, name in plugs):
        return
    picture = next(iter(loaders(prompt.nodes, "image")), "")
    if not picture:
        picture = f"{video}-picture"
        prompt.nodes[picture] = {"class_type": "LoadImage", "inputs": {"image": ""}}
    for node_id, name in plugs:
        prompt.nodes[node_id]["inputs"][name] = [picture, 0]
    yield Remark("picture_in_place_of_video", {"node": picture, "video": video})


def _second_files(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """A second picture of somebody else's disk: no input of the task fills it."""
    nodes = reachable(prompt, output_node)
    for kind in ("image", "audio"):
        found = list(loaders(nodes, kind))
        for loader in found:
            fed = fed_by(nodes, loader)
            if len(found) > 1 and is_second(nodes, loader) and not _is_offered(fed):
                for node_id, name in fed:
                    del prompt.nodes[node_id]["inputs"][name]
                yield Remark("second_file_left_out", {"node": loader, "input": fed[0][1]})


def _is_offered(fed: list[tuple[str, str]]) -> bool:
    """Whether a task has an own input for it, see places.EXTRA_FILES."""
    return any("emo" in name for _, name in fed)


def _seconds_not_rounded(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """SimpleMath+ rounds at its first output; seconds that are multiplied later need the second."""
    for node_id, node in reachable(prompt, output_node).items():
        if node["class_type"] not in CALCULATORS:
            continue
        for name, value in node["inputs"].items():
            source = prompt.nodes[value[0]] if is_link(value) and value[1] == 0 else {}
            is_math = source.get("class_type") == "SimpleMath+"
            if is_math and re.search(r"/\s*1000\b", str(source["inputs"].get("value"))):
                prompt.nodes[node_id]["inputs"][name] = [value[0], 1]
                yield Remark("seconds_rounded", {"node": value[0]})


def _one_frame_rate(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """Frames are made for the rate of the speech: another rate at the end parts lips and sound."""
    wanted = next(
        (
            number_at(prompt, node["inputs"].get("fps"))
            for node in reachable(prompt, output_node).values()
            if node["class_type"] == SPEECH
        ),
        None,
    )
    inputs = prompt.nodes[output_node]["inputs"]
    found = number_at(prompt, inputs.get("frame_rate"))
    if wanted is not None and found is not None and wanted != found:
        inputs["frame_rate"] = wanted
        yield Remark("frame_rates_differ", {"wanted": wanted, "found": found})


def _saved_for_good(inputs: dict[str, Any]) -> Iterator[Remark]:
    if inputs.get("save_output") is False:
        inputs["save_output"] = True
        yield Remark("result_was_temporary")
    if inputs.get("save_metadata") is True:
        inputs["save_metadata"] = False
        yield Remark("workflow_was_in_the_result")
    inputs.setdefault("filename_prefix", "studio")


def _as_long_as_the_sound(prompt: Prompt, output_node: str) -> Iterator[Remark]:
    """Windows of 81 frames end after the sound; nothing between decoder and file cuts them."""
    inputs = prompt.nodes[output_node]["inputs"]
    source = inputs.get("images")
    decoder = prompt.nodes[source[0]]["class_type"] if is_link(source) else ""
    if decoder in DECODERS and "audio" in inputs and inputs.get("trim_to_audio") is False:
        inputs["trim_to_audio"] = True
        yield Remark("longer_than_the_sound")


def _known_traps(node_id: str, node: Mapping[str, Any], prompt: Prompt) -> Iterator[Remark]:
    class_type, inputs = node["class_type"], node["inputs"]
    pixels = inputs.get("pixels")
    if class_type == "AudioCrop" and isinstance(inputs.get("end_time"), str):
        yield Remark("speech_cut_at", {"time": inputs["end_time"], "node": node_id})
    elif str(inputs.get("attention_mode", "")).startswith("sage"):
        yield Remark("needs_sageattention", {"node": node_id})
    elif class_type.startswith("TextEncodeQwenImageEdit") and is_link(inputs.get("vae")):
        if inputs.get("prompt"):  # once, not for the negative one too
            yield Remark("picture_may_shift", {"node": node_id})
    elif class_type == "VAEEncode" and is_link(pixels):
        if families.loader_input(prompt.nodes[pixels[0]], "image"):
            yield Remark("picture_not_scaled", {"node": pixels[0]})


def _models_in_folders(nodes: Any) -> Iterator[str]:
    for node in nodes:
        for value in node["inputs"].values():
            if isinstance(value, str) and re.search(
                r"[/\\][^/\\]+\.(safetensors|gguf|pth?)$", value
            ):
                yield value

"""What is known of node classes: which load and save files, which speak, draw, scale and count.

Sources: ComfyUI's /object_info (0.3.64 to 0.8.0), the packs' published code, and the workflow
files of these families that people share.
"""

from __future__ import annotations

import re
from typing import Any

from comfy.workflow.prompt import is_link

Node = dict[str, Any]

# classes that save, by what they save; previews write to a folder that is emptied
SAVERS = {
    "image": ("SaveImage", "SaveImageAdvanced"),
    "audio": ("SaveAudioMP3", "SaveAudio", "SaveAudioOpus", "SaveAudioAdvanced"),
    "video": ("VHS_VideoCombine", "SaveVideo", "SaveWEBM"),
}
VHS_SAVER = "VHS_VideoCombine"
SAVES = {"image": "images", "audio": "audio", "video": "video"}  # input of a saver of any class

# loaders by the name of their class: class, then the input with the file's name
LOADERS = {
    "image": (re.compile(r"load.*image(?!.*(mask|path|url|batch|folder|dir))", re.I), ("image",)),
    "mask": (re.compile(r"load.*image.*mask(?!.*(path|url|folder|dir))", re.I), ("image",)),
    "audio": (re.compile(r"load.*audio(?!.*(path|url|folder|dir))", re.I), ("audio",)),
    "video": (re.compile(r"load.*video(?!.*(path|url|folder|dir))", re.I), ("video", "file")),
}
# inputs for a further picture or recording: a node does its work without them
SECOND = re.compile(r"(images?[._]?(image_?)?|audio_?)[2-9]\d*$|dialogue_audio|emo\w*_audio")

TEXT_NAMES = ("prompt", "text", "positive_prompt", "clip_l", "clip_g", "t5xxl", "string")
SPOKEN_NAME = re.compile(r"(tts_)?text(_|$)")
NEGATIVE = re.compile(r"negative", re.I)
WEIGHING = ("WanVideoTextEncode",)  # text encoders that act on "|", "[1]" and "(word:1.2)"
SEEDS = ("seed", "noise_seed")
# samplers whose seed goes up to 2^64; any other node may stop at 2^32
WIDE_SEEDS = (
    "KSampler", "KSamplerAdvanced", "SamplerCustom", "RandomNoise", "WanVideoSampler",
)  # fmt: skip
SCALERS = ("ImageResizeKJv2", "ImageResizeKJ", "ImageScale", "ImageResize+")
ASPECT_SCALER = "LayerUtility: ImageScaleByAspectRatio V2"
CONSTANT_NAMES = ("value", "int", "float", "number")

# IndexTTS2Run.emo_vector: [happy, angry, sad, afraid, disgusted, melancholic, surprised, calm].
# One emotion at full: times IndexTTS2's own bias, at most 0.8. EMOTION_STRENGTH weakens it.
EMOTION_STRENGTH = "emotion_strength"
EMOTIONS: dict[str, Any] = {"neutral": ""} | {
    name: [value if place == index else 0.0 for place in range(8)]
    for index, (name, value) in enumerate(
        {
            "happy": 0.8,
            "angry": 0.8,
            "sad": 0.8,
            "afraid": 0.8,
            "disgusted": 0.8,
            "melancholic": 0.8,
            "surprised": 0.6875,
            "calm": 0.5625,
        }.items()
    )
}


def loader_input(node: Node, kind: str) -> str:
    """The input of a loader that names its file; "" if the node loads nothing of this kind."""
    pattern, names = LOADERS[kind]
    if not pattern.search(node["class_type"].replace(" ", "")):
        return ""
    return next((n for n in names if isinstance(node["inputs"].get(n), str)), "")


def saver_kind(node: Node) -> str:
    """What a node saves: "image", "audio", "video", or "" if it is no saver."""
    for kind, classes in SAVERS.items():
        if node["class_type"] in classes:
            return kind
    if "filename_prefix" not in node["inputs"]:
        return ""
    return next((k for k, name in SAVES.items() if is_link(node["inputs"].get(name))), "")

"""Sound in and out: LoadAudio, SaveAudio, SaveAudioMP3, PreviewAudio, as ComfyUI has them."""

from __future__ import annotations

from pathlib import Path

from comfy.engine.folders import Folders
from comfy.engine.node import Audio, Input, Node, Result, Run
from comfy.engine.nodes.files import (
    HIDDEN,
    file_digest,
    find_file,
    list_files,
    place_for,
    temp_prefix,
)

MODULE = "comfy_extras.nodes_audio"
PREFIX = Input("STRING", options={"default": "audio/ComfyUI", "multiline": False})
QUALITY = Input(
    "COMBO",
    options={"default": "V0", "multiselect": False, "options": ["V0", "128k", "320k"]},
)


def _load_audio(run: Run, audio: str) -> Result:
    # imported here: PyAV would delay the engine's first answer
    from comfy.engine.codecs.sound import decode  # noqa: PLC0415

    return Result((decode(find_file(run, audio), run.check),))


def _check_audio(folders: Folders, audio: str) -> str:
    return "" if folders.find(audio) else f"Invalid audio file: {audio}"


def _save(run: Run, audio: Audio, root: Path, prefix: str, quality: str) -> Result:
    # imported here: PyAV would delay the engine's first answer
    from comfy.engine.codecs.sound import encode  # noqa: PLC0415

    place = place_for(root, prefix)
    name = place.name("mp3" if quality else "flac")
    encode(place.folder / name, audio, quality, run.check)
    type_ = "temp" if root == run.temp_folder else "output"
    return Result(ui={"audio": [{"filename": name, "subfolder": place.subfolder, "type": type_}]})


def _save_flac(run: Run, audio: Audio, filename_prefix: str = "audio/ComfyUI") -> Result:
    return _save(run, audio, run.output_folder, filename_prefix, "")


def _save_mp3(
    run: Run, audio: Audio, filename_prefix: str = "audio/ComfyUI", quality: str = "V0"
) -> Result:
    return _save(run, audio, run.output_folder, filename_prefix, quality)


def _preview_audio(run: Run, audio: Audio) -> Result:
    return _save(run, audio, run.temp_folder, temp_prefix(), "")


NODES: list[Node] = [
    Node(
        class_type="LoadAudio",
        display_name="Load Audio",
        category="audio",
        inputs={"audio": Input("COMBO", options={"multiselect": False, "audio_upload": True})},
        outputs=("AUDIO",),
        run=_load_audio,
        needs="comfy.engine.codecs.sound",
        choices={"audio": lambda folder: list_files(folder, "audio", "video")},
        fingerprint=lambda run, audio: file_digest(run, audio),
        validate=_check_audio,
        python_module=MODULE,
    ),
    Node(
        class_type="SaveAudio",
        display_name="Save Audio (FLAC)",
        category="audio",
        inputs={"audio": Input("AUDIO"), "filename_prefix": PREFIX},
        outputs=(),
        run=_save_flac,
        output_node=True,
        python_module=MODULE,
        hidden=HIDDEN,
    ),
    Node(
        class_type="SaveAudioMP3",
        display_name="Save Audio (MP3)",
        category="audio",
        inputs={"audio": Input("AUDIO"), "filename_prefix": PREFIX, "quality": QUALITY},
        outputs=(),
        run=_save_mp3,
        output_node=True,
        python_module=MODULE,
        hidden=HIDDEN,
    ),
    Node(
        class_type="PreviewAudio",
        display_name="Preview Audio",
        category="audio",
        inputs={"audio": Input("AUDIO")},
        outputs=(),
        run=_preview_audio,
        output_node=True,
        python_module=MODULE,
        hidden=HIDDEN,
    ),
]

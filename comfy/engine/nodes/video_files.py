"""Video in and out: LoadVideo, CreateVideo and SaveVideo, as ComfyUI has them."""

from __future__ import annotations

import shutil
import uuid

from comfy.engine.folders import Folders
from comfy.engine.node import Audio, ImageBatch, Input, Node, Result, Run, Video
from comfy.engine.nodes.files import (
    HIDDEN,
    PREFIX,
    file_digest,
    find_file,
    list_files,
    place_for,
)

MODULE = "comfy_extras.nodes_video"


def _load_video(run: Run, file: str) -> Result:
    return Result((Video(find_file(run, file)),))


def _check_video(folders: Folders, file: str) -> str:
    return "" if folders.find(file) else f"Invalid video file: {file}"


def _create_video(
    run: Run, images: ImageBatch, fps: float = 30.0, audio: Audio | None = None
) -> Result:
    # imported here: PyAV would delay the engine's first answer
    from comfy.engine.codecs.video import encode  # noqa: PLC0415

    path = run.temp_folder / f"video_{uuid.uuid4().hex}.mp4"
    encode(path, images, fps, audio, run.progress)
    return Result((Video(path),))


def _save_video(
    run: Run,
    video: Video,
    filename_prefix: str = "video/ComfyUI",
    format: str = "auto",
    codec: str = "auto",
) -> Result:
    """Copy the file: the engine's videos are mp4 with H.264, all that format and codec offer."""
    place = place_for(run.output_folder, filename_prefix)
    name = place.name("mp4")
    shutil.copyfile(video.path, place.folder / name)
    saved = {"filename": name, "subfolder": place.subfolder, "type": "output"}
    return Result(ui={"images": [saved], "animated": [True]})


def _choice(tooltip: str, *options: str) -> Input:
    described = {"tooltip": tooltip, "default": options[0], "multiselect": False}
    return Input("COMBO", options={**described, "options": list(options)})


NODES: list[Node] = [
    Node(
        class_type="LoadVideo",
        display_name="Load Video",
        category="image/video",
        inputs={"file": Input("COMBO", options={"multiselect": False, "video_upload": True})},
        outputs=("VIDEO",),
        run=_load_video,
        choices={"file": lambda folder: list_files(folder, "video")},
        fingerprint=lambda run, file: file_digest(run, file),
        validate=_check_video,
        python_module=MODULE,
    ),
    Node(
        class_type="CreateVideo",
        display_name="Create Video",
        category="image/video",
        description="Create a video from images.",
        inputs={
            "images": Input("IMAGE", options={"tooltip": "The images to create a video from."}),
            "fps": Input("FLOAT", options={"default": 30.0, "min": 1.0, "max": 120.0, "step": 1.0}),
            "audio": Input(
                "AUDIO", required=False, options={"tooltip": "The audio to add to the video."}
            ),
        },
        outputs=("VIDEO",),
        run=_create_video,
        python_module=MODULE,
    ),
    Node(
        class_type="SaveVideo",
        display_name="Save Video",
        category="image/video",
        description="Saves the input images to your ComfyUI output directory.",
        inputs={
            "video": Input("VIDEO", options={"tooltip": "The video to save."}),
            "filename_prefix": Input(
                "STRING",
                options={**PREFIX.options, "default": "video/ComfyUI", "multiline": False},
            ),
            "format": _choice("The format to save the video as.", "auto", "mp4"),
            "codec": _choice("The codec to use for the video.", "auto", "h264"),
        },
        outputs=(),
        run=_save_video,
        output_node=True,
        python_module=MODULE,
        hidden=HIDDEN,
    ),
]

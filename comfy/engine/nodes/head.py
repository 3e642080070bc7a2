"""The talking head as nodes: a portrait or a video, and speech in; a video out."""

from __future__ import annotations

from comfy.engine.node import Audio, ImageBatch, Input, Node, Result, Run, Video

MAX_SIDE = 1920


def _run(
    run: Run,
    image: ImageBatch,
    audio: Audio,
    width: int = 0,
    height: int = 0,
    fps: float = 25.0,
    seed: int = 0,
    face: str = "largest",
) -> Result:
    # imported here: OpenCV and PyAV would delay the engine's first answer
    from comfy.engine.head.talk import talk  # noqa: PLC0415

    path = talk(run, image[0], audio, width=width, height=height, fps=fps, seed=seed, which=face)
    return Result((Video(path),))


def _run_on_video(
    run: Run, video: Video, audio: Audio, width: int = 0, height: int = 0, fps: float = 25.0
) -> Result:
    # imported here: OpenCV and PyAV would delay the engine's first answer
    from comfy.engine.head.retalk import retalk  # noqa: PLC0415

    return Result((Video(retalk(run, video.path, audio, width=width, height=height, fps=fps)),))


# as head.face.FACES: what is there is found with OpenCV, which is not loaded yet
FACE = {"default": "largest", "options": ["largest", "left", "middle", "right"]}
SIDE = Input("INT", options={"default": 0, "min": 0, "max": MAX_SIDE, "step": 2})
FPS = Input("FLOAT", options={"default": 25.0, "min": 1.0, "max": 60.0, "step": 0.01})

NODES: list[Node] = [
    Node(
        class_type="CPUTalkingHead",
        display_name="Talking head (CPU)",
        category="preview/video",
        description=(
            "Moves a portrait's mouth, eyes and head in time with speech: a 2-D warp on the CPU, "
            "for a quick preview. Width and height 0 follow the picture."
        ),
        inputs={
            "image": Input("IMAGE"),
            "audio": Input("AUDIO"),
            "width": SIDE,
            "height": SIDE,
            "fps": FPS,
            "seed": Input("INT", options={"default": 0, "min": 0, "max": 2**64 - 1}),
            "face": Input("COMBO", required=False, options=FACE),
        },
        outputs=("VIDEO",),
        run=_run,
        needs="comfy.engine.head.talk",
    ),
    Node(
        class_type="CPUTalkingVideo",
        display_name="Talking video (CPU)",
        category="preview/video",
        description=(
            "Gives the face in a video other lips, in time with speech, where it can be followed. "
            "A video that is shorter than the speech holds its last picture."
        ),
        inputs={
            "video": Input("VIDEO"),
            "audio": Input("AUDIO"),
            "width": SIDE,
            "height": SIDE,
            "fps": FPS,
        },
        outputs=("VIDEO",),
        run=_run_on_video,
        needs="comfy.engine.head.retalk",
    ),
]

"""The talking head as a node: a portrait and speech in, a video out."""

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
) -> Result:
    # imported here: OpenCV and PyAV would delay the engine's first answer
    from comfy.engine.head.talk import talk  # noqa: PLC0415

    path = talk(run, image[0], audio, width=width, height=height, fps=fps, seed=seed)
    return Result((Video(path),))


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
            "width": Input("INT", options={"default": 0, "min": 0, "max": MAX_SIDE, "step": 2}),
            "height": Input("INT", options={"default": 0, "min": 0, "max": MAX_SIDE, "step": 2}),
            "fps": Input("FLOAT", options={"default": 25.0, "min": 1.0, "max": 60.0, "step": 0.01}),
            "seed": Input("INT", options={"default": 0, "min": 0, "max": 2**64 - 1}),
        },
        outputs=("VIDEO",),
        run=_run,
    )
]

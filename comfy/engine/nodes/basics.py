"""Small nodes of ComfyUI that need no model: EmptyImage and ImageInvert."""

from __future__ import annotations

import numpy as np

from comfy.engine.node import ImageBatch, Input, Node, Result, Run

SIDE = Input("INT", options={"default": 512, "min": 1, "max": 16384, "step": 1})


def _empty_image(run: Run, width: int, height: int, batch_size: int, color: int) -> Result:
    """Fill pictures with one colour, 0xRRGGBB."""
    rgb = np.array([color >> 16 & 255, color >> 8 & 255, color & 255], np.uint8)
    return Result((np.full((batch_size, height, width, 3), rgb, np.uint8),))


def _invert(run: Run, image: ImageBatch) -> Result:
    return Result((255 - image,))


NODES: list[Node] = [
    Node(
        class_type="EmptyImage",
        display_name="EmptyImage",
        category="image",
        inputs={
            "width": SIDE,
            "height": SIDE,
            "batch_size": Input("INT", options={"default": 1, "min": 1, "max": 4096}),
            "color": Input(
                "INT",
                options={"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"},
            ),
        },
        outputs=("IMAGE",),
        run=_empty_image,
        python_module="nodes",
        classic=True,
    ),
    Node(
        class_type="ImageInvert",
        display_name="Invert Image",
        category="image",
        inputs={"image": Input("IMAGE")},
        outputs=("IMAGE",),
        run=_invert,
        python_module="nodes",
        classic=True,
    ),
]

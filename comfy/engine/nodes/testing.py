"""Nodes that only tests have: one is slow, one fails, one needs two pictures."""

from __future__ import annotations

import time
import uuid

import numpy as np
from PIL import Image

from comfy.engine.node import ImageBatch, Input, Node, Result, Run

NAP = 0.02  # seconds between two looks at the interrupt
BLACK = np.zeros((1, 64, 64, 3), np.uint8)


def _sleep(run: Run, seconds: float = 1.0, steps: int = 10, image: ImageBatch = BLACK) -> Result:
    """Wait, report steps with previews, pass the picture on."""
    started = time.monotonic()
    picture = Image.fromarray(image[0])
    for step in range(1, steps + 1):
        while time.monotonic() - started < seconds * step / steps:
            run.check()
            time.sleep(NAP)
        run.progress(step, steps, picture)
    return Result((image,), ui={"text": [f"slept {time.monotonic() - started:.2f} s"]})


def _fail(run: Run, message: str, image: ImageBatch = BLACK) -> Result:
    raise ValueError(message)


def _join(run: Run, image: ImageBatch, other: ImageBatch) -> Result:
    return Result((np.concatenate([image, other], axis=2),))


def _never_cached(run: Run, **inputs: object) -> str:
    return uuid.uuid4().hex


NODES: list[Node] = [
    Node(
        class_type="EngineSleep",
        display_name="Sleep (test)",
        category="preview/test",
        inputs={
            "seconds": Input("FLOAT", options={"default": 1.0, "min": 0.0, "max": 3600.0}),
            "steps": Input("INT", required=False, options={"default": 10, "min": 1, "max": 1000}),
            "image": Input("IMAGE", required=False),
        },
        outputs=("IMAGE",),
        run=_sleep,
        output_node=True,
        fingerprint=_never_cached,
    ),
    Node(
        class_type="EngineJoin",
        display_name="Join (test)",
        category="preview/test",
        inputs={"image": Input("IMAGE"), "other": Input("IMAGE")},
        outputs=("IMAGE",),
        run=_join,
    ),
    Node(
        class_type="EngineFail",
        display_name="Fail (test)",
        category="preview/test",
        inputs={"message": Input("STRING"), "image": Input("IMAGE", required=False)},
        outputs=(),
        run=_fail,
        output_node=True,
        fingerprint=_never_cached,
    ),
]

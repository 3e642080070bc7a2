"""The picture node: removes subtitles, watermarks and other text as an instruction asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from comfy.engine.image.instruction import parse_instruction
from comfy.engine.node import ImageBatch, Input, Node, Result, Run

if TYPE_CHECKING:
    from comfy.engine.image.remove_text import Removed


def _remove_text(run: Run, image: ImageBatch, instruction: str = "") -> Result:
    # cv2, rapidocr and onnxruntime take a second to load; the engine must answer before that
    from comfy.engine.image.remove_text import remove_text  # noqa: PLC0415

    cleaned, removed = [], []
    for picture in image:
        result, found = remove_text(picture, instruction, run.progress, run.check)
        cleaned.append(result)
        removed += found
    said = _summary(removed) + [
        f"not done: {clause}" for clause in parse_instruction(instruction).impossible
    ]
    return Result((np.stack(cleaned),), {"text": said})


def _summary(removed: Iterable[Removed]) -> list[str]:
    """One line per different text, e.g. "watermark: SAMPLE (17)"."""
    counts = Counter(f"{item.kind}: {item.text}" for item in removed)
    lines = [line if count == 1 else f"{line} ({count})" for line, count in counts.items()]
    return lines or ["nothing found"]


NODES = [
    Node(
        class_type="CPURemoveText",
        display_name="Remove text, subtitles and watermarks (CPU)",
        category="image",
        inputs={
            "image": Input("IMAGE"),
            "instruction": Input("STRING", options={"multiline": True, "default": ""}),
        },
        outputs=("IMAGE",),
        run=_remove_text,
        description=(
            "Finds text with OCR and fills it in smoothly. The instruction, in Chinese or English, "
            "says what goes and what stays; an empty one removes all overlay text."
        ),
    )
]

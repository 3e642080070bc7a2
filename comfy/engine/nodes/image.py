"""The picture node: removes subtitles, watermarks and other text as an instruction asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image as PILImage

from comfy.engine.image.instruction import parse_instruction
from comfy.engine.node import ImageBatch, Input, Node, Result, Run

if TYPE_CHECKING:
    from comfy.engine.image.remove_text import Removed

MaskBatch = npt.NDArray[np.float32]
"""MASK: [batch, height, width], 0..1; LoadImage's is 1 where the picture is transparent."""


def _remove_text(
    run: Run, image: ImageBatch, instruction: str = "", mask: MaskBatch | None = None
) -> Result:
    # OpenCV and the reader take seconds to load; the engine must answer before that
    from comfy.engine.image.remove_text import remove_text  # noqa: PLC0415

    cleaned: list[npt.NDArray[np.uint8]] = []
    removed: list[Removed] = []
    for index, picture in enumerate(image):
        painted = None if mask is None else _painted(mask[min(index, len(mask) - 1)], picture)
        done = remove_text(picture, instruction, run.progress, run.check, painted)
        cleaned.append(done.picture)
        removed += done.removed
    said = _codes(removed) + [
        f"not_done:{clause}" for clause in parse_instruction(instruction).impossible
    ]
    batch = cleaned[0][None] if len(cleaned) == 1 else np.stack(cleaned)  # no copy of a large one
    return Result((batch,), {"text": said})


def _painted(
    mask: npt.NDArray[np.float32], picture: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_] | None:
    """What is marked by more than half, at the picture's size; None for an empty mask."""
    marked = mask > 0.5
    if not marked.any():
        return None
    if marked.shape != picture.shape[:2]:
        size = picture.shape[1], picture.shape[0]
        drawn = PILImage.fromarray(marked.astype(np.uint8) * 255).resize(size)
        marked = np.asarray(drawn) > 127
    return np.asarray(marked, bool)


def _codes(removed: Iterable[Removed]) -> list[str]:
    """One line per different text: "removed:<kind>:<copies>:<text>", or "nothing_found".

    `kind` is "subtitle", "watermark", "text", or "area" (painted over, without a text).
    """
    counts = Counter(removed)
    lines = [f"removed:{item.kind}:{count}:{item.text}" for item, count in counts.items()]
    return lines or ["nothing_found"]


NODES = [
    Node(
        class_type="CPURemoveText",
        display_name="Remove text, subtitles and watermarks (CPU)",
        category="image",
        inputs={
            "image": Input("IMAGE"),
            "instruction": Input("STRING", options={"multiline": True, "default": ""}),
            "mask": Input("MASK", required=False),
        },
        outputs=("IMAGE",),
        run=_remove_text,
        needs="comfy.engine.image.remove_text",
        description=(
            "Finds text with OCR and fills it in smoothly. The instruction, in Chinese or English, "
            "says what goes and what stays; an empty one removes all overlay text. With a "
            "mask that is not empty, what it covers goes instead, and no pixel outside it changes."
        ),
    )
]

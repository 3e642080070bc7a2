"""What a person painted over a picture: strokes as the page sends them, drawn to a mask here.

The page sends {"strokes": [[width, [x, y, ...]], ...], "layer": path, "picture": address}: see
assets/paint.js. `layer` is the mask of an earlier job that is painted on.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.media.bounded import draw_mask, picture_size
from comfy.media.masks import Stroke
from comfy.workflow.inputs import Input, read_number

PAINTED = "painted"  # folder for masks on their way into a job
MOST_NUMBERS = 120_000  # coordinates of all strokes; hundreds across the whole picture
FAR = 2.0  # a brush may leave the picture, by no more than its size


@dataclass(frozen=True)
class Painting:
    """Strokes over a picture, on top of an older mask."""

    strokes: Sequence[Stroke]
    layer: Path | None

    def file(self, picture: Path) -> Path:
        """The mask of the picture's size. Raises InputError."""
        if self.layer and not self.strokes:
            return self.layer
        folder = Path(os.environ["GRADIO_TEMP_DIR"]) / PAINTED
        return draw_mask(self.strokes, picture_size(picture), self.layer, folder)


def read_strokes(value: object) -> list[Stroke]:
    """The strokes of a painting, checked. Raises InputError."""
    try:
        strokes = [_stroke(width, points) for width, points in value]  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise InputError("file_unusable") from error
    if sum(len(points) for _, points in strokes) > MOST_NUMBERS:
        raise InputError("file_unusable")
    return strokes


def with_masks(inputs: Sequence[Input], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a form with each painting replaced by its file. Raises InputError."""
    pictures = {item.name: values.get(item.over) for item in inputs}
    return {
        name: (value.file(picture) if (picture := pictures[name]) else None)
        if isinstance(value, Painting)
        else value
        for name, value in values.items()
    }


def shown_again(mask: Path, picture: Path | None) -> dict[str, Any]:
    """What the page is given to show an earlier job's mask over its picture."""
    where = "/".join(picture.parts[-2:]) if picture else ""
    return {"strokes": [], "layer": str(mask), "picture": f"/{where}"}


def _stroke(width: object, points: object) -> Stroke:
    if not isinstance(points, list) or not points or len(points) % 2:
        raise ValueError
    return min(1.0, abs(_share(width))), [_share(place) for place in points]


def _share(number: object) -> float:
    found = read_number(number)
    if found is None:
        raise ValueError
    return math.copysign(min(FAR, abs(found)), found)

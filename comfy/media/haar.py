"""OpenCV's Haar cascades: rectangles of faces, eyes and smiles in a grey picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

FACE_LOOK = 640  # longest side of the picture in which a face is looked for
LEAST_FACE = 24  # pixels there
NEAR = 0.5  # of the largest face's width
FOLDER = Path(cv2.__file__).parent / "data"  # what cv2.data.haarcascades says, but typed
Grey = npt.NDArray[np.uint8]
T = TypeVar("T")


class Box(NamedTuple):
    """A detection: corner and size in pixels, and the classifier's weight (larger is surer)."""

    x: int
    y: int
    width: int
    height: int
    weight: float

    def scaled(self, by: float) -> Box:
        x, y, width, height = (round(number * by) for number in self[:4])
        return Box(x, y, width, height, self.weight)


def faces(picture: Image.Image) -> list[Box]:
    """The faces that look out of a picture, in its own pixels."""
    small = picture.convert("L")
    small.thumbnail((FACE_LOOK, FACE_LOOK))
    scale = max(picture.size) / max(small.size)
    found = Cascades().find(
        "frontalface_alt2",
        cv2.equalizeHist(np.asarray(small)),
        step=1.1,
        neighbours=4,
        smallest=(LEAST_FACE, LEAST_FACE),
    )
    return [box.scaled(scale) for box in found]


def near(found: Sequence[Box]) -> list[Box]:
    """From left to right, without what is much smaller than the largest: it stands far behind,
    or is no face."""
    widest = max(box.width for box in found)
    return sorted((box for box in found if box.width > NEAR * widest), key=lambda box: box.x)


def placed(row: Sequence[T], which: str) -> T:
    """The "left", "middle" or "right" one of some from left to right."""
    return row[{"left": 0, "middle": len(row) // 2, "right": -1}[which]]


class Cascades:
    """The classifiers of one search. They are not thread-safe, so they are not shared."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def find(
        self,
        name: str,
        grey: Grey,
        *,
        step: float,
        neighbours: int,
        smallest: tuple[int, int],
        largest: tuple[int, int] = (0, 0),
    ) -> list[Box]:
        """All matches of haarcascade_<name>.xml; `step` is the scale factor between passes."""
        rectangles, _, weights = self._cascade(name).detectMultiScale3(
            grey,
            scaleFactor=step,
            minNeighbors=neighbours,
            minSize=smallest,
            maxSize=largest,
            outputRejectLevels=True,
        )
        return [
            Box(int(x), int(y), int(width), int(height), float(weight))
            for (x, y, width, height), weight in zip(rectangles, np.ravel(weights), strict=True)
        ]

    def _cascade(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = cv2.CascadeClassifier(str(FOLDER / f"haarcascade_{name}.xml"))
        return self._loaded[name]

"""Find the face of a portrait, its tilt and its eyes; refuse what may not be a face."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.head.geometry import Axes, Pixels
from comfy.engine.node import NodeError
from comfy.media.haar import Box, Cascades, Grey, placed

LARGEST_SCALE = 3.0
TILTS = (0, -15, 15, -30, 30)  # degrees; Haar faces must be upright
# longest side of the picture that is searched, small ones are enlarged; and in which tilts: in a
# group the faces are so small that eyes are seen at the second look only
LOOKS = ((640, TILTS), (1280, TILTS[:1]))
EYE_CASCADES = ("eye", "eye_tree_eyeglasses", "lefteye_2splits", "righteye_2splits")
SAME_PLACE = 0.6  # shared by two rectangles that are of one face
LARGEST = "largest"
FACES = (LARGEST, "left", "middle", "right")
USUAL_EYE = (0.305, 0.385)  # where the left eye sits in a Haar face, in its widths


@dataclass(frozen=True)
class Face:
    """A frontal face. `axes`: origin midway between the eyes, unit = the distance between them.

    `width` is the face's width in that unit (about 2.5), `eyes_seen` 1 or 2: how many eyes
    were really detected, `smile` the detected mouth (u, v) if any, `glasses` whether it wears any.
    """

    axes: Axes
    width: float
    eyes_seen: int
    smile: tuple[float, float] | None
    glasses: bool

    def moved(self, scale: float, dx: float, dy: float) -> Face:
        """The same face after the picture was scaled, then shifted by (dx, dy) pixels."""
        return replace(self, axes=self.axes.moved(scale, dx, dy))


@dataclass(frozen=True)
class _Found:
    """A face rectangle in a turned grey picture; `back` maps its pixels to the upright one."""

    box: Box
    grey: Grey
    back: npt.NDArray[np.float64]

    def pixel(self, u: float, v: float) -> tuple[float, float]:
        """Where a point of the box (in box widths) is in the unturned picture."""
        x, y = self.back @ (self.box.x + u * self.box.width, self.box.y + v * self.box.width, 1)
        return float(x), float(y)

    def score(self, face: Face) -> float:
        """Large faces with two eyes win over small or one-eyed ones."""
        size = self.box.width / int(self.grey.shape[1])
        return 2 * size + 0.8 * face.eyes_seen + 0.05 * self.box.weight


def find_face(picture: Pixels, check: Callable[[], None], which: str = LARGEST) -> Face:
    """The most prominent face, or the "left", "middle" or "right" one of several.

    `check` is called between passes so that a cancel is prompt. Raises NodeError: "no_face" when
    nothing is certain enough (animating a guess is worse), "no_such_face" when that one is not.
    """
    search = _search if which == LARGEST else _all
    faces: list[Face] = []
    for side, tilts in LOOKS:
        grey, scale = _search_picture(picture, side)
        seen = search(_Cascades(check), grey, tilts)
        if len(seen) > len(faces):
            faces = [face.moved(1 / scale, 0, 0) for face in seen]
        if len(faces) >= (1 if which == LARGEST else 2):
            break
    face = _chosen(faces, which)
    if face is None:
        raise NodeError("no_face", "no frontal face was found in the picture")
    return replace(face, glasses=_wears_glasses(picture, face.axes))


class _Cascades(Cascades):
    """Cascades that look for a cancel before each of their searches."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def find(self, *given: Any, **how: Any) -> list[Box]:
        self._check()
        return super().find(*given, **how)


def _search(cascades: Cascades, grey: Grey, tilts: Sequence[int]) -> list[Face]:
    """Two eyes end the search; one eye is enough in an upright face, if no turn shows both."""
    one_eyed: list[Face] = []
    for tilt in tilts:
        face = _best(cascades, _rectangles(cascades, grey, tilt))
        if face is not None and face.eyes_seen == 2:
            return [face]
        if face is not None and tilt == 0:
            one_eyed = [face]
    return one_eyed


def _all(cascades: Cascades, grey: Grey, tilts: Sequence[int]) -> list[Face]:
    """Every face of which both eyes are seen, once each, from left to right.

    Tilted ones are looked for only while there are not two: each turn costs as much as the first.
    """
    faces: list[Face] = []
    for tilt in tilts:
        if len(faces) > 1:
            break
        scored = _scored(cascades, _rectangles(cascades, grey, tilt))
        for _, face in sorted(scored, key=lambda pair: -pair[0]):
            if face.eyes_seen < 2:
                continue
            if all(_apart(face, other) for other in faces):
                faces.append(face)
    return sorted(faces, key=lambda face: face.axes.x)


def _apart(one: Face, other: Face) -> bool:
    away = math.hypot(one.axes.x - other.axes.x, one.axes.y - other.axes.y)
    return away > max(one.width * one.axes.unit, other.width * other.axes.unit) / 2


def _chosen(faces: list[Face], which: str) -> Face | None:
    """Of one face nobody can tell whether it is the left one: the other may not have been seen."""
    if not faces or which == LARGEST:
        return faces[0] if faces else None
    if len(faces) < 2 or (which == "middle" and len(faces) % 2 == 0):
        raise NodeError("no_such_face", f"{len(faces)} faces were found; none is the {which} one")
    return placed(faces, which)


def _search_picture(picture: Pixels, longest: int) -> tuple[Grey, float]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = min(LARGEST_SCALE, longest / max(grey.shape))
    size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small: Grey = cv2.equalizeHist(cv2.resize(grey, size, interpolation=how))
    return small, scale


def _best(cascades: Cascades, rectangles: list[_Found]) -> Face | None:
    """The most face-like of the rectangles."""
    scored = _scored(cascades, rectangles)
    return max(scored, key=lambda pair: pair[0], default=(0.0, None))[1]


def _scored(cascades: Cascades, rectangles: list[_Found]) -> list[tuple[float, Face]]:
    scored = []
    for found in rectangles:
        if (face := _measure(cascades, found)) is not None:
            scored.append((found.score(face), face))
    return scored


def _rectangles(cascades: Cascades, grey: Grey, tilt: int) -> list[_Found]:
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1)
    turned: Grey = grey
    if tilt:
        turned = cv2.warpAffine(grey, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    back = cv2.invertAffineTransform(matrix)
    smallest = max(24, int(min(height, width) * 0.1))
    boxes = [
        box
        for name in ("frontalface_alt2", "frontalface_default")
        for box in cascades.find(
            name, turned, step=1.08, neighbours=4, smallest=(smallest, smallest)
        )
    ]
    return [_Found(box, turned, back) for box in _merged(boxes)]


def _merged(boxes: list[Box]) -> list[Box]:
    """One box for each place, the surest: to look for eyes costs more than to find the boxes."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.weight):
        if all(_shared(box, other) < SAME_PLACE for other in kept):
            kept.append(box)
    return kept


def _shared(one: Box, other: Box) -> float:
    """What two boxes share of what they cover together."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(0, across) * max(0, down)
    return both / (one.width * one.height + other.width * other.height - both)


def _measure(cascades: Cascades, found: _Found) -> Face | None:
    """Eyes, tilt and size of a found rectangle, or None if it does not look like a face."""
    left, right, seen = _eyes(cascades, found)
    left_eye, right_eye = found.pixel(*left), found.pixel(*right)
    across, down = right_eye[0] - left_eye[0], right_eye[1] - left_eye[1]
    distance = math.hypot(across, down)
    # every false face of the trials (animals, noise, machines) failed one of these two
    if seen == 0 or not 0.28 < distance / found.box.width < 0.55:
        return None
    axes = Axes(
        (left_eye[0] + right_eye[0]) / 2,
        (left_eye[1] + right_eye[1]) / 2,
        math.atan2(down, across),
        distance,
    )
    smile = _smile(cascades, found)
    mouth = _local(axes, found.pixel(*smile)) if smile else None
    return Face(axes, found.box.width / distance, seen, mouth, glasses=False)


def _local(axes: Axes, pixel: tuple[float, float]) -> tuple[float, float]:
    u, v = axes.local(*np.array(pixel, np.float32).reshape(2, 1))
    return float(u[0]), float(v[0])


def _eyes(
    cascades: Cascades, found: _Found
) -> tuple[tuple[float, float], tuple[float, float], int]:
    """Both eyes in box widths, and how many were seen; a missing one is mirrored."""
    eyes = _eye_centres(cascades, found)
    left = _middle([eye for eye in eyes if eye[0] < 0.5])
    right = _middle([eye for eye in eyes if eye[0] > 0.5])
    if left is None or right is None:
        u, v = left or right or USUAL_EYE
        return (min(u, 1 - u), v), (max(u, 1 - u), v), int(left != right)
    if abs(left[1] - right[1]) > 0.1:  # one of them is a brow or a nostril
        v = (left[1] + right[1]) / 2
        return (left[0], v), (right[0], v), 1
    return left, right, 2


def _eye_centres(cascades: Cascades, found: _Found) -> list[tuple[float, float]]:
    box = found.box
    top = found.grey[box.y : box.y + int(box.height * 0.62), box.x : box.x + box.width]
    small, large = max(8, box.width // 9), box.width // 2
    centres = [
        ((eye.x + eye.width / 2) / box.width, (eye.y + eye.height * 0.52) / box.width)
        for name in EYE_CASCADES
        for eye in cascades.find(
            name, top, step=1.05, neighbours=3, smallest=(small, small), largest=(large, large)
        )
    ]
    return [(u, v) for u, v in centres if 0.22 < v < 0.52 and 0.05 < abs(u - 0.5) < 0.38]


def _middle(points: list[tuple[float, float]]) -> tuple[float, float] | None:
    if not points:
        return None
    return median(u for u, _ in points), median(v for _, v in points)


def _smile(cascades: Cascades, found: _Found) -> tuple[float, float] | None:
    """The mouth in box widths, when the smile cascade sees one in the middle of the chin half."""
    box = found.box
    top = box.y + int(box.height * 0.55)
    chin = found.grey[top : box.y + int(box.height * 1.12), box.x : box.x + box.width]
    smallest = (max(8, box.width // 4), max(4, box.width // 8))
    smiles = cascades.find("smile", chin, step=1.05, neighbours=5, smallest=smallest)

    def goodness(smile: Box) -> float:
        off_centre = abs((smile.x + smile.width / 2) / box.width - 0.5)
        return smile.weight - 4 * off_centre - 3 * abs(smile.width / box.width - 0.5)

    best = max(smiles, key=goodness, default=None)
    if best is None or abs((best.x + best.width / 2) / box.width - 0.5) >= 0.16:
        return None
    u = (best.x + best.width / 2) / box.width
    return u, (best.y + best.height / 2 + top - box.y) / box.width


def _wears_glasses(picture: Pixels, axes: Axes) -> bool:
    """Spectacles have a strong horizontal edge on the nose bridge; bare skin has none."""
    view = axes.patch(picture, 128, 96, span=1)
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))[34:54, 54:74]
    return bool(edges.mean(axis=1).max() > 65)

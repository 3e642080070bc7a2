"""Follow a face through a video: detected once, then each frame is aligned to its first look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from comfy.engine.head.face import Face, find_face
from comfy.engine.head.geometry import Axes, Floats, Pixels
from comfy.engine.node import NodeError

SEARCH_SIDE = 480  # longest side of the frames in which a face is followed
LOOK = 64  # pixels of the aligned look, and how far it reaches, in eye distances
SPAN = 1.25
LOOK_BELOW = 0.25  # its centre below the eyes: brows to nose, the mouth is left out
SAME_FACE = 0.72  # correlation (ECC) from which on it is the same face in the same pose
ROUNDS, FINE = 30, 0.001
WAITS = (6, 50)  # frames until the next search for a lost face: at first, and at most
STEP = (0.25, 0.12, 0.2)  # most a face moves (eye distances), grows (share), turns (radians)
SHORTEST = 5  # frames: what is followed for less is left as it is

# the unmoved point of Evangelidis and Psarakis' alignment (ECC, 2008)
STILL: Floats = np.eye(2, 3, dtype=np.float32)
ENDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ROUNDS, FINE)


@dataclass
class Stretch:
    """Frames `first`, `first + 1`, ... in which one face was followed without a break."""

    first: int
    face: Face
    places: list[Axes] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.first + len(self.places)


class FaceTracker:
    """Takes frames one by one; `stretches` grows."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.stretches: list[Stretch] = []
        self._check = check
        self._look: Floats | None = None
        self._index = -1
        self._wait, self._next = WAITS[0], 0

    def see(self, picture: Pixels) -> Axes | None:
        """Where the face is in the next frame, in its pixels; None where there is none for sure."""
        self._index += 1
        scale = min(1.0, SEARCH_SIDE / max(picture.shape))
        small = picture
        if scale < 1:
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        axes = self._follow(small, scale)
        if axes is None and self._index >= self._next:
            axes = self._search(small, scale)
        if axes is None:
            self._look = None
            return None
        self.stretches[-1].places.append(axes)
        return axes

    def _follow(self, small: Pixels, scale: float) -> Axes | None:
        if self._look is None:
            return None
        places = self.stretches[-1].places
        for guess in _guesses(places):
            found = _aligned(small, self._look, guess.moved(scale, 0, 0))
            if found is not None and _near(found, places[-1].moved(scale, 0, 0)):
                return found.moved(1 / scale, 0, 0)
        self._next = self._index  # look at once: it may be another shot
        self._wait = WAITS[0]
        return None

    def _search(self, small: Pixels, scale: float) -> Axes | None:
        try:
            face = find_face(small, self._check)
        except NodeError:
            self._next = self._index + self._wait
            self._wait = min(2 * self._wait, WAITS[1])
            return None
        self._wait = WAITS[0]
        self._look = _look(small, face.axes)
        face = face.moved(1 / scale, 0, 0)
        self.stretches.append(Stretch(self._index, face))
        return face.axes


def _look(small: Pixels, axes: Axes) -> Floats:
    view = axes.at(0, LOOK_BELOW, 1).patch(small, LOOK, LOOK, SPAN)
    grey: Floats = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey


def _guesses(places: list[Axes]) -> list[Axes]:
    """On with the last movement, or where it was."""
    last = places[-1]
    if len(places) < 2:
        return [last]
    before = places[-2]
    return [replace(last, x=2 * last.x - before.x, y=2 * last.y - before.y), last]


def _mask() -> Pixels:
    """Brows, eyes and nose, without what lies beside the face and the lips that speak."""
    mask = np.zeros((LOOK, LOOK), np.uint8)
    step = LOOK / (2 * SPAN)
    middle = (LOOK // 2, round(LOOK / 2 - 0.1 * step))
    cv2.ellipse(mask, middle, (round(1.05 * step), round(0.8 * step)), 0, 0, 360, 255, -1)
    return mask


MASK = _mask()


def _aligned(small: Pixels, look: Floats, guess: Axes) -> Axes | None:
    """The face near `guess` that looks as `look`, or None."""
    now = _look(small, guess)
    if now[MASK > 0].std() < 2:
        return None
    try:
        likeness, warp = cv2.findTransformECC(
            look, now, STILL.copy(), cv2.MOTION_AFFINE, ENDS, MASK, 3
        )
    except cv2.error:  # it did not converge
        return None
    return _moved(guess, warp) if likeness > SAME_FACE else None


def _moved(guess: Axes, warp: Floats) -> Axes:
    """`guess` after the similarity that is nearest to the affine `warp` of its look."""
    a, b = (warp[0, 0] + warp[1, 1]) / 2, (warp[1, 0] - warp[0, 1]) / 2
    grown, turned = math.hypot(a, b), math.atan2(b, a)
    step = 2 * SPAN / LOOK  # eye distances a pixel of the look
    # the eyes' middle in the look, and where it went
    x, y = LOOK / 2, LOOK / 2 - LOOK_BELOW / step
    u = float(warp[0] @ (x, y, 1)) - x
    v = float(warp[1] @ (x, y, 1)) - y
    moved = guess.at(u * step, v * step, grown)
    return replace(moved, angle=guess.angle + turned)


def _near(found: Axes, last: Axes) -> bool:
    """Whether a face can have moved so far between two frames."""
    moved = math.hypot(found.x - last.x, found.y - last.y) / last.unit
    grown, turned = abs(math.log(found.unit / last.unit)), abs(found.angle - last.angle)
    return moved < STEP[0] and grown < STEP[1] and turned < STEP[2]


def smoothed(places: list[Axes]) -> list[Axes]:
    """Without the tremor of single frames: weights 1 4 6 4 1, no lag; ends stay where they are."""
    if len(places) < SHORTEST:
        return places
    values = np.array([(p.x, p.y, p.angle, math.log(p.unit)) for p in places])
    # what goes on beyond the ends as it came does not pull them inwards
    before = 2 * values[0] - values[2:0:-1]
    after = 2 * values[-1] - values[-2:-4:-1]
    longer = np.concatenate([before, values, after])
    weights = np.array([1, 4, 6, 4, 1]) / 16
    smooth = [np.convolve(row, weights, "valid") for row in longer.T]
    # plain floats: a NumPy scalar would turn every array it touches into float64
    rows = np.stack(smooth, 1).tolist()
    return [Axes(x, y, angle, math.exp(unit)) for x, y, angle, unit in rows]

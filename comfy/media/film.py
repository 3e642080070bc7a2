"""A video as a few numbers a frame: what is looked at when it is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from comfy.media.files import READING
from comfy.media.haar import Box, Cascades, Grey, near, placed

Floats = npt.NDArray[np.float64]

LOOK = 96  # pixels of the longer side in which brightness and movement are measured
FACE_LOOK = 280  # and those in which a face is looked for
TRIES, TRY_EVERY = 6, 10  # frames in which it is, and how far apart they are
SIDE = 64  # pixels of the face's picture
REACH = 6  # pixels by which it may move between two frames
SEEN = 0.5  # correlation with the eyes of its first frame; below it, it is where it was
MOUTH = (slice(42, 62), slice(16, 48))  # of the face's picture: rows, columns
EYES = (slice(12, 36), slice(8, 56))  # what it is followed by: it does not speak


@dataclass(frozen=True)
class Film:
    """`rate` frames a second, `size` in pixels. A row for each frame: `light` (Y, U, V; 8 bits),
    `moved` (mean change since the frame before, levels); `mouth` [n, rows, columns], or None
    where no face was found; `talked`: its change since the frame before, in levels."""

    rate: float
    size: tuple[int, int]
    light: Floats
    moved: Floats
    mouth: npt.NDArray[np.float32] | None
    talked: Floats

    @property
    def seconds(self) -> float:
        return len(self.light) / self.rate


def read_film(path: Path, face: str = "") -> Film:
    """Look at every frame, and at the lips of the "left", "middle" or "right" `face` of several.

    Raises what PyAV raises: see comfy.media.sounds.BROKEN.
    """
    light: list[tuple[float, float, float]] = []
    moved = [0.0]
    lips = _Lips(face)
    before: npt.NDArray[np.int16] | None = None
    with av.open(str(path), options=READING) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or stream.guessed_rate or 25)
        size = stream.width, stream.height
        for luma, blue, red in _planes(container, stream):
            step = max(1, max(luma.shape) // (3 * LOOK))  # quicker, and all the same for a mean
            small = _reduced(np.ascontiguousarray(luma[::step, ::step]), LOOK).astype(np.int16)
            light.append((float(small.mean()), float(blue.mean()), float(red.mean())))
            if before is not None:
                moved.append(float(np.abs(small - before).mean()))
            before = small
            lips.see(luma)
    rows = np.array(light, np.float64).reshape(-1, 3)
    return Film(rate, size, rows, np.array(moved[: len(rows)]), lips.all, np.array(lips.talked))


def _planes(container: Any, stream: Any) -> Iterator[tuple[Grey, Grey, Grey]]:
    """Brightness, and every fourth row and column of both colours, without a conversion."""
    for frame in container.decode(stream):
        shown = (
            frame
            if frame.format.name in ("yuv420p", "yuvj420p")
            else frame.reformat(format="yuv420p")
        )
        luma, blue, red = (_plane(plane) for plane in shown.planes)
        yield luma, blue[::4, ::4], red[::4, ::4]


def _plane(plane: Any) -> Grey:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _reduced(grey: Grey, side: int) -> Grey:
    factor = min(1.0, side / max(grey.shape))
    size = max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def find_face(grey: Grey, cascades: Cascades, which: str = "") -> Box | None:
    """The largest upright face of a picture, in its pixels; or the "left", "middle" or "right"
    one, where several are seen."""
    small = cv2.equalizeHist(_reduced(grey, FACE_LOOK))
    least = max(24, min(small.shape) // 8)
    found = cascades.find(
        "frontalface_alt2", small, step=1.15, neighbours=4, smallest=(least, least)
    )
    if not found:
        return None
    best = max(found, key=lambda box: box.width)
    if which:
        row = near(found)
        if len(row) < 2:
            return None
        best = placed(row, which)
    factor = max(grey.shape) / max(small.shape)
    x, y, width, height = (round(side * factor) for side in best[:4])
    return Box(x, y, width, height, best.weight)


class _Lips:
    """The mouth in each frame, as the face moves."""

    def __init__(self, face: str) -> None:
        self._face = face
        self._cascades = Cascades()
        self._seen = 0
        self._box: Box | None = None
        self._eyes: Grey | None = None
        self._mouths: list[Grey] = []
        self.talked: list[float] = []

    @property
    def all(self) -> npt.NDArray[np.float32] | None:
        return np.array(self._mouths, np.float32) if self._mouths else None

    def see(self, luma: Grey) -> None:
        """The next frame. Frames before the face was found have its first mouth."""
        number, self._seen = self._seen, self._seen + 1
        if self._box is None:
            if number % TRY_EVERY or number >= TRIES * TRY_EVERY:
                return
            self._box = find_face(luma, self._cascades, self._face)
            if self._box is None:
                return
        mouth, change = self._mouth(luma, self._box)
        missing = number + 1 - len(self._mouths)
        self._mouths += [mouth] * missing
        self.talked += [0.0] * (missing - 1) + [change]

    def _mouth(self, luma: Grey, box: Box) -> tuple[Grey, float]:
        """Cut out where the face has moved to; and how much it changed, there or where it was."""
        face = _around(luma, box)
        x, y = self._follow(face, box, luma.shape)
        there, before = (face[v : v + SIDE, u : u + SIDE][MOUTH] for u, v in ((x, y), 2 * (REACH,)))
        if not self._mouths:
            return there.copy(), 0.0
        last = cv2.blur(self._mouths[-1], (2, 2))
        change = min(float(cv2.absdiff(cv2.blur(m, (2, 2)), last).mean()) for m in (there, before))
        return there.copy(), change

    def _follow(self, face: Grey, box: Box, shape: tuple[int, ...]) -> tuple[int, int]:
        """Where the face begins in the picture of its surroundings; the eyes tell."""
        if self._eyes is None:
            self._eyes = face[REACH:-REACH, REACH:-REACH][EYES].copy()
        rows, columns = (slice(part.start, part.stop + 2 * REACH) for part in EYES)
        fit = cv2.matchTemplate(face[rows, columns], self._eyes, cv2.TM_CCOEFF_NORMED)
        _, alike, _, (x, y) = cv2.minMaxLoc(fit)
        if alike <= SEEN:
            return REACH, REACH
        across = box.x + round((x - REACH) * box.width / SIDE)
        down = box.y + round((y - REACH) * box.width / SIDE)
        most = max(0, shape[1] - box.width), max(0, shape[0] - box.width)
        self._box = box._replace(x=min(max(0, across), most[0]), y=min(max(0, down), most[1]))
        return x, y


def _around(luma: Grey, box: Box) -> Grey:
    """A face and what is around it; beyond the picture its edge goes on."""
    edge = round(box.width * REACH / SIDE)
    left, top, side = box.x - edge, box.y - edge, box.width + 2 * edge
    part = luma[max(0, top) : top + side, max(0, left) : left + side]
    above, before = max(0, -top), max(0, -left)
    padding = ((above, side - part.shape[0] - above), (before, side - part.shape[1] - before))
    if any(map(any, padding)):
        part = np.pad(part, padding, "edge")
    whole = SIDE + 2 * REACH
    return np.asarray(cv2.resize(part, (whole, whole), interpolation=cv2.INTER_AREA), np.uint8)

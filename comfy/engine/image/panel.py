"""The plain coloured panel that text was set on: a name plate, a news strip, a box behind a line.

A drawn panel is one colour to the last pixel and its sides are exactly straight and level; a sign
in a photo has shading and perspective, and is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.classify import is_believable, slanted
from comfy.engine.image.instruction import Kind
from comfy.engine.image.text_boxes import Picture, TextBox, reduced
from comfy.engine.image.windows import Mask, Window, around

_GLYPH = 48.0  # px; panels behind larger letters are searched for on a smaller copy
_REACH = 4.0  # letter heights above and below a line in which its panel must end
_SAME = 14  # grey levels in any channel that compression changes a colour by
_EVEN = 3.5  # grey levels; standard deviation of a drawn panel
_MOSTLY = 0.4  # of a line of text is the panel between its letters
_STRAIGHT = 0.85  # of a side must end at the very same pixel
_LARGEST = 0.5  # of the picture; what covers more is its background
_THIN = 0.6  # of a panel's height: how wide a strip of another colour beside it may be
_HIGHEST = 0.35  # of the picture's height; above it stand titles
_RIM = 3  # px around a panel that compression mixes with it


def find_panels(picture: Picture, boxes: Sequence[TextBox]) -> list[Window]:
    """The plain panels under these lines, each with the thin strips that belong to it."""
    found = []
    for box in boxes:
        if not slanted(box) and not box.repeated:
            window = _panel(picture, box)
            if window is not None:
                found.append(window)
    return found


def with_captions(picture: Picture, boxes: Sequence[TextBox]) -> list[TextBox]:
    """The lines, of which those on a panel are subtitles wherever they stand: a video for phones
    has them in its middle, too."""
    highest = _HIGHEST * picture.shape[0]

    def is_caption(box: TextBox) -> bool:
        text = box.kind is Kind.TEXT and is_believable(box) and box.center[1] > highest
        return text and bool(find_panels(picture, [box]))

    return [replace(box, kind=Kind.SUBTITLE) if is_caption(box) else box for box in boxes]


def covers(panel: Window, box: TextBox) -> bool:
    """Whether a line of text stands on this panel."""
    x, y = box.center
    return panel.left <= x < panel.right and panel.top <= y < panel.bottom


def _panel(picture: Picture, box: TextBox) -> Window | None:
    glyph, text = box.glyph_size, around(box.corners)
    strip = Window(0, text.top, picture.shape[1], text.bottom).grown(glyph * _REACH, picture.shape)
    scale = min(1.0, _GLYPH / glyph)
    view = reduced(picture[strip.slices], scale)
    in_strip = np.array(text) - np.array([0, strip.top, 0, strip.top])
    line = Window(*(in_strip * scale).round().astype(int).tolist())
    found = _rectangle(view, line)
    if found is None:
        return None
    # at the strip's border the panel may go on
    if (found.top == 0 and strip.top > 0) or (
        found.bottom == view.shape[0] and strip.bottom < picture.shape[0]
    ):
        return None
    for beside in strips_beside(view, found):
        found = found.union(beside.grown(-_RIM, view.shape))
    left, top, right, bottom = (round(edge / scale) for edge in found)
    placed = Window(left, top + strip.top, right, bottom + strip.top)
    if placed.area > _LARGEST * picture.shape[0] * picture.shape[1]:
        return None
    return placed.grown(_RIM + (2 / scale if scale < 1 else 0), picture.shape)


def _rectangle(view: Picture, seed: Window) -> Window | None:
    """The rectangle of the colour that is the most frequent in `seed`."""
    pixels = view[seed.grown(0, view.shape).slices]
    if not pixels.size:
        return None
    colour = _usual(pixels)
    like = (np.abs(view.astype(np.int16) - colour).max(axis=2) < _SAME).astype(np.uint8)
    seeds = np.zeros(like.shape, bool)
    seeds[seed.slices] = like[seed.slices] > 0
    if seeds.sum() < _MOSTLY * seed.area:
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(like, connectivity=4)
    label = int(np.bincount(labels[seeds]).argmax())
    x, y, width, height = stats[label, :4].tolist()
    whole = labels[y : y + height, x : x + width] == label
    if whole.sum() < _MOSTLY * whole.size:
        return None
    found = _without_fringe(whole).moved(x, y)  # a few pixels outside may be like it
    part = labels[found.slices] == label
    inner = cv2.erode(part.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if not inner.any() or view[found.slices][inner].std(axis=0).max() > _EVEN:
        return None
    if not _straight(part):
        return None
    return found


def _without_fringe(part: Mask) -> Window:
    """The rows and columns of which a fifth or more belongs to the part."""
    rows, columns = (np.flatnonzero(part.mean(axis=axis) > 0.5 * _MOSTLY) for axis in (1, 0))
    return Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _usual(pixels: Picture) -> npt.NDArray[np.int16]:
    """The most frequent colour, to the grey level."""
    flat = pixels.reshape(-1, 3)
    coarse = (flat >> 4).astype(np.int32) @ np.array((256, 16, 1), np.int32)
    near = flat[coarse == np.bincount(coarse).argmax()]
    return np.asarray(np.median(near, axis=0), np.int16)


def _straight(part: Mask) -> bool:
    """Whether all four sides of the part end at the border of its window, corners apart."""
    height, width = part.shape
    corner = min(height, width) // 4
    rows, columns = part[corner : height - corner], part[:, corner : width - corner]
    if rows.size == 0 or columns.size == 0:
        return False
    sides = (
        rows[:, :2].any(axis=1),
        rows[:, -2:].any(axis=1),
        columns[:2].any(axis=0),
        columns[-2:].any(axis=0),
    )
    return all(float(np.mean(side)) > _STRAIGHT for side in sides)


def strips_beside(picture: Picture, panel: Window) -> list[Window]:
    """Thin strips of one colour that run along the whole left or right side of a panel or bar."""
    height = panel.bottom - panel.top
    around_it = panel.grown(height, picture.shape)
    view, (left, top) = picture[around_it.slices], around_it[:2]
    inner = panel.moved(-left, -top)
    found = []
    for first, last in ((inner.left - 5, inner.left - 2), (inner.right + 2, inner.right + 5)):
        if first < 0 or last > view.shape[1] or height <= 6:
            continue
        strip = _rectangle(view, Window(first, inner.top + 3, last, inner.bottom - 3))
        if strip is None or strip.right - strip.left > _THIN * height:
            continue
        if abs(strip.top - inner.top) <= 2 and abs(strip.bottom - inner.bottom) <= 2:
            found.append(strip.moved(left, top).grown(_RIM, picture.shape))
    return found

"""The half-transparent bar behind a subtitle: finding its edges and taking it off again.

Across a straight edge of the bar the scene goes on, so the two sides show the same scene with and
without the bar: inside = keep * outside + tint. Inverting that recovers the true pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.bar_corners import corner_radius, outside_arcs, rounded
from comfy.engine.image.membrane import Floats
from comfy.engine.image.text_boxes import Picture, TextBox, reduced
from comfy.engine.image.windows import Mask, Window, around

_MIN_KEEP = 0.15  # below this hardly any of the scene shines through
_EDGE = 5  # px next to an edge that are compared
_GLYPH = 64.0  # px; bars behind larger letters are searched for on a smaller copy
_ABOVE = 1.5  # letter heights between the text and an edge of its bar
_BLACK = float(np.log(24))  # of brightness + 4: a dark bar does not show on black
_PAST = 60  # px looked at beyond a side
_LEAST_SEEN = 0.3  # of an edge's pixels must be brighter than that
_ALONG = 9  # px along an edge over which its change is averaged
_GAP = 15  # px, at least
_SLACK = 12.0  # grey levels by which compression may miss
_TALLER = 0.8  # of a bar's height; no letter is so tall
_PARTLY = 0.3  # of it, where the blurred edge of a bar ends
_MARGIN = 8  # px of picture needed around a bar's edge


@dataclass(frozen=True)
class Bar:
    """A bar and how it changed the scene: inside = keep * outside + tint (per channel, 0..255)."""

    window: Window
    keep: float
    tint: tuple[float, float, float]
    blur: float  # px by which an edge may be off


@dataclass(frozen=True)
class _Edge:
    strength: float  # 0 = none
    place: int
    step: float  # change of log brightness across the edge
    agreement: float  # share of the pixels along the edge that change the same way


def find_bar(picture: Picture, lines: Sequence[TextBox]) -> Bar | None:
    """The bar behind these lines of one subtitle, if there is one that lets the scene through."""
    glyph = float(np.median([line.glyph_size for line in lines]))
    text = around(np.concatenate([line.corners for line in lines]))
    strip = Window(0, text.top, picture.shape[1], text.bottom).grown(
        glyph * (_ABOVE + 0.1) + _MARGIN, picture.shape
    )
    scale = min(1.0, _GLYPH / glyph)
    view = reduced(picture[strip.slices], scale)
    in_strip = np.array(text) - np.array([0, strip.top, 0, strip.top])
    line = Window(*(in_strip * scale).round().astype(int).tolist())
    found = _edges(view, line, glyph * scale)
    pixels = view.astype(np.float32)
    fitted = _fit(pixels, found) if found else None
    if found is not None and fitted is not None:
        possible = _possible(pixels, found, line.grown(0.1 * glyph * scale, view.shape), *fitted)
        if possible != found:
            found, fitted = possible, _fit(pixels, possible)
    if found is None or fitted is None:
        return None
    left, top, right, bottom = (round(edge / scale) for edge in found)
    right = picture.shape[1] if found.right == view.shape[1] else right
    placed = Window(left, top + strip.top, right, bottom + strip.top)
    return Bar(placed, *fitted, blur=1 / scale)


def take_off(picture: Picture, bar: Bar) -> list[tuple[Window, Mask]]:
    """Un-blend the bar, in place. Returns what lies along its edges, which stays uncertain."""
    window = bar.window.grown(_MARGIN + 2 * bar.blur, picture.shape)
    before = picture[window.slices].copy()
    view = picture[bar.window.slices]
    for row in range(view.shape[0]):  # row by row: no float copy of the whole bar
        scene = (view[row].astype(np.float32) - np.array(bar.tint, np.float32)) / bar.keep
        view[row] = np.clip(scene, 0, 255).round().astype(np.uint8)
    after = picture[window.slices]
    left, top = window[:2]
    inner = Window(*(np.array(bar.window) - np.array([left, top, left, top])).tolist())
    radius = 0
    if bar.window.left > 0 and bar.window.right < picture.shape[1]:
        radius = corner_radius(before, after, inner)
        free = outside_arcs(after.shape, inner, radius)
        after[free] = before[free]
    return [(window, _rim(after.shape, inner, radius, bar, picture.shape[1]))]


def _rim(shape: tuple[int, ...], bar: Window, radius: int, place: Bar, width: int) -> Mask:
    """The pixels on both sides of the bar's outline."""
    inside = np.zeros(shape[:2], np.uint8)
    inside[bar.slices] = rounded((bar.bottom - bar.top, bar.right - bar.left), radius)
    reach = int(np.ceil(2 * place.blur))
    brush = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    framed = cv2.copyMakeBorder(inside, 0, 0, 1, 1, cv2.BORDER_CONSTANT, value=0)
    if place.window.left == 0 and place.window.right == width:
        framed[:, [0, -1]] = framed[:, [1, -2]]  # the picture's own border is no edge of the bar
    rim = cv2.dilate(framed, brush) & (1 - cv2.erode(framed, brush))
    return np.asarray(rim[:, 1:-1] > 0, bool)


def _edges(view: Picture, text: Window, glyph: float) -> Window | None:
    """The four edges around the text, or the whole width of the picture."""
    light = np.log(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32) + 4)
    inset = int((text.right - text.left) * 0.05)
    columns = slice(max(0, text.left + inset), text.right - inset)
    above = range(int(text.top - glyph * _ABOVE), int(text.top + glyph * 0.1))
    below = range(int(text.bottom - glyph * 0.1), int(text.bottom + glyph * _ABOVE))
    top, bottom = _best(light[:, columns], above), _best(light[:, columns], below)
    if top is None or bottom is None or not _opposite(top, bottom):
        return None
    rows = light[top.place + 2 : bottom.place - 2].T
    if rows.shape[1] < 4:
        return None
    left = _upright(rows, range(int(text.left - glyph * 1.6), int(text.left + glyph * 0.1)))
    right = _upright(rows, range(int(text.right - glyph * 0.1), int(text.right + glyph * 1.6)))
    upper, lower = (_goes_on(light, edge) for edge in (top, bottom))
    both = upper & lower
    gap = max(_GAP, int(glyph) | 1)
    start, end = _ends(upper, both, text, gap)
    if left is None or _goes_past(both[max(0, left - _PAST) : max(0, left - 4)]):
        left = 0 if start == 0 else _upright(rows, range(start - gap, start + gap + 1))
    if right is None or _goes_past(both[right + 4 : right + _PAST]):
        right = end if end == view.shape[1] else _upright(rows, range(end - gap, end + gap + 1))
    if left is None or right is None:
        return None
    return Window(left, top.place, right, bottom.place)


def _goes_on(light: Floats, edge: _Edge) -> Mask:
    """The columns in which the picture changes as it does across the edge, or is black."""
    step = cv2.blur(_step(light, edge.place)[None], (_ALONG, 1))[0]
    same = np.sign(step) == np.sign(edge.step)
    return np.asarray(same | _black(light, edge.place), bool)


def _black(light: Floats, place: int) -> Mask:
    """The columns that are black on both sides of a row."""
    return np.asarray(np.maximum(light[place - 2], light[place + 1]) <= _BLACK, bool)


def _goes_past(beyond: Mask) -> bool:
    """Whether top and bottom edge run on past a side: then that is an edge of the scene."""
    return beyond.size > _PAST // 2 and float(beyond.mean()) > 0.85


def _ends(upper: Mask, both: Mask, text: Window, gap: int) -> tuple[int, int]:
    """How far the top and bottom edges go on, left and right of the text, over gaps of some px in
    which an edge of the scene is stronger."""
    width = len(upper)
    if upper.mean() > 0.85:
        return 0, width
    breaks = cv2.blur(both.astype(np.float32)[None], (gap, 1))[0] < 0.6
    before = np.flatnonzero(breaks[: max(0, text.left)])
    after = np.flatnonzero(breaks[text.right :])
    start = int(before[-1]) if before.size else 0
    return start, text.right + int(after[0]) if after.size else width


def _upright(rows: Floats, places: range) -> int | None:
    """The column of a side edge of the bar."""
    edge = _best(rows, places)
    return edge.place if edge is not None and edge.agreement >= 0.8 else None


def _opposite(top: _Edge, bottom: _Edge) -> bool:
    """Whether the scene gets darker (or lighter) at one edge and back at the other."""
    return (
        min(top.agreement, bottom.agreement) >= 0.86
        and top.step * bottom.step < 0
        and min(abs(top.step), abs(bottom.step)) >= 0.1
    )


def _best(light: Floats, places: range) -> _Edge | None:
    """The strongest straight edge between rows of `light` at one of these rows."""
    best: _Edge | None = None
    for place in places:
        if not 3 <= place < light.shape[0] - 3:
            continue
        change = _step(light, place)
        change = change[np.maximum(light[place - 2], light[place + 1]) > _BLACK]
        if change.size < _LEAST_SEEN * light.shape[1]:
            continue
        step = float(np.median(change))
        agreement = float((np.sign(change) == np.sign(step)).mean())
        strength = abs(step) * max(0.0, agreement - 0.7)
        if best is None or strength > best.strength:
            best = _Edge(strength, place, step, agreement)
    return best


def _step(light: Floats, place: int) -> Floats:
    """Change of log brightness across a row, for each column."""
    below = light[place + 1 : place + 3].mean(axis=0)
    return np.asarray(below - light[place - 2 : place].mean(axis=0), np.float32)


def _fit(view: Floats, bar: Window) -> tuple[float, tuple[float, float, float]] | None:
    """`keep` and `tint`, fitted robustly to the pixels on both sides of the edges."""
    inside, outside = _pairs(view, bar)
    keep = float(np.median(_deviation(inside) / np.maximum(_deviation(outside), 1e-3)))
    for _ in range(6):
        tint = np.median(inside - keep * outside, axis=0)
        error = np.abs(inside - keep * outside - tint).sum(axis=1)
        good = error < np.percentile(error, 70)
        if not good.any():
            break
        x = (outside[good] - outside[good].mean(axis=0)).ravel()
        y = (inside[good] - inside[good].mean(axis=0)).ravel()
        # both sides vary alike, also where a fine texture is another two pixels on: a regression
        # would take that for a bar that keeps less
        keep = float(np.clip(np.sqrt((y * y).sum() / max(1e-3, (x * x).sum())), 0, 1))
    if keep < _MIN_KEEP:
        return None
    red, green, blue = np.median(inside - keep * outside, axis=0).tolist()
    return keep, (red, green, blue)


def _possible(
    view: Floats, bar: Window, text: Window, keep: float, tint: tuple[float, float, float]
) -> Window:
    """The bar up to where the scene under it would be brighter than white or darker than black:
    an edge of the scene was taken for the bar's."""
    scene = (view[bar.top + 2 : bar.bottom - 2, bar.left : bar.right] - np.array(tint)) / keep
    wrong = (np.abs(scene - 127.5) > 127.5 + _SLACK).any(axis=2).mean(axis=0)
    left = _first_right(wrong[: max(0, text.left - bar.left)])
    right = _first_right(wrong[max(0, text.right - bar.left) :][::-1])
    return bar._replace(left=bar.left + left, right=bar.right - right)


def _first_right(wrong: npt.NDArray[np.floating]) -> int:
    """How many columns, of some towards the text, are wrong for most of a bar's height; 0 for so
    few that only the bar's own edge is blurred."""
    most = np.flatnonzero(wrong > _TALLER)
    if not most.size or most[-1] < _EDGE:
        return 0
    rest = np.flatnonzero(wrong[most[-1] :] < _PARTLY)
    return int(most[-1] + (rest[0] if rest.size else 1))


def _deviation(colours: Floats) -> Floats:
    return np.asarray(np.median(np.abs(colours - np.median(colours, axis=0)), axis=0), np.float32)


def _pairs(view: Floats, bar: Window) -> tuple[Floats, Floats]:
    """Pixels just inside the bar, and the ones opposite them just outside, as [n, 3]."""
    left, top, right, bottom = bar
    inside, outside = [], []
    across: list[tuple[npt.NDArray[np.float32], int, int, slice]] = [
        (view, top, 1, slice(left + 3, right - 3)),
        (view, bottom, -1, slice(left + 3, right - 3)),
        (view.transpose(1, 0, 2), left, 1, slice(top + 3, bottom - 3)),
        (view.transpose(1, 0, 2), right, -1, slice(top + 3, bottom - 3)),
    ]
    for pixels, edge, inward, along in across:
        near = _band(edge, inward)
        far = _band(edge, -inward)
        if far.start >= 0 and far.stop <= pixels.shape[0]:
            inside.append(_mean_line(pixels[near, along]))
            outside.append(_mean_line(pixels[far, along]))
    return np.concatenate(inside), np.concatenate(outside)


def _band(edge: int, direction: int) -> slice:
    """Three rows on one side of an edge, two rows away from it (compression blurs the edge)."""
    return slice(edge + 2, edge + _EDGE) if direction > 0 else slice(edge - _EDGE, edge - 2)


def _mean_line(band: Floats) -> Floats:
    return np.asarray(cv2.blur(np.ascontiguousarray(band), (5, 3)).mean(axis=0), np.float32)

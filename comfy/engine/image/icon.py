"""The small mark that often stands next to a watermark's text: a logo, a play button."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.colours import colour_distance
from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.text_boxes import Picture, TextBox
from comfy.engine.image.windows import Mask, Window, around, dilate

_SAME = 18.0  # L*a*b* distance within one colour
_FOREIGN = 26.0  # L*a*b* distance from all colours around
_BUSY = 14.0  # L*a*b* distance; more varied surroundings hide where an icon ends


def icon_mask(picture: Picture, box: TextBox) -> list[tuple[Window, Mask]]:
    """Masks of icons left and right of a line of text, each with its window of the picture."""
    glyph, text = box.glyph_size, around(box.corners)
    reach, rise, within = int(2.4 * glyph), int(0.7 * glyph), int(1.7 * glyph)
    sides = [
        Window(text.left - reach, text.top - rise, text.left - 1, text.bottom + rise),
        Window(text.right, text.top - rise, text.right + reach, text.bottom + rise),
    ]
    if box.width > 2 * within:  # the reader may take an icon for a letter
        sides.append(sides[0]._replace(right=text.left + within))
    found = []
    for side in sides:
        window = side.grown(0, picture.shape)
        if min(window.right - window.left, window.bottom - window.top) < glyph * 0.5:
            continue
        mask = _icon(picture[window.slices], glyph)
        if mask.any():
            found.append((window, mask))
    return found


def _icon(view: Picture, glyph: float) -> Mask:
    lab = np.asarray(cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    nothing = np.zeros(lab.shape[:2], bool)
    inner = nothing.copy()
    border = max(2, int(glyph * 0.12))
    inner[border:-border, border:-border] = True
    if not inner.any():
        return nothing
    if _is_busy(lab[~inner]):
        return _plain_badge(lab, glyph) | _foreign_badge(lab, ~inner, glyph)
    change = colour_distance(lab, membrane(lab, inner))
    noise = float(np.percentile(change[~inner], 90))
    marks = (change > max(8, noise * 2.5)).view(np.uint8)
    closed = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return _hulls(closed, glyph)


def _plain_badge(lab: Floats, glyph: float) -> Mask:
    """A disc or box in one colour that its busy surroundings do not have, level with the text."""
    cv2.setRNGSeed(1)  # same picture, same mask
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 0.5)
    samples = lab.reshape(-1, 3)
    if len(samples) < 100:
        return np.zeros(lab.shape[:2], bool)
    _, _, colours = cv2.kmeans(samples, 5, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    result = np.zeros(lab.shape[:2], bool)
    for colour in colours:
        like = colour_distance(lab, colour) < _SAME
        count, labels, stats, middles = cv2.connectedComponentsWithStats(like.view(np.uint8))
        for label in range(1, count):
            level = abs(middles[label][1] - lab.shape[0] / 2) < 0.35 * glyph
            if level and _fits(stats[label].tolist(), lab.shape, glyph, smallest=0.8, filled=0.45):
                hull = _hull(labels == label)
                rim = dilate(hull, 9) & ~dilate(hull, 5)
                if like[hull].mean() > 0.6 and like[rim].mean() < 0.1:
                    result |= dilate(hull, 7)
    return result


def _foreign_badge(lab: Floats, frame: Mask, glyph: float) -> Mask:
    """A solid mark, level with the text, whose colours the frame around it does not have."""
    result = np.zeros(lab.shape[:2], bool)
    samples = lab[frame]
    if len(samples) < 100:
        return result
    cv2.setRNGSeed(1)  # same picture, same mask
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 0.5)
    _, _, colours = cv2.kmeans(samples, 6, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    away = np.min([colour_distance(lab, colour) for colour in colours], axis=0)
    foreign = (away > _FOREIGN).view(np.uint8)
    closed = cv2.morphologyEx(foreign, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, middles = cv2.connectedComponentsWithStats(closed)
    for label in range(1, count):
        level = abs(middles[label][1] - lab.shape[0] / 2) < 0.35 * glyph
        if level and _fits(stats[label].tolist(), lab.shape, glyph, smallest=0.6, filled=0.5):
            hull = _hull(labels == label)
            rim = dilate(hull, 9) & ~dilate(hull, 5)
            if closed[rim].mean() < 0.1:
                result |= dilate(hull, 7)
    return result


def _is_busy(frame: Floats) -> bool:
    away = colour_distance(frame, np.median(frame, axis=0))
    return float(np.percentile(away, 80)) > _BUSY


def _hulls(marks: npt.NDArray[np.uint8], glyph: float) -> Mask:
    """Convex hulls of the parts that have an icon's size and lie within the window."""
    result = np.zeros(marks.shape, bool)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marks)
    for label in range(1, count):
        if _fits(stats[label].tolist(), marks.shape, glyph, smallest=0.25, filled=0.15):
            result |= _hull(labels == label)
    return dilate(result, 5) if result.any() else result


def _fits(
    stats: list[int], shape: tuple[int, ...], glyph: float, *, smallest: float, filled: float
) -> bool:
    """Whether a connected part lies within the window and is as large and solid as an icon."""
    x, y, width, height, area = stats
    within = x > 0 and y > 0 and x + width < shape[1] and y + height < shape[0]
    sized = smallest * glyph < height < 2.2 * glyph and smallest * glyph < width < 2.4 * glyph
    return within and sized and area > filled * width * height


def _hull(part: Mask) -> Mask:
    points = np.argwhere(part)[:, ::-1].astype(np.int32)
    result = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(result, [cv2.convexHull(points)], 1)
    return result.astype(bool)

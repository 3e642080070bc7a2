"""Which pixels a line of text covers: its letters, their outline and the soft border around it."""

from __future__ import annotations

import cv2
import numpy as np

from comfy.engine.image.colours import colour_distance
from comfy.engine.image.glyph_colour import Areas, glyph_pixels
from comfy.engine.image.glyph_shape import SAME, background_blobs, letter_pixels
from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.outline import find_border
from comfy.engine.image.soft_shadow import soft_shadow
from comfy.engine.image.text_boxes import Picture, TextBox, reduced
from comfy.engine.image.windows import Corners, Mask, Window, around, dilate, polygon

_MAX_GLYPH = 120.0  # px; larger letters are masked on a smaller copy
_SHOWN = 25.0  # L*a*b* distance from the scene that hardly anything but a text has
_CALM = 6.0  # L*a*b* units that most of a scene is off by where one can tell what is in it
_EDGE = 0.4  # share of a letter in the pixels at its edge
_BOX_GROWTH = 0.12  # of the letter height: detectors cut boxes close


def stroke_mask(picture: Picture, box: TextBox, *, shadow: bool = True) -> tuple[Window, Mask]:
    """The text's pixels, as a mask of a window of the picture.

    `shadow`: whether the text may have a soft shadow; text on a bar has none.
    """
    margin = box.glyph_size * (0.8 + _BOX_GROWTH) + 8
    window = around(box.corners).grown(margin, picture.shape)
    if not window.area:
        return window, np.zeros((0, 0), bool)
    view = picture[window.slices]
    scale = min(1.0, _MAX_GLYPH / box.glyph_size)
    small = reduced(view, scale)
    corners = (box.corners - np.array(window[:2], np.float32)) * np.float32(scale)
    mask = _mask(small, corners, box.glyph_size * scale, shadow)
    if scale < 1:
        mask = _enlarged(mask, view.shape, scale)
    return window, mask


def _enlarged(mask: Mask, shape: tuple[int, ...], scale: float) -> Mask:
    size = shape[1], shape[0]
    soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return dilate(soft > 0.3, 2 * round(0.5 / scale) + 1)


def _mask(view: Picture, corners: Corners, glyph: float, shadow: bool) -> Mask:
    lab = _lab(view)
    areas = _areas(lab.shape, corners, glyph)
    seed = glyph_pixels(lab, areas, glyph)
    if seed is None:  # no letters told apart: give up the whole box
        return areas.inside
    letters = letter_pixels(lab, seed, areas, glyph)
    mask, outlined = _with_surroundings(lab, letters, areas, glyph)
    if shadow and not outlined:
        mask |= soft_shadow(lab[..., 0], mask, glyph)
    return mask


def _lab(view: Picture) -> Floats:
    return np.asarray(cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _areas(shape: tuple[int, ...], corners: Corners, glyph: float) -> Areas:
    inside = polygon(shape, corners, max(2, glyph * _BOX_GROWTH))
    core = polygon(shape, corners, -glyph * 0.12)
    ring = dilate(inside, int(glyph * 0.5) | 1) & ~inside
    edge = inside & ~polygon(shape, corners)
    edge |= ring & dilate(inside, int(glyph * 0.2) | 1)
    return Areas(inside, core if np.count_nonzero(core) >= 30 else inside, edge)


def _with_surroundings(lab: Floats, letters: Mask, areas: Areas, glyph: float) -> tuple[Mask, bool]:
    """The letters with their outline and antialiased border, and whether there is an outline."""
    reach = max(3, round(glyph * 0.16))  # widest outline
    distance = _distance(letters)
    behind = membrane(lab, dilate((distance <= reach) & areas.inside, 3))
    change = colour_distance(lab, behind)
    fill = np.median(lab[letters], axis=0)
    apart = [colour_distance(lab, fill)]
    border = find_border(lab, behind, fill, distance, areas.inside, reach)
    if border.colour is not None:
        distance = _distance(_to_their_edge(lab, letters, distance, fill, border.colour))
        again = find_border(lab, behind, fill, distance, areas.inside, reach)
        border = border if again.colour is None else again
    width, soft, outline = border
    mask: Mask = distance <= width + soft + 0.5
    if outline is not None:
        apart.append(colour_distance(lab, outline))
        near = distance <= width + max(2, glyph * 0.1)
        shadow = (apart[1] < 14) & (change > _SHOWN) & near & areas.inside & ~mask
        mask |= _small_parts(shadow, glyph * glyph * 0.1)
    bounds = dilate(areas.inside, 2 * soft + 1)
    mask &= bounds | (distance <= 1)
    if outline is None:
        mask |= _foreign(lab, mask, areas, glyph)
    like = np.min(apart, axis=0) < SAME
    return mask | _enclosed(mask, change > _SHOWN, like, glyph), outline is not None


def _distance(letters: Mask) -> Floats:
    """Of each pixel from the next letter, px."""
    return np.asarray(cv2.distanceTransform((~letters).view(np.uint8), cv2.DIST_L2, 3), np.float32)


def _to_their_edge(
    lab: Floats, letters: Mask, distance: Floats, fill: Floats, outline: Floats
) -> Mask:
    """The letters up to where they are mixed with their outline: corners lost to blur would be
    missing in all that is measured from the letters."""
    toward = fill - outline
    share = (lab - outline) @ (toward / np.square(toward).sum())
    return np.asarray(letters | ((distance <= 1.5) & (share > _EDGE)), bool)


def _foreign(lab: Floats, mask: Mask, areas: Areas, glyph: float) -> Mask:
    """Parts of the box that look like letters and are unlike the scene around it, as far as that
    tells what is in the box at all: letters of another colour, and what else was missed."""
    rest = areas.inside & ~dilate(mask, 3)
    if np.count_nonzero(rest) < 50:
        return np.zeros_like(mask)
    change = colour_distance(lab, membrane(lab, dilate(areas.inside, 3)))
    scene = float(np.percentile(change[rest], 75))
    if scene > _CALM:
        return np.zeros_like(mask)
    unlike = change > max(2.5 * scene, 10)
    # together with what is masked a part may look like a letter, and alone a rest of one
    looks = [
        seen & ~background_blobs(seen, areas.inside, glyph) for seen in (unlike, unlike & ~mask)
    ]
    return (looks[0] | looks[1]) & areas.inside


def _enclosed(mask: Mask, unlike: Mask, like: Mask, glyph: float) -> Mask:
    """Gaps in the mask that look unlike the scene, if they are small or like the text: the middle
    of thick strokes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8))
    sizes = stats[:, cv2.CC_STAT_AREA]

    def mostly(marked: Mask) -> Mask:
        return np.asarray(np.bincount(labels[marked], minlength=count) > 0.5 * sizes, bool)

    inner = (sizes < (glyph * 0.2) ** 2) & mostly(unlike)
    inner |= (sizes < glyph * glyph * 0.5) & mostly(like & unlike)
    inner[0] = False
    return np.asarray(inner[labels], bool)


def _small_parts(mask: Mask, limit: float) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    small = stats[:, cv2.CC_STAT_AREA] < limit
    small[0] = False
    return np.asarray(small[labels], bool)

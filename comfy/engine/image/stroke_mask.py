"""Which pixels a line of text covers: its letters, their outline and the soft border around it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.colours import colour_distance
from comfy.engine.image.glyph_colour import Areas, glyph_pixels
from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.soft_shadow import soft_shadow
from comfy.engine.image.text_boxes import Picture, TextBox, reduced
from comfy.engine.image.windows import Corners, Mask, Window, around, dilate, ellipse, polygon

_MAX_GLYPH = 120.0  # px; larger letters are masked on a smaller copy
_FOREIGN = 40.0  # L*a*b* distance from the scene that only a letter has
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
    letters = _letters(lab, seed, areas, glyph)
    distance = cv2.distanceTransform((~letters).view(np.uint8), cv2.DIST_L2, 3)
    mask, outlined = _with_surroundings(lab, letters, distance, areas, glyph)
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
    return Areas(inside, core if np.count_nonzero(core) >= 30 else inside, edge, ring)


def _letters(lab: Floats, seed: Mask, areas: Areas, glyph: float) -> Mask:
    """All pixels of the letters' colour, without blobs of background in that colour."""
    central = seed & areas.core
    colour = np.median(lab[central if central.any() else seed], axis=0)
    # lightness varies more than hue within a stroke
    difference = colour_distance(lab, colour, (0.8, 1, 1))
    tolerance = np.clip(np.percentile(difference[seed], 85) * 1.15, 8, 26)
    like = difference < tolerance
    letters = like & areas.inside & ~_background_blobs(like, areas.inside, glyph)
    if np.count_nonzero(letters) < max(12, 0.25 * np.count_nonzero(seed)):
        return np.asarray(seed & areas.inside, bool)
    return np.asarray(letters, bool)


def _background_blobs(like: Mask, inside: Mask, glyph: float) -> Mask:
    """Connected parts that reach far out of the box, are thicker than strokes, or are specks."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(like.view(np.uint8), connectivity=8)
    sizes = np.maximum(stats[:, cv2.CC_STAT_AREA], 1)

    def share(mask: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        inside_each = np.bincount(labels.ravel(), mask.ravel().astype(float), count)
        return np.asarray(inside_each / sizes, float)

    outside = 1 - share(inside)
    pen = ellipse(max(1, round(glyph * 0.16)))
    thick = share(cv2.morphologyEx(like.view(np.uint8), cv2.MORPH_OPEN, pen))
    bad = (outside > 0.35) & ((thick > 0.3) | (outside > 0.6))
    bad |= (thick > 0.75) & (sizes > glyph * glyph * 0.15)
    bad |= sizes < max(3, (glyph * 0.045) ** 2)
    bad[0] = True
    return np.asarray(bad[labels], bool)


def _with_surroundings(
    lab: Floats, letters: Mask, distance: Floats, areas: Areas, glyph: float
) -> tuple[Mask, bool]:
    """The letters with their outline and antialiased border, and whether there is an outline."""
    reach = max(2, round(glyph * 0.16))  # widest outline
    behind = membrane(lab, dilate((distance <= reach) & areas.inside, 3))
    change = colour_distance(lab, behind)
    beyond = (distance > reach) & (distance <= reach * 2.2)
    spread = _spread(lab[areas.ring])
    calm = float(np.percentile(change[beyond], 60)) if np.count_nonzero(beyond) > 50 else spread
    width, outline = _outline(lab, letters, distance, areas, reach)
    soft = 1 if glyph < 40 else 2
    mask: Mask = distance <= width + soft + 0.5
    if outline is not None:
        near = distance <= width + max(2, glyph * 0.1)
        shadow = (colour_distance(lab, outline) < 14) & near & areas.inside & ~mask
        mask |= _small_parts(shadow, glyph * glyph * 0.1)
    bounds = dilate(areas.inside, 2 * soft + 1)
    mask &= bounds | (distance <= 1)
    ringing = distance <= width + soft + max(1.5, glyph * 0.06)
    foreign = change > max(calm * 2.2, 10)
    mask |= ringing & foreign & bounds
    return mask | _enclosed(mask, change > _FOREIGN, glyph), outline is not None


def _enclosed(mask: Mask, foreign: Mask, glyph: float) -> Mask:
    """Small gaps in the mask that look nothing like the scene: where an outline was taken for the
    letters, the middle of their thickest strokes."""
    gaps = ~mask
    count, labels, stats, _ = cv2.connectedComponentsWithStats(gaps.view(np.uint8))
    sizes = stats[:, cv2.CC_STAT_AREA]
    foreign_each = np.bincount(labels[foreign], minlength=count)
    inner = (sizes < (glyph * 0.2) ** 2) & (foreign_each > 0.5 * sizes)
    inner[0] = False
    return np.asarray(inner[labels], bool)


def _spread(colours: Floats) -> float:
    if len(colours) <= 50:
        return 10.0
    return float(np.median(colour_distance(colours, np.median(colours, axis=0))))


def _outline(
    lab: Floats,
    letters: Mask,
    distance: Floats,
    areas: Areas,
    reach: int,
) -> tuple[int, Floats | None]:
    """Width in px and colour of the outline, from the pixels at each distance from the letters."""
    fill_colour = np.median(lab[letters], axis=0)
    around_text = lab[areas.ring]
    background = np.median(around_text, axis=0) if len(around_text) > 50 else None
    spread = _spread(around_text)
    width, outline = 0, None
    near = (distance > 0.5) & (distance <= reach + 0.5) & areas.inside
    near_colours, near_distance = lab[near], distance[near]
    for radius in range(1, reach + 1):
        colours = near_colours[(near_distance > radius - 0.5) & (near_distance <= radius + 0.5)]
        if len(colours) < 20:
            break
        colour = np.median(colours, axis=0)
        even = np.median(colour_distance(colours, colour)) < max(9, 0.6 * spread)
        if outline is None and radius <= max(2, reach // 2) and even:
            new = background is None or np.linalg.norm(colour - background) > 12
            outline = colour if new and np.linalg.norm(colour - fill_colour) > 25 else None
        if outline is not None and radius > 1:
            same = (colour_distance(colours, outline) < 18).mean()
            width = radius if same > 0.5 else width
    return width, outline


def _small_parts(mask: Mask, limit: float) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    small = stats[:, cv2.CC_STAT_AREA] < limit
    small[0] = False
    return np.asarray(small[labels], bool)

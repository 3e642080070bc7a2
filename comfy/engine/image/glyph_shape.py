"""Which pixels of a text box are letters: all of their colour, by the shape of what has it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.colours import colour_distance
from comfy.engine.image.glyph_colour import Areas
from comfy.engine.image.membrane import Floats
from comfy.engine.image.windows import Mask, dilate, ellipse, parts_with

SAME = 18.0
"""L*a*b* distance up to which two pixels of a text are of one colour."""

_SHARES = (0.5, 0.25)  # of the tolerance
_INNER = 0.4  # of an outline's pixels are enclosed by it at least; what letters enclose is less


def letter_pixels(lab: Floats, seed: Mask, areas: Areas, glyph: float) -> Mask:
    """All pixels of the letters that `seed` is some of: [height, width]."""
    return _enclosed(lab, _of_one_colour(lab, seed, areas, glyph), areas)


def _of_one_colour(lab: Floats, seed: Mask, areas: Areas, glyph: float) -> Mask:
    """All pixels of the letters' colour, without blobs of background in that colour."""
    central = seed & areas.core
    colour = np.median(lab[central if central.any() else seed], axis=0)
    # lightness varies more than hue within a stroke
    difference = colour_distance(lab, colour, (0.8, 1, 1))
    tolerance = float(np.clip(np.percentile(difference[seed], 85) * 1.15, 8, 26))
    like = difference < tolerance
    letters = like & areas.inside & ~background_blobs(like, areas.inside, glyph)
    for share in _SHARES:  # letters that run into a scene of almost their colour
        exact = difference < tolerance * share
        letters |= exact & areas.inside & ~background_blobs(exact, areas.inside, glyph, 0.02)
    exact &= areas.core
    if np.count_nonzero(exact & letters) > 0.5 * np.count_nonzero(letters):
        letters &= parts_with(letters, exact)
    if np.count_nonzero(letters) < max(12, 0.25 * np.count_nonzero(seed)):
        return np.asarray(seed & areas.inside, bool)
    return np.asarray(letters, bool)


def _enclosed(lab: Floats, letters: Mask, areas: Areas) -> Mask:
    """What these letters enclose, if that is the letters and these are their outline."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~letters).view(np.uint8), connectivity=4
    )
    within = np.ones(count, bool)
    within[np.unique(labels[~areas.inside])] = within[0] = False
    enclosed = within[labels]
    least = _INNER * np.count_nonzero(letters)
    if np.count_nonzero(enclosed) < least:
        return letters
    colour = np.median(lab[enclosed], axis=0)
    like = colour_distance(lab, colour) < SAME
    alike = np.bincount(labels[like], minlength=count) > 0.5 * stats[:, cv2.CC_STAT_AREA]
    inner = (within & alike)[labels]
    beside = dilate(letters, 7) & ~letters & ~enclosed
    of_the_scene = np.count_nonzero(like & beside) > 0.5 * np.count_nonzero(beside)
    if of_the_scene or np.count_nonzero(inner) < least:
        return letters
    return np.asarray(inner, bool)


def background_blobs(like: Mask, inside: Mask, glyph: float, most: float = 0.35) -> Mask:
    """Connected parts that reach far out of the box, are thicker than strokes, or are specks.

    `most` of a part, 0..1, may lie outside where it is thick, and twice as much where it is thin.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(like.view(np.uint8), connectivity=8)
    sizes = np.maximum(stats[:, cv2.CC_STAT_AREA], 1)

    def share(mask: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        inside_each = np.bincount(labels.ravel(), mask.ravel().astype(float), count)
        return np.asarray(inside_each / sizes, float)

    outside = 1 - share(inside)
    pen = ellipse(max(1, round(glyph * 0.16)))
    thick = share(cv2.morphologyEx(like.view(np.uint8), cv2.MORPH_OPEN, pen))
    bad = (outside > most) & ((thick > 0.3) | (outside > min(0.6, 2 * most)))
    bad |= (thick > 0.75) & (sizes > glyph * glyph * 0.15)
    bad |= sizes < max(3, (glyph * 0.045) ** 2)
    bad[0] = True
    return np.asarray(bad[labels], bool)

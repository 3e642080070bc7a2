"""Nothing else moves: what a model changed is put into the original, everything else stays.

Models that edit pictures give them back in another size, shifted by some pixels, in slightly other
colours and without their finest detail. Here such a result is laid over the original, its colours
are matched, and only the area that was really changed is taken from it. All other pixels are the
original's, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from comfy.media.files import written_whole
from comfy.media.registration import (
    INVERSE,
    NEAR,
    Bounds,
    Floats,
    Mask,
    Picture,
    colour_fit,
    disc,
    in_full,
    read_picture,
    recoloured,
    reduced,
    registered,
    seen_area,
)

BASE, TEXTURE, ROUGH = 14.0, 0.6, 4.0  # what counts as changed: levels, per level of texture
SEED = 1.8  # a changed area has a pixel that is this much clearer than the limit
SMALLEST = 12  # pixels of a changed area in the reduced copy
GROWN = 9  # pixels that an area is grown by, in the reduced copy, for what is soft at its edge
FEATHER = 5.0  # of them, from the edge inwards, are mixed
MOST = 0.5  # share of the picture that may change; above it all was painted anew on purpose
ROWS = 256  # that are mixed at once

REPAINTED, UNREGISTERED, UNCHANGED = "repainted", "unregistered", "unchanged"


@dataclass(frozen=True)
class Pasted:
    """The mended picture and the share of its pixels, 0 to 1, that may differ from the original.

    Without a picture `reason` is "repainted" (too much changed: somebody asked for it),
    "unregistered" (the result does not lie over the original) or "unchanged".
    """

    picture: Picture | None
    share: float
    reason: str = ""


def paste_back_file(
    original: Path, result: Path, target: Path, bounds: Bounds = NEAR
) -> tuple[float, str]:
    """`paste_back` from files into a PNG; share and reason. No file is written with a reason.

    Raises OSError or ValueError for a file that is no picture.
    """
    before, after = read_picture(original), read_picture(result)
    pasted = paste_back(before, after, bounds)
    if pasted.picture is not None:
        with written_whole(target) as part:
            Image.fromarray(pasted.picture).save(part, "PNG", compress_level=1)
    return pasted.share, pasted.reason


def paste_back(original: Picture, result: Picture, bounds: Bounds = NEAR) -> Pasted:
    """Only what `result` really changed, in `original`; both [rows, columns, RGB] of 8 bits.

    The original's size and every bit outside the changed area are kept.
    """
    cv2.setRNGSeed(1)  # the same two pictures give the same one
    small = reduced(original)
    size = small.shape[1], small.shape[0]
    stretched = cv2.resize(result, size, interpolation=cv2.INTER_AREA)
    warp = registered(small, stretched, bounds)
    if warp is None:
        return Pasted(None, 0.0, UNREGISTERED)
    over = cv2.warpAffine(
        stretched, warp, size, flags=INVERSE | cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    seen = seen_area(warp, stretched.shape, size)
    colour = colour_fit(small, over, seen, bounds)
    if colour is None:
        return Pasted(None, 1.0, REPAINTED)
    gain, offset = colour
    changed = _changed(small, recoloured(over, gain, offset), seen)
    share = float(np.count_nonzero(changed)) / changed.size
    if share > MOST:
        return Pasted(None, share, REPAINTED)
    if not share:
        return Pasted(None, 0.0, UNCHANGED)
    whole = in_full(warp, original, result, size)
    return Pasted(_mixed(original, result, whole, changed, gain, offset), share)


# --- what is changed ----------------------------------------------------------------------------


def _changed(small: Picture, over: Picture, seen: Mask) -> Mask:
    """The areas that differ by more than noise, lost detail and half a pixel of shift explain."""
    before, after = (cv2.GaussianBlur(p, (0, 0), 1.2).astype(np.int16) for p in (small, over))
    near = np.ones((3, 3), np.uint8)
    off = np.zeros(small.shape[:2], np.float32)
    for here, there in ((before, after), (after, before)):
        above, below = here - cv2.dilate(there, near), cv2.erode(there, near) - here
        off = np.maximum(off, np.maximum(above, below).max(axis=2))
    limit = BASE + TEXTURE * np.minimum(_texture(small), _texture(over))
    clear = np.where(seen > 0, off / limit, 0)
    areas = cv2.morphologyEx((clear > 1).astype(np.uint8), cv2.MORPH_CLOSE, disc(3))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(areas, connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[clear > SEED]] = True
    kept &= stats[:, cv2.CC_STAT_AREA] >= SMALLEST
    kept[0] = False
    found = np.where(kept[labels], 255, 0).astype(np.uint8)
    joined = cv2.morphologyEx(found, cv2.MORPH_CLOSE, disc(GROWN))
    return np.asarray(cv2.dilate(joined, disc(GROWN)), np.uint8)


def _texture(picture: Picture) -> Floats:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), ROUGH)
    square = cv2.GaussianBlur(grey * grey, (0, 0), ROUGH)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


# --- the picture --------------------------------------------------------------------------------


def _mixed(
    original: Picture, result: Picture, warp: Floats, changed: Mask, gain: Floats, offset: Floats
) -> Picture:
    """The result inside the area, fading out towards its edge; row by row, to save memory."""
    height, width = original.shape[:2]
    weight = np.minimum(cv2.distanceTransform(changed, cv2.DIST_L2, 5) / FEATHER, 1)
    full = cv2.resize(
        (weight * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA
    )
    placed = cv2.warpAffine(
        result, warp, (width, height),
        flags=INVERSE | cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    mended = original.copy()
    for top in range(0, height, ROWS):
        part = slice(top, top + ROWS)
        alpha = full[part, :, None].astype(np.float32) / 255
        if alpha.any():
            new = np.clip(placed[part] * gain + offset, 0, 255)
            mixed = original[part] * (1 - alpha) + new * alpha
            mended[part] = np.where(alpha > 0, mixed + 0.5, original[part]).astype(np.uint8)
    return mended

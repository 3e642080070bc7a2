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
import numpy.typing as npt
from PIL import Image

from comfy.media.files import written_whole
from comfy.media.pictures import FORMATS, MOST_PIXELS

Picture = npt.NDArray[np.uint8]  # [rows, columns, RGB]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]  # [rows, columns], 0 or 255

LOOK = 1024  # pixels of the longer side in which the two are compared
FEATURES = 3000
FEWEST = 12  # features that must agree on where the result lies
SCALE, SHEAR, SHIFT = 0.12, 0.04, 0.08  # of the whole; a result further off is another picture
GAIN, OFFSET, LEFT = 0.2, 30, 6.0  # colours that are further off were asked for
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


def paste_back_file(original: Path, result: Path, target: Path) -> tuple[float, str]:
    """`paste_back` from files into a PNG; share and reason. No file is written with a reason.

    Raises OSError or ValueError for a file that is no picture.
    """
    before, after = _read(original), _read(result)
    pasted = paste_back(before, after)
    if pasted.picture is not None:
        with written_whole(target) as part:
            Image.fromarray(pasted.picture).save(part, "PNG", compress_level=1)
    return pasted.share, pasted.reason


def _read(path: Path) -> Picture:
    with Image.open(path, formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        return np.asarray(image.convert("RGB"))


def paste_back(original: Picture, result: Picture) -> Pasted:
    """Only what `result` really changed, in `original`; both [rows, columns, RGB] of 8 bits.

    The original's size and every bit outside the changed area are kept.
    """
    cv2.setRNGSeed(1)  # the same two pictures give the same one
    small = _reduced(original)
    size = small.shape[1], small.shape[0]
    stretched = cv2.resize(result, size, interpolation=cv2.INTER_AREA)
    warp = _registered(small, stretched)
    if warp is None:
        return Pasted(None, 0.0, UNREGISTERED)
    over = cv2.warpAffine(
        stretched, warp, size, flags=_INVERSE | cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    seen = _seen(warp, stretched.shape, size)
    colour = _colour(small, over, seen)
    if colour is None:
        return Pasted(None, 1.0, REPAINTED)
    gain, offset = colour
    changed = _changed(small, _recoloured(over, gain, offset), seen)
    share = float(np.count_nonzero(changed)) / changed.size
    if share > MOST:
        return Pasted(None, share, REPAINTED)
    if not share:
        return Pasted(None, 0.0, UNCHANGED)
    whole = _in_full(warp, original, result, size)
    return Pasted(_mixed(original, result, whole, changed, gain, offset), share)


_INVERSE = cv2.WARP_INVERSE_MAP  # our maps go from the original to the result


def _reduced(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    factor = min(1.0, LOOK / max(width, height))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


# --- where the result lies ----------------------------------------------------------------------


def _registered(small: Picture, stretched: Picture) -> Floats | None:
    """The map [2, 3] from pixels of the original to those of the result, or None."""
    grey, other = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (small, stretched))
    start = _by_features(grey, other)
    begun = np.eye(2, 3, dtype=np.float32) if start is None else start
    refined = _refined(grey, other, begun)
    found = start if refined is None else refined
    return found if found is not None and _plausible(found, grey.shape) else None


def _by_features(grey: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> Floats | None:
    finder = cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=0.02)
    points, words = finder.detectAndCompute(grey, None)
    others, other_words = finder.detectAndCompute(other, None)
    if words is None or other_words is None or min(len(points), len(others)) < FEWEST:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(words, other_words)
    here = np.array([points[p.queryIdx].pt for p in pairs], np.float32).reshape(-1, 2)
    there = np.array([others[p.trainIdx].pt for p in pairs], np.float32).reshape(-1, 2)
    near = np.hypot(*(here - there).T) < 0.15 * max(grey.shape)
    if np.count_nonzero(near) < FEWEST:
        return None
    warp, agree = cv2.estimateAffine2D(
        here[near], there[near], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=4000
    )
    if warp is None or np.count_nonzero(agree) < FEWEST:
        return None
    return np.asarray(warp, np.float32)


def _refined(
    grey: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8], start: Floats
) -> Floats | None:
    """To a fraction of a pixel by the enhanced correlation coefficient (Evangelidis 2008).

    What was edited would pull at it, so the pixels that differ most have no say.
    """
    size = grey.shape[1], grey.shape[0]
    over = cv2.warpAffine(
        other, start, size, flags=_INVERSE | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    off = cv2.GaussianBlur(cv2.absdiff(grey, over), (0, 0), 2)
    limit = max(8.0, 3 * float(np.median(off)))
    same = cv2.erode(np.where(off <= limit, 255, 0).astype(np.uint8), _disc(3))
    if np.count_nonzero(same) < 0.2 * same.size:
        same = np.full_like(same, 255)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-5)
    try:  # the mask is of its second picture: where that one is looked at
        _, back = cv2.findTransformECC(
            other, grey, cv2.invertAffineTransform(start).astype(np.float32),
            cv2.MOTION_AFFINE, criteria, same, 5,
        )  # fmt: skip
    except cv2.error:  # nothing to hold on to, or it ran away
        return None
    return np.asarray(cv2.invertAffineTransform(back), np.float32)


def _plausible(warp: Floats, shape: tuple[int, ...]) -> bool:
    height, width = shape[:2]
    middle = np.array([width / 2, height / 2, 1])
    shift = warp @ middle - middle[:2]
    return bool(
        np.isfinite(warp).all()
        and max(abs(warp[0, 0] - 1), abs(warp[1, 1] - 1)) < SCALE
        and max(abs(warp[0, 1]), abs(warp[1, 0])) < SHEAR
        and np.hypot(*shift) < SHIFT * max(height, width)
    )


def _seen(warp: Floats, shape: tuple[int, ...], size: tuple[int, int]) -> Mask:
    """Where the result has something to say; its last pixels at the border are no proof."""
    inside = np.zeros(shape[:2], np.uint8)
    inside[3:-3, 3:-3] = 255
    there = cv2.warpAffine(inside, warp, size, flags=_INVERSE | cv2.INTER_NEAREST)
    return np.asarray(there, np.uint8)


def _in_full(warp: Floats, original: Picture, result: Picture, size: tuple[int, int]) -> Floats:
    """The same map between the two as they came. Pixels are at their centres, hence the halves."""

    def grid(picture: Picture) -> npt.NDArray[np.float64]:
        across, down = size[0] / picture.shape[1], size[1] / picture.shape[0]
        return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])

    between = np.vstack([warp, [0, 0, 1]])
    return np.asarray((np.linalg.inv(grid(result)) @ between @ grid(original))[:2], np.float32)


# --- what is changed ----------------------------------------------------------------------------


def _colour(small: Picture, over: Picture, seen: Mask) -> tuple[Floats, Floats] | None:
    """Gain and offset per channel from the result to the original; None if far from its colours.

    Straight lines through the pixels that did not change, found by fitting again without those
    that lie off.
    """
    chosen = seen > 0
    before = cv2.GaussianBlur(small, (0, 0), 2)[chosen][::7].astype(np.float32)
    after = cv2.GaussianBlur(over, (0, 0), 2)[chosen][::7].astype(np.float32)
    if len(before) < 100:
        return None
    gain = np.ones(3, np.float32)
    offset = np.median(before - after, axis=0).astype(np.float32)
    for _ in range(8):
        off = np.abs(before - after * gain - offset).max(axis=1)
        good = off <= max(3.0, 2.5 * float(np.median(off)))
        for channel in range(3):
            x, y = after[good, channel], before[good, channel]
            spread = float(x.var())
            slope = float(np.cov(x, y)[0, 1]) / spread if spread > 4 and len(x) > 1 else 1.0
            gain[channel] = slope
            offset[channel] = float(y.mean()) - slope * float(x.mean())
    moved = np.abs(before.mean(axis=0) * (gain - 1) + offset)
    left = float(np.median(np.abs(before - after * gain - offset).max(axis=1)))
    if np.abs(gain - 1).max() > GAIN or moved.max() > OFFSET or left > LEFT:
        return None
    return gain, offset


def _recoloured(picture: Picture, gain: Floats, offset: Floats) -> Picture:
    return np.asarray(np.clip(picture * gain + offset + 0.5, 0, 255), np.uint8)


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
    areas = cv2.morphologyEx((clear > 1).astype(np.uint8), cv2.MORPH_CLOSE, _disc(3))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(areas, connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[clear > SEED]] = True
    kept &= stats[:, cv2.CC_STAT_AREA] >= SMALLEST
    kept[0] = False
    found = np.where(kept[labels], 255, 0).astype(np.uint8)
    joined = cv2.morphologyEx(found, cv2.MORPH_CLOSE, _disc(GROWN))
    return np.asarray(cv2.dilate(joined, _disc(GROWN)), np.uint8)


def _texture(picture: Picture) -> Floats:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), ROUGH)
    square = cv2.GaussianBlur(grey * grey, (0, 0), ROUGH)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


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
        flags=_INVERSE | cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
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

"""Where one picture lies over another, and how its colours differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.media.pictures import FORMATS, MOST_PIXELS

Picture = npt.NDArray[np.uint8]  # [rows, columns, RGB]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]  # [rows, columns], 0 or 255

LOOK = 1024  # pixels of the longer side in which the two are compared
FEATURES = 3000
FEWEST = 12  # features that must agree on where the result lies


@dataclass(frozen=True)
class Bounds:
    """How far off a result may be: `scale`, `shear` and `shift` as shares of the whole, `gain` of
    a colour, `offset` in levels, and the levels that are `left` after both."""

    scale: float
    shear: float
    shift: float
    gain: float
    offset: float
    left: float


NEAR = Bounds(0.12, 0.04, 0.08, 0.2, 30.0, 6.0)  # by accident; beyond it somebody asked for it
WIDE = Bounds(0.6, 0.15, 0.35, 2.0, 130.0, 30.0)  # beyond it, it is another picture


def read_picture(path: Path) -> Picture:
    """Raises OSError or ValueError for a file that is no picture."""
    with Image.open(path, formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        return np.asarray(image.convert("RGB"))


INVERSE = cv2.WARP_INVERSE_MAP  # our maps go from the original to the result


def reduced(picture: Picture, look: int = LOOK) -> Picture:
    """With a longer side of at most so many pixels."""
    height, width = picture.shape[:2]
    factor = min(1.0, look / max(width, height))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def registered(small: Picture, stretched: Picture, bounds: Bounds = NEAR) -> Floats | None:
    """The map [2, 3] from pixels of the original to those of the result, sized alike; or None."""
    grey, other = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (small, stretched))
    start = _by_features(grey, other, bounds)
    begun = np.eye(2, 3, dtype=np.float32) if start is None else start
    refined = _refined(grey, other, begun)
    found = start if refined is None else refined
    return found if found is not None and _plausible(found, grey.shape, bounds) else None


def _by_features(grey: Mask, other: Mask, bounds: Bounds) -> Floats | None:
    finder = cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=0.02)
    points, words = finder.detectAndCompute(grey, None)
    others, other_words = finder.detectAndCompute(other, None)
    if words is None or other_words is None or min(len(points), len(others)) < FEWEST:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(words, other_words)
    here = np.array([points[p.queryIdx].pt for p in pairs], np.float32).reshape(-1, 2)
    there = np.array([others[p.trainIdx].pt for p in pairs], np.float32).reshape(-1, 2)
    most = max(0.15, bounds.shift + bounds.scale / 2)
    near = np.hypot(*(here - there).T) < most * max(grey.shape)
    if np.count_nonzero(near) < FEWEST:
        return None
    warp, agree = cv2.estimateAffine2D(
        here[near], there[near], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=4000
    )
    if warp is None or np.count_nonzero(agree) < FEWEST:
        return None
    return np.asarray(warp, np.float32)


def _refined(grey: Mask, other: Mask, start: Floats) -> Floats | None:
    """To a fraction of a pixel by the enhanced correlation coefficient (Evangelidis 2008).

    What was edited would pull at it, so the pixels that differ most have no say.
    """
    size = grey.shape[1], grey.shape[0]
    over = cv2.warpAffine(
        other, start, size, flags=INVERSE | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    off = cv2.GaussianBlur(cv2.absdiff(grey, over), (0, 0), 2)
    limit = max(8.0, 3 * float(np.median(off)))
    same = cv2.erode(np.where(off <= limit, 255, 0).astype(np.uint8), disc(3))
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


def _plausible(warp: Floats, shape: tuple[int, ...], bounds: Bounds) -> bool:
    height, width = shape[:2]
    middle = np.array([width / 2, height / 2, 1])
    shift = warp @ middle - middle[:2]
    return bool(
        np.isfinite(warp).all()
        and max(abs(warp[0, 0] - 1), abs(warp[1, 1] - 1)) < bounds.scale
        and max(abs(warp[0, 1]), abs(warp[1, 0])) < bounds.shear
        and np.hypot(*shift) < bounds.shift * max(height, width)
    )


def seen_area(warp: Floats, shape: tuple[int, ...], size: tuple[int, int]) -> Mask:
    """Where the result has something to say; its last pixels at the border are no proof."""
    inside = np.zeros(shape[:2], np.uint8)
    inside[3:-3, 3:-3] = 255
    there = cv2.warpAffine(inside, warp, size, flags=INVERSE | cv2.INTER_NEAREST)
    return np.asarray(there, np.uint8)


def in_full(warp: Floats, original: Picture, result: Picture, size: tuple[int, int]) -> Floats:
    """The same map between the two as they came. Pixels are at their centres, hence the halves."""

    def grid(picture: Picture) -> npt.NDArray[np.float64]:
        across, down = size[0] / picture.shape[1], size[1] / picture.shape[0]
        return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])

    between = np.vstack([warp, [0, 0, 1]])
    return np.asarray((np.linalg.inv(grid(result)) @ between @ grid(original))[:2], np.float32)


def colour_fit(
    small: Picture, over: Picture, seen: Mask, bounds: Bounds = NEAR
) -> tuple[Floats, Floats] | None:
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
    if np.abs(gain - 1).max() > bounds.gain or moved.max() > bounds.offset or left > bounds.left:
        return None
    return gain, offset


def recoloured(picture: Picture, gain: Floats, offset: Floats) -> Picture:
    return np.asarray(np.clip(picture * gain + offset + 0.5, 0, 255), np.uint8)


def disc(radius: int) -> Mask:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)

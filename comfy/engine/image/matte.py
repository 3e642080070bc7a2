"""Measuring the matte of a repeated half-transparent mark: how opaque it is at each pixel.

observed = (1 - a) * scene + a * colour. The matte `a` is the same in every copy while the scene
behind differs, so least squares over the copies finds it. The idea is that of Dekel et al., "On
the Effectiveness of Visible Watermarks", CVPR 2017, much simplified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.lattice import Points
from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.pairs import in_pairs
from comfy.engine.image.text_boxes import Picture, reduced
from comfy.engine.image.tiling import Tiling
from comfy.engine.image.windows import Mask, dilate, parts_with

TRACE = 0.02
"""Smaller mattes change less than a few grey levels."""

_SIDE = 2560  # px of the picture on which the matte is measured
_MAX_COPIES = 40
_ROUNDS = 3
_SUM = np.ones((1, 3), np.float32)
_DENSEST = 0.9  # of the mark's window; more are no letters, but a mark that was not made out
_FAIR = 25.0  # squared grey levels; the few copies on the calmest scene do not decide alone
_OPAQUE = 0.85  # from here on there is no scene left to recover


@dataclass(frozen=True)
class Matte:
    """`alpha` [rows, columns], 0..1, of one copy; `colour` RGB 0..255; `step`: px per matte px."""

    alpha: Floats
    colour: Floats
    step: float


@dataclass(frozen=True)
class _Copies:
    """Whole copies of the mark, turned level: [n, rows, columns, 3] as seen and as guessed behind.

    `places`: their centers in the picture, px.
    """

    observed: Floats
    scene: Floats
    places: Points


def measure_matte(
    picture: Picture, tiling: Tiling, check: Callable[[], None]
) -> tuple[Tiling, Matte] | None:
    """The mark's transparency and colour from its copies, and the grid placed more exactly.

    None if the mark is opaque, too faint or was not made out.
    """
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    work = reduced(picture, scale)
    size = round(tiling.width * scale), round(tiling.height * scale)
    shape = np.asarray(cv2.resize(tiling.shape, size, interpolation=cv2.INTER_LINEAR), np.float32)
    for round_ in range(_ROUNDS):
        check()
        letters = dilate(shape > 0.2, max(3, round(size[1] * 0.12)) | 1)
        if letters.mean() > _DENSEST:
            return None
        copies = _copies(work, tiling, letters, scale, check)
        core = shape > 0.8
        if len(copies.places) < 3 or not core.any():
            return None
        strength, colour = _colour(copies, core, ~letters, tiling.shade)
        if not TRACE < strength < _OPAQUE:
            return None
        alpha = np.where(letters, _alpha(copies, colour, ~letters), 0)
        even = _even(alpha, shape)
        if round_ < _ROUNDS - 1:
            tiling = _shifted(tiling, copies, alpha * letters, colour, scale)
            shape = even / max(float(even.max()), 1e-6)
    return tiling, Matte(even, colour, 1 / scale)


def _copies(
    work: Picture, tiling: Tiling, letters: Mask, scale: float, check: Callable[[], None]
) -> _Copies:
    size = letters.shape[1], letters.shape[0]

    def copy(center: np.ndarray) -> tuple[Floats, Floats, np.ndarray] | None:
        level = _copy(work, (center + 0.5) * scale - 0.5, size, tiling.angle)
        return None if level is None else (level, membrane(level, letters), center)

    centers = tiling.centers[: max(3, min(tiling.sure, _MAX_COPIES))]
    whole = [found for found in in_pairs(copy, centers, check) if found is not None]
    if not whole:
        nothing = np.zeros((0, *letters.shape, 3), np.float32)
        return _Copies(nothing, nothing, np.zeros((0, 2)))
    observed, scene, places = zip(*whole, strict=True)
    return _Copies(np.array(observed), np.array(scene), np.array(places))


def _shifted(
    tiling: Tiling, copies: _Copies, alpha: Floats, colour: Floats, scale: float
) -> Tiling:
    """Move the grid so that the copies lie on each other to a fraction of a pixel.

    Each copy's shift is one Lucas-Kanade step; the grid follows the affine map that fits them.
    """
    down, along = np.gradient(alpha)
    slope = np.stack([along, down], axis=-1)
    contrast = colour - copies.scene
    power = _over_channels(contrast * contrast)
    residual = _over_channels(contrast * (copies.observed - copies.scene)) - alpha * power
    products = slope[..., :, None] * slope[..., None, :]
    normal = np.tensordot(power, products) + 1e-3 * np.eye(2)
    right = -np.tensordot(residual, slope)
    level = np.linalg.solve(normal, right[..., None])[..., 0]
    shifts = level @ rotation(tiling.angle).T / scale
    usual = np.linalg.norm(shifts - np.median(shifts, axis=0), axis=1) < 1.5 / scale
    if usual.sum() < 6:
        return replace(tiling, centers=tiling.centers + np.median(shifts, axis=0))
    middle = copies.places.mean(axis=0)
    unknowns = np.c_[np.ones(usual.sum()), copies.places[usual] - middle]
    drift = np.linalg.lstsq(unknowns, shifts[usual], rcond=None)[0]
    moves = np.c_[np.ones(len(tiling.centers)), tiling.centers - middle] @ drift
    return replace(tiling, centers=tiling.centers + moves)


def affine(center: np.ndarray, size: tuple[int, int], angle: float, step: float) -> np.ndarray:
    """Matrix that maps pixels of a matte to pixels of the picture."""
    turn = step * rotation(angle)
    middle = (np.array(size) - 1) / 2
    return np.asarray(np.c_[turn, center - turn @ middle])


def rotation(angle: float) -> npt.NDArray[np.float64]:
    """Rotation from level text to its direction in the picture."""
    radians = np.radians(angle)
    return np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])


def corners_of(matrix: np.ndarray, size: tuple[int, int]) -> Floats:
    right, bottom = size[0] - 1, size[1] - 1
    points = np.array([[0, 0, 1], [right, 0, 1], [right, bottom, 1], [0, bottom, 1]])
    return np.asarray(points @ matrix.T, np.float32)


def _copy(
    picture: Picture, center: np.ndarray, size: tuple[int, int], angle: float
) -> Floats | None:
    """One copy of the mark, turned level; None if the border of the picture cuts it."""
    matrix = affine(center, size, angle, 1.0)
    corners = corners_of(matrix, size)
    height, width = picture.shape[:2]
    if (corners < 0).any() or (corners > np.array([width - 1, height - 1])).any():
        return None
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=flags), np.float32)


def _colour(
    copies: _Copies, core: Mask, around_letters: Mask, shade: float
) -> tuple[float, Floats]:
    """Strength in the middle of the letters and colour of the mark.

    There observed - scene = a * colour - a * scene: a straight line over the scene's brightness,
    if that varies enough; otherwise white or black is assumed.
    """
    behind = copies.scene[:, core]
    change = copies.observed[:, core] - behind
    grey = 0 < shade < 255  # that it is neither white nor black is all that is known
    even = np.ones((len(behind), 1, 1), np.float32)
    weight = _calm(copies, around_letters, _FAIR) if grey else even
    share = weight / (weight.sum() * behind.shape[1])
    usual, moved = (share * behind).sum((0, 1)), (share * change).sum((0, 1))
    x, y = behind - usual, change - moved
    strength = -float((share * x * y).sum() / max(1e-3, float((share * x * x).sum())))
    plain = np.full(3, 255.0 * (change.mean() > 0) if grey else shade, np.float32)
    if float(x.std()) > 15 and TRACE < strength < _OPAQUE:
        fitted = moved / strength + usual
        if grey or np.abs(fitted - plain).max() > 40:  # a coloured mark, not a measuring error
            return strength, np.asarray(np.clip(fitted, 0, 255), np.float32)
    contrast = plain - behind
    strength = float((contrast * change).sum() / max(1e-3, float((contrast**2).sum())))
    return strength, plain


def _calm(copies: _Copies, around_letters: Mask, least: float) -> Floats:
    """A weight for each copy [n, 1, 1]: less on a restless scene, where guesses at it are poor.
    `least`: squared grey levels that any guess is off by."""
    error = (copies.observed - _blurred(copies.observed))[:, around_letters]
    return np.asarray((1 / (least + error.var(axis=(1, 2))))[:, None, None], np.float32)


def _alpha(copies: _Copies, colour: Floats, around_letters: Mask) -> Floats:
    """Least squares over copies and channels; copies on a restless scene count less."""
    observed, scene = copies.observed, copies.scene
    weight = _calm(copies, around_letters, 4)
    contrast = colour - scene
    gain = _over_channels(contrast * (observed - scene))
    power = _over_channels(contrast * contrast)
    alpha = (weight * gain).sum(axis=0) / np.maximum((weight * power).sum(axis=0), 1e-3)
    for _ in range(3):  # copies that disagree, e.g. with a subtitle on them, count less
        residual = gain - alpha * power
        spread = residual**2 / np.maximum(power, 1)
        robust = weight / (1 + spread / np.maximum(np.median(spread, axis=0), 1))
        alpha = (robust * gain).sum(axis=0) / np.maximum((robust * power).sum(axis=0), 1e-3)
    return np.asarray(alpha, np.float32)


def _even(alpha: Floats, shape: Floats) -> Floats:
    """One strength in the letters and none around them; what lies between is their soft border."""
    full = float(np.median(alpha[shape > 0.8]))
    solid = (alpha > 0.7 * full) & (shape > 0.5)
    letters = dilate(parts_with(alpha > 0.25 * full, solid), 3)
    strong = (alpha > 0.7 * full).view(np.uint8)
    core = cv2.erode(strong, np.ones((3, 3), np.uint8)) > 0
    even = np.where(core, full, np.minimum(alpha, full))  # no stroke is more opaque than letters
    return np.asarray(np.where(letters & (alpha > 0.05 * full), even, 0), np.float32)


def _over_channels(copies: Floats) -> Floats:
    """Their sums; NumPy is slow over an axis of three."""
    rows = copies.reshape(-1, copies.shape[2], 3)
    return np.asarray(cv2.transform(rows, _SUM).reshape(copies.shape[:3]), np.float32)


def _blurred(copies: Floats) -> Floats:
    return np.stack([cv2.GaussianBlur(copy, (0, 0), 3) for copy in copies])

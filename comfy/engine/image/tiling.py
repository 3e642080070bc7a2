"""Finding where a repeated half-transparent watermark stands: its direction, size and grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from comfy.engine.image.brick_rows import fit_rows
from comfy.engine.image.lattice import Points, fit_lattice
from comfy.engine.image.membrane import Floats
from comfy.engine.image.pairs import in_pairs
from comfy.engine.image.text_boxes import Check, Picture, TextBox, detector_scale, reduced
from comfy.engine.image.whole_copies import whole_copies
from comfy.engine.image.windows import Mask

_MIN_COPIES = 4
_MIN_LIKENESS = 0.35  # mean correlation of the instances with their common shape
_MAX_PEAKS = 400
_SHADES = 255.0, 0.0, 128.0  # white, black and a middle grey, darker than paper, lighter than hair
_LEAST_ROOM = 24.0  # grey levels between a shade and the scene from which its mark is seen well
_GOES_ON = 0.1  # mean correlation of the places in a row with the mark
_ALL = slice(None), slice(None)


@dataclass(frozen=True)
class Tiling:
    """Copies of one line of text.

    `centers`: [n, 2] px in the picture, also of copies the border cuts. `sure`: how many of them,
    from the first, were found rather than predicted. `width`, `height`: of one copy, px. `angle`:
    degrees, as in TextBox. `shade`: the grey level that the picture seems to be mixed with there.
    `shape`: where its letters are, 0..1, [rows, columns] over width x height.
    """

    centers: Points
    sure: int
    width: float
    height: float
    angle: float
    shade: float
    shape: Floats


@dataclass(frozen=True)
class _Level:
    """The picture turned so that the text is level; `behind` is it without lines as thin as
    letters; `valid` marks where there is picture."""

    pixels: Picture
    behind: Picture
    valid: Mask
    turn: np.ndarray  # affine, picture -> level


def find_tiling(picture: Picture, boxes: Sequence[TextBox], check: Check) -> Tiling | None:
    """Read the grid off the repeated boxes; None if they are too few or too unlike each other."""
    scale = detector_scale(picture)
    copies, width = whole_copies(boxes)
    if len(copies) < _MIN_COPIES:
        return None
    angle = float(np.median([box.angle for box in boxes]))
    height = float(np.median([box.height for box in boxes])) * scale
    width *= scale
    level = _levelled(reduced(picture, scale), angle, height, round(height + 0.05 * width) + 8)
    check()
    centers = np.c_[copies * scale, np.ones(len(copies))] @ level.turn.T
    size = int(width * 1.08) + 6, int(height * 1.15) + 6

    def try_(shade: float) -> tuple[float, Floats, float]:
        return (*_common_shape(level, shade, centers, size, height), shade)

    candidates = in_pairs(try_, _SHADES, check)
    likeness, shape, shade = max(candidates, key=lambda candidate: candidate[0])
    if likeness < _MIN_LIKENESS:
        return None
    check()
    evidence = _evidence(level, shade)
    found, sure = _all_places(evidence, level.valid, shape, likeness)
    if len(found) == 0:
        return None
    back = cv2.invertAffineTransform(level.turn)
    middle = found + (np.array(size) - 1) / 2
    in_picture = ((np.c_[middle, np.ones(len(middle))] @ back.T) + 0.5) / scale - 0.5
    tile = size[0] / scale, size[1] / scale
    return Tiling(in_picture, sure, *tile, angle, shade, _normal(shape))


def _levelled(picture: Picture, angle: float, text_height: float, margin: int) -> _Level:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    wide, high = (np.abs(turn[:, :2]) @ (width, height)).astype(int) // 2 + margin
    turn[:, 2] += [wide - width // 2, high - height // 2]
    size = int(2 * wide), int(2 * high)
    pixels = cv2.warpAffine(
        picture, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    inside = np.full((height, width), 255, np.uint8)
    valid = cv2.warpAffine(inside, turn, size, flags=cv2.INTER_NEAREST) > 0
    behind = cv2.medianBlur(pixels, min(int(text_height * 0.45) | 1, 99))
    return _Level(np.asarray(pixels, np.uint8), np.asarray(behind, np.uint8), valid, turn)


def _evidence(level: _Level, shade: float, part: tuple[slice, slice] = _ALL) -> Floats:
    """How much of this shade each pixel of this part seems to have been mixed with, 0..1; little
    where the scene itself has about that shade."""
    gain, seen = _gain(shade), []
    for pixels, behind in zip(
        cv2.split(level.pixels[part]), cv2.split(level.behind[part]), strict=True
    ):
        change = cv2.subtract(pixels, behind, dtype=cv2.CV_32F)
        seen.append(cv2.multiply(change, cv2.LUT(behind, gain), dtype=cv2.CV_32F))
    red, green, blue = seen
    middle = cv2.max(cv2.min(red, green), cv2.min(cv2.max(red, green), blue))
    return np.asarray(np.clip(middle, -0.5, 0.6, out=middle), np.float32)


def _gain(shade: float) -> Floats:
    """Opacity of a mark of this shade per grey level of change, for the 256 levels behind it."""
    behind = np.arange(256, dtype=np.float32)
    room = np.abs(shade - behind)
    gain = 1 / np.maximum(room, _LEAST_ROOM)
    if 0 < shade < 255:  # of its own shade the mark cannot be seen, and may be on either side
        gain *= np.minimum(room / _LEAST_ROOM, 1)
    return np.asarray(np.where(behind < shade * 256 / 255, gain, -gain), np.float32)


def _common_shape(
    level: _Level, shade: float, centers: Points, size: tuple[int, int], height: float
) -> tuple[float, Floats]:
    """How well all copies agree, 0..1, and their median after moving each onto it; 0 if it is
    letters of the opposite of this shade."""
    width, rows = size
    slack = int(height * 0.45)
    regions = []
    for x, y in (centers - np.array(size) / 2).round().astype(int).tolist():
        top, left = max(0, y - slack), max(0, x - slack)
        part = slice(top, y + rows + slack), slice(left, x + width + slack)
        region = _evidence(level, shade, part)
        if region.shape[0] >= rows + 2 * slack and region.shape[1] >= width + 2 * slack:
            regions.append(region)
    if len(regions) < 3:
        return 0.0, np.zeros((rows, width), np.float32)
    shape = np.median([r[slack : slack + rows, slack : slack + width] for r in regions], axis=0)
    likeness = 0.0
    for _ in range(3):
        aligned = sorted((_align(region, shape) for region in regions), key=lambda pair: -pair[0])
        best = aligned[: max(3, int(len(aligned) * 0.7))]
        shape = np.median([copy for _, copy in best], axis=0).astype(np.float32)
        likeness = float(np.mean([score for score, _ in aligned]))
    return (likeness if _rises(shape) else 0.0), shape


def _rises(shape: Floats) -> bool:
    """Whether there is more in its middle than beyond its letters."""
    return bool(shape.mean() > _beyond(shape))


def _beyond(shape: Floats) -> float:
    """What its upper and lower border, which no letter reaches, have."""
    border = max(2, shape.shape[0] // 10)
    return float(np.median([shape[:border], shape[-border:]]))


def _align(region: Floats, shape: Floats) -> tuple[float, Floats]:
    match = cv2.matchTemplate(region, shape.astype(np.float32), cv2.TM_CCOEFF_NORMED)
    _, score, _, (x, y) = cv2.minMaxLoc(match)
    return float(score), region[y : y + shape.shape[0], x : x + shape.shape[1]]


def _all_places(
    evidence: Floats, valid: Mask, shape: Floats, likeness: float
) -> tuple[Points, int]:
    """Top left corners of all copies, those found first, and how many were found."""
    rows, columns = shape.shape
    pad = max(rows, columns)
    known = np.where(valid, evidence, 0)
    padded = cv2.copyMakeBorder(known, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    match = cv2.matchTemplate(padded.astype(np.float32), shape, cv2.TM_CCOEFF_NORMED)
    peaks = _peaks(match, shape.shape, max(0.22, 0.45 * likeness))
    grid = _grid(match, np.pad(valid, pad), peaks, columns, rows)
    if grid is None:
        return peaks - pad, len(peaks)
    scores = np.array([_highest(match, x, y) for x, y in grid])
    order = np.argsort(-scores)
    order = order[scores[order] > -0.1]  # the opposite of the shape: no copy stands there
    return grid[order] - pad, int((scores > max(0.22, 0.45 * likeness)).sum())


def _grid(match: Floats, valid: Mask, peaks: Points, columns: int, rows: int) -> Points | None:
    """All places of the lattice, or of the rows, that the peaks lie on; None if they are on none.

    `columns` and `rows` are the size of a copy, `valid` marks where there is picture; px.
    """
    strong = peaks[: max(6, int(len(peaks) * 0.6))]
    size = match.shape[1] - 1, match.shape[0] - 1
    if len(peaks) >= 6 and (lattice := fit_lattice(strong, columns, rows)):
        return lattice.points(*size)
    seen = valid[rows // 2 :, columns // 2 :]  # by the top left corner of a copy
    bricks = fit_rows(peaks, columns, rows)
    there = [row for row in bricks.points(*size) if _is_there(match, seen, row)] if bricks else []
    return np.concatenate(there) if there else None


def _is_there(match: Floats, seen: Mask, row: Points) -> bool:
    """Whether a row that one peak led to goes on beyond it, as far as that can be seen."""
    scores = np.array([_highest(match, x, y) for x, y in row])
    judged = np.array([seen[round(y), round(x)] for x, y in row])
    judged[np.argmax(scores)] = False  # the peak
    return not judged.any() or bool(scores[judged].mean() > _GOES_ON)


def _highest(match: Floats, x: float, y: float) -> float:
    column, row = round(x), round(y)
    return float(match[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3].max(initial=-1))


def _peaks(match: Floats, shape: tuple[int, ...], threshold: float) -> Points:
    rest, (rows, columns) = match.copy(), shape
    found: list[tuple[float, float]] = []
    while len(found) < _MAX_PEAKS:
        _, score, _, (x, y) = cv2.minMaxLoc(rest)
        if score < threshold:
            break
        found.append(_subpixel(match, x, y))
        reach = int(columns * 0.55), int(rows * 0.8)
        rest[max(0, y - reach[1]) : y + reach[1] + 1, max(0, x - reach[0]) : x + reach[0] + 1] = -1
    return np.array(found, float).reshape(-1, 2)


def _subpixel(match: Floats, x: int, y: int) -> tuple[float, float]:
    """The top of parabolas through the peak and its neighbours."""

    def offset(before: float, at: float, after: float) -> float:
        bend = before - 2 * at + after
        return 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))

    rows, columns = match.shape
    if not (0 < x < columns - 1 and 0 < y < rows - 1):
        return float(x), float(y)
    dx = offset(match[y, x - 1], match[y, x], match[y, x + 1])
    dy = offset(match[y - 1, x], match[y, x], match[y + 1, x])
    return x + dx, y + dy


def _normal(shape: Floats) -> Floats:
    """The shape with its background at 0 and its letters at about 1."""
    above = np.clip(shape - _beyond(shape), 0, None)
    strong = above[above > np.percentile(above, 80)]
    full = float(np.percentile(strong, 70)) if strong.size else 1.0
    return np.asarray(np.clip(above / max(full, 1e-6), 0, 1), np.float32)

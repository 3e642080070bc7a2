"""Find the mouth of a face: the seam where it opens, its corners, and whether teeth show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.head import lips
from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Axes, Pixels
from comfy.engine.head.lips import COLUMNS, SEAM_COLUMNS
from comfy.engine.node import NodeError

SPAN = 0.85  # half the width of the view, in eye distances
MOUTH_BELOW_EYES = 1.08  # in eye distances: the average adult face
# real mouths of the trials, colourless and blurred ones too: 0.83 to 2.9; a blur beside one: 0.75
LEAST_EVIDENCE = 0.8
# a face of which one eye is seen may be none: a dog's cheek had 0.94, a statue's mouth 1.18
LEAST_ONE_EYED = 1.05
FAIR, DARKEST_GAIN = 110.0, 4.0  # brightness of skin that need not be raised; the most it is
WIDTHS = (0.40, 0.66)  # plausible mouth widths, as a share of the view

Line = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mouth:
    """`axes`: origin in the middle of the lip seam, unit = half the mouth's width.

    The seam is v = slope * u + curve * u^2 for u in -1..1. `teeth_gap` is the height of the
    visible tooth row (0 = lips closed).
    """

    axes: Axes
    slope: float
    curve: float
    teeth_gap: float


def find_mouth(picture: Pixels, face: Face) -> Mouth:
    """Locate the mouth below the eyes of `face`.

    Raises NodeError("no_face") if there is neither lip colour nor a dark seam: opening a mouth
    in a cheek or an eye would be worse than nothing.
    """
    view_axes = _expected(face)
    view = _lit(view_axes.patch(picture, lips.COLUMNS, lips.ROWS, SPAN))
    evidence = lips.gather(view)
    row = lips.mouth_row(evidence)
    tooth_row = lips.teeth(evidence, row)
    line = lips.seam_line(evidence, row)
    strength = lips.seam_strength(evidence, line)
    left, right, sure = _corners(strength)
    if sure < (LEAST_EVIDENCE if face.eyes_seen == 2 else LEAST_ONE_EYED):
        raise NodeError("no_face", "no mouth was found below the eyes")
    columns, rows = np.array(SEAM_COLUMNS), line
    gap = 0.0
    if tooth_row is not None:  # the lower lip parts from the lower rim of the teeth
        columns, top, rows = _rims(lips.with_cavity(tooth_row, evidence))
        left = min(left, float(columns.min()) - 0.03 * COLUMNS)
        right = max(right, float(columns.max()) + 0.03 * COLUMNS)
        gap = float(np.median(rows - top))
    return _fit(view_axes, columns, rows, (left, right), gap)


def _lit(view: Pixels) -> Pixels:
    """A view from a dark picture, lighter: all that is looked for was learnt in fair light."""
    gain = min(DARKEST_GAIN, FAIR / max(1.0, float(np.percentile(view, 90))))
    return view if gain <= 1 else np.clip(view * gain, 0, 255).astype(np.uint8)


def _expected(face: Face) -> Axes:
    """Where to look: the average place, half-way to the detected smile if that is near."""
    u, v = 0.0, MOUTH_BELOW_EYES
    if face.smile and np.hypot(face.smile[0] - u, face.smile[1] - v) < 0.45:
        u, v = (u + face.smile[0]) / 2, (v + face.smile[1]) / 2
    return face.axes.at(u, v, 1.0)


def _corners(strength: Line) -> tuple[float, float, float]:
    """First and last column that still looks like a mouth, and the mean strength between."""
    limit = 0.42 * float(np.percentile(strength, 85))
    first = last = len(strength) // 2
    while first > 0 and strength[first - 1] > limit:
        first -= 1
    while last < len(strength) - 1 and strength[last + 1] > limit:
        last += 1
    sure = float(strength[first : last + 1].mean())
    left, right = SEAM_COLUMNS[first], SEAM_COLUMNS[last]
    width = float(np.clip(right - left, WIDTHS[0] * COLUMNS, WIDTHS[1] * COLUMNS))
    centre = (left + right) / 2
    if abs(centre - COLUMNS / 2) > 0.08 * COLUMNS:  # a cheek shadow joined one side
        centre = (centre + COLUMNS / 2) / 2
    return centre - width / 2, centre + width / 2, sure


def _rims(tooth_row: lips.Mask) -> tuple[npt.NDArray[np.int_], Line, Line]:
    """Columns with teeth, and the upper and lower rim there."""
    columns = np.flatnonzero(tooth_row.any(0))
    top = tooth_row[:, columns].argmax(0) - 1.0
    bottom = tooth_row.shape[0] - 1 - tooth_row[::-1, columns].argmax(0) + 1.5
    return columns, top, bottom


def _fit(
    view: Axes,
    columns: npt.NDArray[np.int_],
    rows: Line,
    corners: tuple[float, float],
    gap: float,
) -> Mouth:
    """A parabola through the seam, robust against single bad columns (reweighted twice)."""
    half = (corners[1] - corners[0]) / 2
    centre = (corners[0] + corners[1]) / 2
    inside = (columns >= corners[0]) & (columns <= corners[1])
    u = (columns[inside] - centre) / half
    v = (rows[inside] - lips.ROWS / 2) / half
    powers = np.stack([np.ones_like(u), u, u * u], 1)
    base = np.exp(-((u / 0.9) ** 2))
    weights = base
    for _ in range(3):
        fit = np.linalg.lstsq(powers * weights[:, None], v * weights, rcond=None)[0]
        weights = base / (1 + (np.abs(powers @ fit - v) * half / 3) ** 2)
    middle, slope, curve = (float(value) for value in fit)
    unit = half * 2 * SPAN / COLUMNS  # columns -> eye distances
    axes = view.at((centre - COLUMNS / 2) * 2 * SPAN / COLUMNS, middle * unit, unit)
    return Mouth(
        axes,
        float(np.clip(slope, -0.15, 0.15)),
        float(np.clip(curve, -0.45, 0.3)),
        gap / half,
    )

"""Evidence of lips in an upright view of the lower face: colour, dark seam, teeth, seam line."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.head.geometry import Floats, Pixels

COLUMNS, ROWS = 200, 160  # size of the view; every constant below is a share of COLUMNS
SEAM_COLUMNS = range(int(COLUMNS * 0.2), int(COLUMNS * 0.8))
CAVITY = 0.5  # of the skin's lightness: the inside of an open mouth is darker
# mean redness of teeth, which lack it by nearly as much as lips have more: of 22 pale pieces in
# portraits that nobody tuned for, the five that were teeth had -0.9 and less, the highlights on
# skin beside the lips -0.7 and more
UNRED = -0.8
SEAM_BEND = 0.06  # cost of moving the seam line one row from one column to the next

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """Per pixel of the view: `redness` (about 1 on lips), `valley` (about 1 in a dark horizontal
    line) and what teeth are told from: lightness and chroma of CIE Lab."""

    redness: Floats
    valley: Floats
    lightness: Floats
    red: Floats
    chroma: Floats
    colourless: bool


def gather(view: Pixels) -> Evidence:
    """Measure a view of COLUMNS x ROWS pixels that has the mouth near its middle."""
    smooth = cv2.GaussianBlur(view, (0, 0), 1.0).astype(np.float32) / 255
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
    lightness, red = lab[..., 0], lab[..., 1]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    colourless = bool(chroma.mean() < 5)
    redness = red - cv2.GaussianBlur(red, (0, 0), COLUMNS * 0.16)
    redness = redness / max(2.0, float(np.percentile(redness, 97)))
    if colourless:
        redness = np.zeros_like(redness)
    return Evidence(redness, _valley(lightness), lightness, red, chroma, colourless)


def _valley(lightness: Floats) -> Floats:
    """Rows that are darker than both the rows a lip's height above and below."""
    reach = int(COLUMNS * 0.045)
    above, below = np.roll(lightness, reach, 0), np.roll(lightness, -reach, 0)
    valley = np.maximum(np.minimum(above, below) - lightness, 0)
    valley = cv2.blur(valley, (int(COLUMNS * 0.1) | 1, 3))
    scaled: Floats = valley / max(4.0, float(np.percentile(valley, 99.5)))
    return scaled


def mouth_row(evidence: Evidence) -> int:
    """The row with the widest lip colour and dark seam near the middle of the view."""
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    near_middle = np.exp(-(((rows - ROWS / 2) / (ROWS * 0.24)) ** 2))
    colour = cv2.blur(np.clip(evidence.redness, 0, 1.5), (int(COLUMNS * 0.34) | 1, 9))
    seam = cv2.blur(evidence.valley, (int(COLUMNS * 0.3) | 1, 3))
    likely = (1.1 * colour + seam) * near_middle
    return int(likely[:, int(COLUMNS * 0.35) : int(COLUMNS * 0.65)].mean(1).argmax())


def teeth(evidence: Evidence, row: int) -> Mask | None:
    """Pale, colourless pixels in one tooth-row-shaped piece around `row`, or None."""
    if evidence.colourless:
        return None
    red, chroma = float(np.median(evidence.red)), float(np.median(evidence.chroma))
    pale = (
        (evidence.red < red - 0.25 * max(4.0, red))
        & (evidence.lightness > 0.92 * float(np.median(evidence.lightness)))
        & (evidence.chroma < 0.8 * chroma)
    )
    # in poor light teeth lose their colour's difference first; lips that shine keep theirs
    bright = (evidence.lightness > 1.3 * float(np.median(evidence.lightness))) & (
        evidence.chroma < 0.95 * chroma
    )
    mask = ((pale & _core(row, 0.18)) | (bright & _core(row, 0.24))).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    for piece in sorted(range(1, count), key=lambda one: -int(stats[one, cv2.CC_STAT_AREA])):
        found: Mask = labels == piece
        if _is_tooth_row(stats[piece]) and evidence.redness[found].mean() < UNRED:
            return found
    return None


def _is_tooth_row(stats: npt.NDArray[np.int_]) -> bool:
    _, _, width, height, area = (int(value) for value in stats)
    return area > 0.004 * COLUMNS**2 and width > 0.16 * COLUMNS and height < 0.22 * COLUMNS


def _core(row: int, below: float) -> Mask:
    """Where teeth may be: around `row`, and `below` that, as a share of COLUMNS."""
    core = np.zeros((ROWS, COLUMNS), np.bool_)
    top, bottom = max(0, row - int(COLUMNS * 0.14)), row + int(COLUMNS * below)
    core[top:bottom, int(COLUMNS * 0.28) : int(COLUMNS * 0.72)] = True
    return core


def with_cavity(tooth_row: Mask, evidence: Evidence) -> Mask:
    """The whole inside of an open mouth: the teeth, and the dark that adjoins them.

    Without teeth in it, it may be a moustache.
    """
    dark = evidence.lightness < CAVITY * float(np.median(evidence.lightness))
    dark[:, : SEAM_COLUMNS.start] = dark[:, SEAM_COLUMNS.stop :] = False
    inside = ((dark | tooth_row) * 1).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    inside = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((15, 5), np.uint8))
    _, labels = cv2.connectedComponents(inside)
    whole: Mask = labels == np.bincount(labels[tooth_row], minlength=1).argmax()
    rows = np.flatnonzero(whole.any(1))
    thick = whole.sum() / max(1, int(whole.any(0).sum()))
    open_wide = thick > 0.1 * COLUMNS and rows[-1] - rows[0] < 0.4 * COLUMNS
    return whole if open_wide else tooth_row


def seam_line(evidence: Evidence, row: int) -> npt.NDArray[np.float64]:
    """Row of the lip seam per column of SEAM_COLUMNS: the cheapest path (dynamic programming)."""
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    near = np.exp(-(((rows - row) / (COLUMNS * 0.10)) ** 2))
    cost = -(evidence.valley + 0.35 * np.clip(evidence.redness, 0, 1.2)) * near
    steps = np.array([-2, -1, 0, 1, 2])
    total = cost[:, SEAM_COLUMNS[0]].astype(np.float64)
    taken = np.zeros((ROWS, COLUMNS), int)
    for column in SEAM_COLUMNS[1:]:
        options = np.stack([np.roll(total, step) + SEAM_BEND * abs(step) for step in steps])
        taken[:, column] = steps[options.argmin(0)]
        total = options.min(0) + cost[:, column]
    line = np.zeros(len(SEAM_COLUMNS))
    here = int(total.argmin())
    for index in range(len(SEAM_COLUMNS) - 1, -1, -1):
        line[index] = here
        here = int(np.clip(here - taken[here, SEAM_COLUMNS[index]], 0, ROWS - 1))
    return line


def seam_strength(evidence: Evidence, line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much each column of the seam line looks like a mouth (about 1 inside, 0 on skin)."""
    strength = []
    for column, row in zip(SEAM_COLUMNS, line.astype(int), strict=True):
        colour = float(evidence.redness[max(0, row - 8) : row + 9, column].max())
        valley = float(evidence.valley[max(0, row - 3) : row + 4, column].max())
        strength.append(max(0.8 * colour, 0.0) + valley)
    return np.convolve(np.pad(strength, 4, "edge"), np.ones(9) / 9, "valid")

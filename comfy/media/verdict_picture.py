"""What is wrong with a cleaned picture: moved, cropped, other colours, text left, another face."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from comfy.media.film import find_face
from comfy.media.haar import Cascades
from comfy.media.registration import (
    INVERSE,
    LOOK,
    WIDE,
    Floats,
    Mask,
    Picture,
    colour_fit,
    read_picture,
    reduced,
    registered,
    seen_area,
)
from comfy.media.verdict_sound import Finding

if TYPE_CHECKING:
    from comfy.media.ocr import Line

SAME = 0.5  # share of pixels that are the original's, bit for bit: then nothing was moved
CROPPED = 0.08  # share of the original that is out of sight
SCALED, SHIFTED = 0.006, 0.004  # of the longer side
GAIN, MEAN = 0.05, 5.0  # of a colour; levels
SMALLER = 0.8  # of the original's longer side
READ = 960  # pixels of the longer side in which letters are looked for
SURE = 0.8  # of the recogniser: it sees letters in leaves, too
FACE, MARGIN = 64, 8  # pixels of a face and of what is around it
ALIKE = 0.92  # correlation of the same face in two pictures
OTHER = 0.5  # and of two pictures of different things

EVERYWHERE = re.compile(r"文字|文本|字样|text|words|letters|writing", re.IGNORECASE)
SUBTITLE = re.compile(r"字幕|台词|subtitle|caption", re.IGNORECASE)
KEEP = re.compile(
    r"保留|保持|留下|不要动|别动|除了|keep|leave|except|preserve|unchanged", re.IGNORECASE
)
WHOLE = re.compile(  # wishes that change the whole picture: then nothing in it must stay
    r"风格|上色|调色|滤镜|黑白|重绘|背景|[变改转换]成|放大|裁剪|旋转|换脸|美颜|"
    r"style|colou?r|black and white|repaint|paint|sketch|into a|upscale|crop|zoom|rotate|"
    r"background|brighter|darker|swap|replace",
    re.IGNORECASE,
)
LETTER = re.compile(r"[^\W_]")


def picture_findings(
    path: Path, *, original: Path, instruction: str = "", read: bool = True
) -> list[Finding]:
    """Of a picture that was made of `original` as `instruction` says; with `read` also the text
    in it. Raises OSError or ValueError for a file that is no picture."""
    cv2.setRNGSeed(1)  # the same two pictures give the same answer
    before, after = read_picture(original), read_picture(path)
    found = [] if WHOLE.search(instruction) else _place(before, after)
    if read and (asked := _asked(instruction)):
        found += _left(before, after, only_below=asked == "subtitle")
    return found


def _place(before: Picture, after: Picture) -> list[Finding]:
    """Where the result lies, its colours, and the face in it."""
    small = reduced(before)
    size = small.shape[1], small.shape[0]
    over = np.asarray(cv2.resize(after, size, interpolation=cv2.INTER_AREA), np.uint8)
    if _is_same(before, after):
        return _face(small, over)
    found = _size(before, after)
    warp = registered(small, over, WIDE)
    if warp is None:
        return [*found, ("other", {})]
    seen = seen_area(warp, over.shape, size)
    over = np.asarray(
        cv2.warpAffine(over, warp, size, flags=INVERSE, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    if _likeness(small, over, seen) < OTHER:
        return [*found, ("other", {})]
    longest = max(before.shape[:2])
    found += _moved(warp, seen, longest / max(size))
    return found + _colours(small, over, seen) + _face(small, over)


def _is_same(before: Picture, after: Picture) -> bool:
    if before.shape != after.shape:
        return False
    return float((before == after).all(axis=2).mean()) > SAME


def _likeness(small: Picture, over: Picture, seen: Mask) -> float:
    """The correlation of their brightness, -1 to 1."""
    there = seen > 0
    one, other = (
        cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (0, 0), 2)[there].astype(np.float64)
        for p in (small, over)
    )
    if not len(one) or one.std() < 1 or other.std() < 1:  # a plain wall
        return 1.0
    return float(np.corrcoef(one, other)[0, 1])


def _size(before: Picture, after: Picture) -> list[Finding]:
    if max(after.shape[:2]) > SMALLER * max(before.shape[:2]):
        return []
    sizes = {name: f"{p.shape[1]}×{p.shape[0]}" for name, p in (("is", after), ("was", before))}
    return [("smaller", sizes)]


def _moved(warp: Floats, seen: Mask, pixels: float) -> list[Finding]:
    """`pixels` of the original for one of those that were looked at."""
    height, width = seen.shape
    inside = seen[4:-4, 4:-4] if min(height, width) > 16 else seen
    lost = 1 - float(np.count_nonzero(inside)) / inside.size
    across, down = float(warp[0, 0]), float(warp[1, 1])
    middle = np.array([width / 2, height / 2, 1])
    shift = float(np.hypot(*(warp @ middle - middle[:2])))
    if lost > CROPPED:
        return [("cropped", {"percent": f"{100 * lost:.0f}"})]
    if max(abs(across - 1), abs(down - 1)) > SCALED:
        percent = 100 * max(across - 1, down - 1, 1 - across, 1 - down)
        return [("scaled", {"percent": f"{percent:.1f}"})]
    if shift > SHIFTED * max(width, height):
        return [("shifted", {"pixels": f"{shift * pixels:.0f}"})]
    return []


def _colours(small: Picture, over: Picture, seen: Mask) -> list[Finding]:
    fit = colour_fit(small, over, seen, WIDE)
    if fit is None:
        return [("recoloured", {"levels": "30+"})]
    gain, offset = fit
    mean = over.reshape(-1, 3).mean(axis=0)
    moved = float(np.abs(mean * (gain - 1) + offset).max())
    if float(np.abs(gain - 1).max()) > GAIN * 1.6 or moved > MEAN:
        return [("recoloured", {"levels": f"{moved:.0f}"})]
    return []


def _face(small: Picture, over: Picture) -> list[Finding]:
    """Whether the face of the original is the same in what lies over it."""
    grey, other = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (small, over))
    box = find_face(np.asarray(grey, np.uint8), Cascades())
    if box is None:
        return []
    rows = slice(box.y, box.y + box.height)
    columns = slice(box.x, box.x + box.width)
    side = FACE + 2 * MARGIN
    one, another = (
        cv2.resize(p[rows, columns], (side, side), interpolation=cv2.INTER_AREA)
        for p in (grey, other)
    )
    if np.array_equal(one, another):
        return []
    alike = [
        float(cv2.matchTemplate(another[part], one[part][MARGIN:-MARGIN, MARGIN:-MARGIN],
              cv2.TM_CCOEFF_NORMED).max())
        for part in (slice(0, 40), slice(24, 64), slice(40, side))
    ]  # fmt: skip
    likeness = sorted(alike)[1]  # letters may lie, or have lain, over one of the three
    return [("face", {"percent": f"{100 * max(0.0, likeness):.0f}"})] if likeness < ALIKE else []


# --- text -----------------------------------------------------------------------------------------


def _asked(instruction: str) -> str:
    """Which text should be gone: "all", "subtitle", or "" where nobody could tell."""
    if KEEP.search(instruction):
        return ""
    if EVERYWHERE.search(instruction):
        return "all"
    return "subtitle" if SUBTITLE.search(instruction) else ""


def _left(before: Picture, after: Picture, *, only_below: bool) -> list[Finding]:
    """Lines that can still be read where there was one."""
    from comfy.media.ocr import read_lines  # noqa: PLC0415  slow to load, and seldom needed

    height, width = after.shape[:2]
    lines = [line for line in read_lines(after, READ / max(after.shape[:2])) if _is_text(line)]
    if only_below:
        lines = [line for line in lines if line.corners[:, 1].mean() > 0.6 * height]
    if not lines:
        return []
    stretch = np.array([before.shape[1] / width, before.shape[0] / height], np.float32)
    were = [line for line in read_lines(before, READ / max(before.shape[:2])) if line.score > 0.5]
    left = [line.text for line in lines if _was_there(line.corners * stretch, were)]
    return [("text", {"text": "; ".join(left)[:60], "count": len(left)})] if left else []


def _is_text(line: Line) -> bool:
    letters = LETTER.findall(line.text)
    ornament = line.text.isascii() and len(letters) >= 4 and len(set(letters)) <= 2
    return line.score >= SURE and len(letters) >= 2 and not ornament


def _was_there(corners: Floats, lines: Sequence[Line]) -> bool:
    """Whether the middle of a line lies in one of these."""
    x, y = corners.mean(axis=0)
    return any(
        cv2.pointPolygonTest(line.corners, (float(x), float(y)), True) > -0.02 * LOOK
        for line in lines
    )

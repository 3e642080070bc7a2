"""Where whole copies of a repeated line stand, although some boxes show but a piece of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from comfy.engine.image.classify import letters
from comfy.engine.image.lattice import Points
from comfy.engine.image.text_boxes import TextBox

_ENOUGH = 4  # copies; of fewer a cut one is worth more than its place is wrong
_LONG = 2  # letters of a piece


def whole_copies(boxes: Sequence[TextBox]) -> tuple[Points, float]:
    """Centers [n, 2] of the copies that one can tell, and the width of the widest; px."""
    whole = _whole(boxes)
    if not whole:
        return np.zeros((0, 2)), 0.0
    centers = [np.array(box.center) for box in whole]
    if len(whole) < _ENOUGH:
        text = Counter(letters(box.text) for box in whole).most_common(1)[0][0]
        width = float(np.median([box.width for box in whole]))
        pieces = (box for box in boxes if box not in whole)
        centers += [place for box in pieces if (place := _completed(box, text, width)) is not None]
    return np.array(centers), max(box.width for box in whole)


def _whole(boxes: Sequence[TextBox]) -> list[TextBox]:
    """The boxes that show the whole line, not a cut piece of it."""
    if not boxes:
        return []
    longest = float(np.percentile([box.width for box in boxes], 85))
    return [box for box in boxes if 0.8 * longest < box.width < 1.2 * longest]


def _completed(box: TextBox, text: str, width: float) -> Points | None:
    """The center of the line of this text and width whose beginning or end a box shows."""
    piece = letters(box.text)
    starts, ends = text.startswith(piece), text.endswith(piece)
    if len(piece) < _LONG or starts == ends:
        return None
    a, b, c, d = box.corners
    begin, end = (a + d) / 2, (b + c) / 2
    along = (end - begin) / max(1e-6, float(np.linalg.norm(end - begin)))
    return np.asarray(begin + along * width / 2 if starts else end - along * width / 2, float)

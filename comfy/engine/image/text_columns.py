"""Vertical lines: letters that stand below each other, which the reader finds one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from comfy.engine.image.text_boxes import TextBox

_LEAST = 3  # letters: two below each other happen by chance
_SIZES = (0.6, 1.7)  # of one letter to the next
_STEP = (0.7, 1.9)  # from one middle to the next, in letter heights
_ASIDE = 0.4  # in letter widths


def join_columns(boxes: Sequence[TextBox]) -> list[TextBox]:
    """The same boxes, with single letters in a column made one line each."""
    letters = sorted((box for box in boxes if _is_letter(box)), key=lambda box: box.center[1])
    columns: list[list[TextBox]] = []
    for letter in letters:
        above = next((column for column in columns if _goes_on(column[-1], letter)), None)
        if above is None:
            columns.append([letter])
        else:
            above.append(letter)
    columns = [column for column in columns if len(column) >= _LEAST]
    joined = {id(letter) for column in columns for letter in column}
    return [box for box in boxes if id(box) not in joined] + [_line(c) for c in columns]


def _is_letter(box: TextBox) -> bool:
    return len(box.text.strip()) <= 2 and 0.4 < box.width / max(box.height, 1) < 2.2


def _goes_on(above: TextBox, below: TextBox) -> bool:
    size = max(above.width, above.height)
    ratio = max(below.width, below.height) / max(size, 1)
    right, down = np.subtract(below.center, above.center)
    return bool(
        _SIZES[0] < ratio < _SIZES[1]
        and abs(right) < _ASIDE * size
        and _STEP[0] * size < down < _STEP[1] * size
    )


def _line(column: Sequence[TextBox]) -> TextBox:
    """Letters in a row vouch for each other: the surest one's score counts."""
    corners = np.concatenate([letter.corners for letter in column])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    text = "".join(letter.text.strip() for letter in column)
    return TextBox(box, text, max(letter.score for letter in column))

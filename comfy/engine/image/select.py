"""Choosing the lines of text that an instruction is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from comfy.engine.image.classify import is_believable, letters
from comfy.engine.image.instruction import Instruction, Scope
from comfy.engine.image.text_boxes import TextBox

_SIDES = {
    "top": lambda x, y: y < 0.4,
    "bottom": lambda x, y: y > 0.6,
    "left": lambda x, y: x < 0.4,
    "right": lambda x, y: x > 0.6,
    "middle": lambda x, y: 0.25 < x < 0.75 and 0.25 < y < 0.75,
    "corner": lambda x, y: abs(x - 0.5) > 0.2 and abs(y - 0.5) > 0.2,
}


def select(
    boxes: Iterable[TextBox], instruction: Instruction, width: int, height: int
) -> list[TextBox]:
    """The boxes to remove, cut down to the quoted words where only those are meant."""
    chosen = []
    for box in boxes:
        place = box.center[0] / width, box.center[1] / height
        if any(_covers(scope, box, place) for scope in instruction.keep):
            continue
        wanted = [scope for scope in instruction.remove if _covers(scope, box, place)]
        if any(not scope.quotes for scope in wanted):
            if is_believable(box):
                chosen.append(box)
        elif wanted:  # words that the person spelled out need no second opinion
            chosen.append(_cut(box, wanted[0].quotes))
    return chosen


def _covers(scope: Scope, box: TextBox, place: tuple[float, float]) -> bool:
    if box.kind not in scope.kinds or not all(_SIDES[side](*place) for side in scope.sides):
        return False
    return not scope.quotes or any(_says(box.text, quote) for quote in scope.quotes)


def _says(text: str, quote: str) -> bool:
    """Whether a line says the quote, or the quote runs over this line and others."""
    line, words = letters(text), letters(quote)
    if not line or not words:
        return False
    if words in line or SequenceMatcher(None, line, words).ratio() > 0.72:
        return True
    return len(line) >= 2 and len(line) >= 0.2 * len(words) and line in words


def _cut(box: TextBox, quotes: tuple[str, ...]) -> TextBox:
    """The part of the line that says the quote, by the usual widths of the letters before it."""
    text = box.text.lower()
    for quote in quotes:
        start = text.find(quote.strip().lower())
        end = start + len(quote.strip())
        if start < 0 or len(letters(quote)) >= 0.8 * len(letters(box.text)):
            continue
        total = _advance(text)
        first, last = _advance(text[:start]) / total, _advance(text[:end]) / total
        return replace(
            box, corners=_part(box.corners, first, last), text=box.text[start:end], repeated=False
        )
    return box


def _advance(text: str) -> float:
    """Width of a text in ems: Chinese letters are square, Latin ones about half as wide."""
    return sum(
        1.0 if letter > "\u2e7f" else 0.28 if letter in " .,:;!|il'" else 0.56 for letter in text
    )


def _part(corners: np.ndarray, first: float, last: float) -> np.ndarray:
    a, b, c, d = corners
    top, bottom = b - a, c - d
    if np.linalg.norm(d - a) > 1.5 * np.linalg.norm(top):  # a vertical line runs downwards
        left, right = d - a, c - b
        parts = [a + left * first, b + right * first, b + right * last, a + left * last]
    else:
        parts = [a + top * first, a + top * last, d + bottom * last, d + bottom * first]
    return np.array(parts, np.float32)

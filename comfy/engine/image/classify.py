"""Telling subtitles, watermarks and other text apart, and real text from imagined text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np

from comfy.engine.image.instruction import Kind
from comfy.engine.image.text_boxes import TextBox

_LETTER = re.compile(
    r"[0-9A-Za-z\u00c0-\u024f\u0370-\u052f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_SLANT = 8.0  # degrees from which a line is not a level subtitle any more


@lru_cache(4096)  # each line is compared with all others
def letters(text: str) -> str:
    """The text without spaces and punctuation, in lower case: what two readings agree on."""
    return "".join(_LETTER.findall(text)).lower()


def classify(boxes: Sequence[TextBox], width: int, height: int) -> list[TextBox]:
    """Give each box its kind, from its place and its likeness to the others.

    `width` and `height` are the picture's, in pixels.
    """
    repeated = [_is_repeated(box, boxes) for box in boxes]
    known = [
        replace(box, kind=_kind(box, again, width, height), repeated=again)
        for box, again in zip(boxes, repeated, strict=True)
    ]
    return _with_fragments(known)


def is_believable(box: TextBox) -> bool:
    """Whether the text is surely there.

    RapidOCR reads "***" in stars on a flag, "O" in the rim of a cup and single Chinese letters in
    bokeh, "AAAA" in the eaves of a pagoda. Subtitles and watermarks have their place to speak for
    them; other text needs a good score and two letters.
    """
    count = len(letters(box.text))
    if box.repeated:
        return True
    if box.kind is Kind.TEXT:
        return box.score >= 0.8 and count >= 2 and not _is_ornament(letters(box.text))
    return count >= 2 or (count == 1 and box.score >= 0.85)


def _is_ornament(text: str) -> bool:
    """Hardly more than one Latin letter over and over: a pattern that looks like it."""
    return text.isascii() and len(text) >= 4 and max(map(text.count, text)) > 0.6 * len(text)


def slanted(box: TextBox) -> bool:
    """Whether the line is visibly tilted, counting upside down as level."""
    return _SLANT < abs(box.angle) < 180 - _SLANT


def _is_repeated(box: TextBox, boxes: Sequence[TextBox]) -> bool:
    twins = sum(1 for other in boxes if other is not box and alike(box, other))
    return twins >= (2 if slanted(box) else 3)


def alike(one: TextBox, other: TextBox) -> bool:
    """Whether two lines could be copies of each other, one of them perhaps cut or misread."""
    if abs(one.angle - other.angle) >= 6 or not 0.6 < one.height / max(other.height, 1) < 1.7:
        return False
    a, b = letters(one.text), letters(other.text)
    if not a or not b:
        return False
    return a in b or b in a or SequenceMatcher(None, a, b).ratio() > 0.6


def _kind(box: TextBox, repeated: bool, width: int, height: int) -> Kind:
    x, y = box.center[0] / width, box.center[1] / height
    level = not slanted(box)
    if repeated:
        return Kind.WATERMARK
    if y > 0.7 and 0.2 < x < 0.8 and box.height > 0.022 * height and level:
        return Kind.SUBTITLE
    if y < 0.2 and 0.3 < x < 0.7 and box.width > 0.25 * width and level:
        return Kind.SUBTITLE
    in_corner = (x < 0.3 or x > 0.7) and (y < 0.22 or y > 0.78)
    small = box.height < 0.08 * height and box.width < 0.4 * width
    return Kind.WATERMARK if in_corner and small and box.score > 0.5 else Kind.TEXT


def _with_fragments(boxes: list[TextBox]) -> list[TextBox]:
    """Take the pieces of a slanted tiled watermark that the border or the scene cut off."""
    tiles = [box for box in boxes if box.repeated and slanted(box)]
    if len(tiles) < 5:
        return boxes
    angle = float(np.median([box.angle for box in tiles]))
    height = float(np.median([box.height for box in tiles]))
    return [
        replace(box, kind=Kind.WATERMARK, repeated=True)
        if abs(box.angle - angle) < 12 and 0.4 < box.height / height < 1.8
        else box
        for box in boxes
    ]

"""What a person painted over: where it is text its letters go, elsewhere all that is covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from comfy.engine.image.text_boxes import TextBox
from comfy.engine.image.windows import Mask, around, polygon

_COVERED = 0.6  # of a line must be painted to be meant
_TEXT = 0.35  # of a painted spot must be lines of text to be meant for them alone
_SURE = 0.5  # score of a line that is believed where somebody painted


class Plan(NamedTuple):
    """`boxes`: lines to remove by their strokes; `whole`: pixels to fill altogether, in `areas`
    separate spots."""

    boxes: list[TextBox]
    whole: Mask
    areas: int


def plan(painted: Mask, boxes: Sequence[TextBox]) -> Plan:
    """Sort the painted spots into those over text and the others."""
    chosen = [box for box in boxes if box.score > _SURE and _painted_share(painted, box) > _COVERED]
    text = np.zeros(painted.shape, bool)
    for box in chosen:
        window = around(box.corners).grown(box.glyph_size, painted.shape)
        shape = window.bottom - window.top, window.right - window.left
        corners = box.corners - np.array(window[:2], np.float32)
        text[window.slices] |= polygon(shape, corners, 0.3 * box.glyph_size)
    count, labels = cv2.connectedComponents(painted.view(np.uint8))
    sizes = np.bincount(labels.ravel(), minlength=count)
    covered = np.bincount(labels[text], minlength=count)
    whole = covered < _TEXT * sizes
    whole[0] = False
    return Plan(chosen, np.asarray(whole[labels], bool), int(whole.sum()))


def _painted_share(painted: Mask, box: TextBox) -> float:
    window = around(box.corners).grown(0, painted.shape)
    if not window.area:
        return 0.0
    corners = box.corners - np.array(window[:2], np.float32)
    shape = window.bottom - window.top, window.right - window.left
    return float(painted[window.slices][polygon(shape, corners)].mean())

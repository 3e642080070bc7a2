"""Removing text from a picture as an instruction asks: the whole way from words to pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as PILImage

from comfy.engine.image import caption_bar, tiled_watermark
from comfy.engine.image.classify import alike, classify
from comfy.engine.image.fill import fill
from comfy.engine.image.icon import icon_mask
from comfy.engine.image.instruction import Instruction, Kind, parse_instruction
from comfy.engine.image.matte import measure_matte
from comfy.engine.image.select import select
from comfy.engine.image.stroke_mask import stroke_mask
from comfy.engine.image.text_boxes import Picture, TextBox, read_text, reduced
from comfy.engine.image.tiling import find_tiling
from comfy.engine.image.windows import Mask
from comfy.engine.node import NodeError

Progress = Callable[[int, int, PILImage.Image | None], None]
Check = Callable[[], None]

_STEPS = 4  # look, un-blend, mask, fill
_PREVIEW_SIDE = 512
_MIN_TILES = 5


@dataclass(frozen=True)
class Removed:
    """Something that was taken out of the picture."""

    kind: Kind
    text: str


def remove_text(
    picture: Picture, instruction: str, progress: Progress, check: Check
) -> tuple[Picture, list[Removed]]:
    """The picture without the text that the instruction names, and what that was.

    `picture` is uint8 [height, width, 3], RGB, and is not changed. Pixels that no removed text
    touched keep their bytes; with nothing to remove all do. `progress(step, steps, preview)`
    reports the stages; `check()` may raise to stop. Raises NodeError "cannot_do" or
    "not_understood".
    """
    wanted = understood(instruction)
    progress(0, _STEPS, None)
    chosen = _look(picture, wanted)
    check()
    if not chosen:
        progress(_STEPS, _STEPS, None)
        return picture, []
    progress(1, _STEPS, _preview_boxes(picture, chosen))
    cleaned, hole = picture.copy(), np.zeros(picture.shape[:2], bool)
    rest = chosen
    if _take_off_tiles(cleaned, hole, chosen, check):
        tiles = [box for box in chosen if box.repeated]
        # what the tiles hid or cut reads better now; a faint trace of them is no new text
        rest = [
            box for box in _look(cleaned, wanted) if not any(alike(box, tile) for tile in tiles)
        ]
        chosen = tiles + rest
    on_bars = _take_off_bars(cleaned, hole, rest, check)
    progress(2, _STEPS, _preview(cleaned))
    for box in rest:
        check()
        _mark(cleaned, hole, box, shadow=box not in on_bars)
    progress(3, _STEPS, _preview_mask(cleaned, hole))
    fill(cleaned, hole, check)
    progress(_STEPS, _STEPS, _preview(cleaned))
    return cleaned, _removed(chosen)


def understood(instruction: str) -> Instruction:
    """The parsed instruction, if there is anything in it that can be done."""
    wanted = parse_instruction(instruction)
    if wanted.remove:
        return wanted
    if wanted.impossible:
        raise NodeError("cannot_do", f"can only remove text, not: {', '.join(wanted.impossible)}")
    raise NodeError("not_understood", "say what to remove: subtitles, watermarks or other text")


def _removed(boxes: Sequence[TextBox]) -> list[Removed]:
    """What the boxes say; copies of a mark all say what most of them do, cut ones too."""
    tiles = Counter(box.text for box in boxes if box.repeated)
    usual = tiles.most_common(1)[0][0] if tiles else ""
    return [Removed(box.kind, usual if box.repeated else box.text) for box in boxes]


def _look(picture: Picture, wanted: Instruction) -> list[TextBox]:
    height, width = picture.shape[:2]
    return select(classify(read_text(picture), width, height), wanted, width, height)


def _take_off_tiles(picture: Picture, hole: Mask, boxes: Sequence[TextBox], check: Check) -> bool:
    """Un-mix a tiled watermark, in place; False if there is none that can be."""
    tiles = [box for box in boxes if box.repeated]
    tiling = find_tiling(picture, tiles) if len(tiles) >= _MIN_TILES else None
    measured = measure_matte(picture, tiling, check) if tiling else None
    if measured is None:
        return False
    for window, edges in tiled_watermark.take_off(picture, *measured, check):
        hole[window.slices] |= edges
    return True


def _take_off_bars(
    picture: Picture, hole: Mask, boxes: Sequence[TextBox], check: Check
) -> list[TextBox]:
    """Un-blend the bars behind subtitles, in place; returns the lines that stood on one."""
    on_bars: list[TextBox] = []
    for lines in _paragraphs([box for box in boxes if box.kind is Kind.SUBTITLE]):
        check()
        bar = caption_bar.find_bar(picture, lines)
        if bar is None:
            continue
        on_bars += lines
        for edge in caption_bar.take_off(picture, bar):
            hole[edge.slices] = True
    return on_bars


def _paragraphs(lines: Sequence[TextBox]) -> list[list[TextBox]]:
    """Lines that stand close below each other."""
    result: list[list[TextBox]] = []
    for line in sorted(lines, key=lambda box: box.center[1]):
        above = result[-1][-1] if result else None
        reach = 1.6 * max(line.height, above.height) if above else 0
        if above and line.center[1] - above.center[1] < reach:
            result[-1].append(line)
        else:
            result.append([line])
    return result


def _mark(picture: Picture, hole: Mask, box: TextBox, *, shadow: bool) -> None:
    window, mask = stroke_mask(picture, box, shadow=shadow)
    hole[window.slices] |= mask
    if box.kind is Kind.WATERMARK:
        for icon_window, icon in icon_mask(picture, box):
            hole[icon_window.slices] |= icon


def _preview(picture: Picture) -> PILImage.Image:
    return PILImage.fromarray(reduced(picture, _preview_scale(picture)))


def _preview_scale(picture: Picture) -> float:
    return min(1.0, _PREVIEW_SIDE / int(max(picture.shape[:2])))


def _preview_boxes(picture: Picture, boxes: Sequence[TextBox]) -> PILImage.Image:
    scale = _preview_scale(picture)
    small = reduced(picture, scale).copy()
    outlines = [np.round(box.corners * scale).astype(np.int32) for box in boxes]
    cv2.polylines(small, outlines, isClosed=True, color=(255, 64, 64), thickness=1)
    return PILImage.fromarray(small)


def _preview_mask(picture: Picture, hole: Mask) -> PILImage.Image:
    small = reduced(picture, _preview_scale(picture)).copy()
    size = small.shape[1], small.shape[0]
    marked = cv2.resize(hole.view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 32
    small[marked] = (small[marked] // 2 + np.array([127, 20, 20])).astype(np.uint8)
    return PILImage.fromarray(small)

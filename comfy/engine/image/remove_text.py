"""Removing text from a picture as an instruction asks: the whole way from words to pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from comfy.engine.image import caption_bar, painted_area, previews, tiled_watermark
from comfy.engine.image.classify import alike, classify, is_believable, letters, slanted
from comfy.engine.image.fill import fill
from comfy.engine.image.halo import grow_into_calm
from comfy.engine.image.icon import icon_mask
from comfy.engine.image.instruction import Instruction, Kind, parse_instruction
from comfy.engine.image.matte import measure_matte
from comfy.engine.image.pairs import in_pairs
from comfy.engine.image.panel import covers, find_panels, strips_beside, with_captions
from comfy.engine.image.previews import Progress
from comfy.engine.image.select import select
from comfy.engine.image.smear import mend_colour
from comfy.engine.image.stroke_mask import stroke_mask
from comfy.engine.image.text_boxes import Check, Picture, TextBox, read_near, read_text
from comfy.engine.image.text_columns import join_columns
from comfy.engine.image.tiling import find_tiling
from comfy.engine.image.windows import Mask, Window, around, polygon
from comfy.engine.memory import give_back
from comfy.engine.node import NodeError

AREA = "area"
"""The kind of what a person painted over and nobody could read."""

_STEPS = 5  # look, un-blend, mask, fill, read again
_MIN_TILES = 5
_PAINTED = 0.9  # of a panel must be painted to be meant
_READABLE = 0.5  # score from which a rest of a letter counts as still readable


class Removed(NamedTuple):
    """Something that was taken out of the picture: a `Kind`'s value, or AREA without a text."""

    kind: str
    text: str


class Cleaning(NamedTuple):
    """The cleaned picture and what is gone."""

    picture: Picture
    removed: list[Removed]


def remove_text(
    picture: Picture,
    instruction: str,
    progress: Progress,
    check: Check,
    painted: Mask | None = None,
) -> Cleaning:
    """The picture without the text that the instruction names, and what that was.

    `picture` is uint8 [height, width, 3], RGB, and is not changed. Pixels that no removed text
    touched keep their bytes; with nothing to remove all do. With a `painted` mask [height, width]
    what it covers goes instead, whatever it is, and no other pixel changes.
    `progress(step, steps, preview)` reports the stages; `check()` may raise to stop. Raises
    NodeError "cannot_do" or "not_understood".
    """
    progress(0, _STEPS, None)
    if painted is not None and painted.any():
        return _remove_painted(picture, painted, progress, check)
    wanted = understood(instruction)
    seen = with_captions(picture, _read(picture, check))
    chosen = _select(seen, wanted, picture.shape)
    kept = [box for box in seen if box not in chosen and is_believable(box)]
    check()
    if not chosen:
        progress(_STEPS, _STEPS, None)
        return Cleaning(picture, [])
    progress(1, _STEPS, previews.boxes(picture, chosen))
    cleaned = picture.copy()
    rest: Sequence[TextBox] = chosen
    doubtful: Sequence[TextBox] = ()
    edges: Sequence[tuple[Window, Mask]] = ()
    if (near_others := _take_off_tiles(cleaned, chosen, check)) is not None:
        edges, tiles = near_others, [box for box in chosen if box.repeated]
        seen = with_captions(cleaned, _read(cleaned, check))
        doubtful = _legible(seen, tiles)
        # what the tiles hid or cut reads better now; a faint trace of them is no new text
        rest = [
            box
            for box in _select(seen, wanted, picture.shape)
            if not any(alike(box, tile) for tile in tiles)
        ]
        chosen = tiles + rest
    hole = np.zeros(picture.shape[:2], bool)
    for window, edge in edges:
        hole[window.slices] |= edge
    _erase(cleaned, hole, rest, _bare(find_panels(cleaned, rest), kept), progress, check)
    del hole  # as large as the picture
    _erase_rests(cleaned, [*rest, *doubtful], chosen, check)
    progress(_STEPS, _STEPS, previews.small(cleaned))
    return Cleaning(cleaned, _removed(chosen))


def understood(instruction: str) -> Instruction:
    """The parsed instruction, if there is anything in it that can be done."""
    wanted = parse_instruction(instruction)
    if wanted.remove:
        return wanted
    if wanted.impossible:
        raise NodeError("cannot_do", f"can only remove text, not: {', '.join(wanted.impossible)}")
    raise NodeError("not_understood", "say what to remove: subtitles, watermarks or other text")


def _remove_painted(picture: Picture, painted: Mask, progress: Progress, check: Check) -> Cleaning:
    """Letters where the paint covers text, else all that is painted. The rest keeps its bytes."""
    plan = painted_area.plan(painted, _read(picture, check))
    progress(1, _STEPS, previews.boxes(picture, plan.boxes))
    cleaned, hole = picture.copy(), plan.whole.copy()
    panels = [
        panel
        for panel in find_panels(picture, plan.boxes)
        if painted[panel.slices].mean() > _PAINTED
    ]
    _erase(cleaned, hole, plan.boxes, panels, progress, check)
    _erase_rests(cleaned, plan.boxes, plan.boxes, check)
    cleaned[~painted] = picture[~painted]
    progress(_STEPS, _STEPS, previews.small(cleaned))
    areas = [Removed(AREA, "")] * plan.areas
    return Cleaning(cleaned, _removed(plan.boxes) + areas)


def _erase(
    cleaned: Picture,
    hole: Mask,
    boxes: Sequence[TextBox],
    panels: Sequence[Window],
    progress: Progress,
    check: Check,
) -> None:
    """Take off the panels and bars, mask the letters and fill, in place."""
    for panel in panels:
        hole[panel.slices] = True
    boxes = [box for box in boxes if not any(covers(panel, box) for panel in panels)]
    on_bars = _take_off_bars(cleaned, hole, boxes, check)
    progress(2, _STEPS, previews.small(cleaned))

    def marks(box: TextBox) -> list[tuple[Window, Mask]]:
        return _marks(cleaned, box, shadow=box not in on_bars)

    for window, mask in chain.from_iterable(in_pairs(marks, boxes, check)):
        hole[window.slices] |= mask
    mend_colour(cleaned, hole)
    grow_into_calm(cleaned, hole)
    progress(3, _STEPS, previews.mask(cleaned, hole))
    fill(cleaned, hole, check)
    progress(4, _STEPS, previews.small(cleaned))


def _bare(panels: Sequence[Window], kept: Sequence[TextBox]) -> list[Window]:
    """The panels on which no line stays."""
    return [panel for panel in panels if not any(covers(panel, box) for box in kept)]


def _erase_rests(
    cleaned: Picture, places: Sequence[TextBox], removed: Sequence[TextBox], check: Check
) -> None:
    """Read these places again; what is still legible of a removed line goes too: its strokes,
    then all."""
    for is_last in (False, True):
        check()
        rests = _legible(read_near(cleaned, places, check), removed)
        if not rests:
            return
        hole = np.zeros(cleaned.shape[:2], bool)
        for box in rests:
            window, mask = _whole(cleaned, box) if is_last else stroke_mask(cleaned, box)
            hole[window.slices] |= mask
        fill(cleaned, hole, check)


def _legible(seen: Sequence[TextBox], removed: Sequence[TextBox]) -> list[TextBox]:
    """The readings in which something is left of a removed line."""
    return [box for box in seen if box.score >= _READABLE and _belongs(box, removed)]


def _belongs(box: TextBox, removed: Sequence[TextBox]) -> bool:
    """Whether this reading lies in a removed line and shares a letter with it."""
    x, y = box.center
    for line in removed:
        place = around(line.corners)
        inside = place.left <= x < place.right and place.top <= y < place.bottom
        if inside and set(letters(box.text)) & set(letters(line.text)):
            return True
    return False


def _whole(picture: Picture, box: TextBox) -> tuple[Window, Mask]:
    window = around(box.corners).grown(0.2 * box.glyph_size, picture.shape)
    corners = box.corners - np.array(window[:2], np.float32)
    shape = window.bottom - window.top, window.right - window.left
    return window, polygon(shape, corners, 0.1 * box.glyph_size)


def _removed(boxes: Sequence[TextBox]) -> list[Removed]:
    """What the boxes say; copies of a mark all say what most of them do, cut ones too."""
    tiles = Counter(box.text for box in boxes if box.repeated)
    usual = tiles.most_common(1)[0][0] if tiles else ""
    return [Removed(str(box.kind), usual if box.repeated else box.text) for box in boxes]


def _read(picture: Picture, check: Check) -> list[TextBox]:
    height, width = picture.shape[:2]
    give_back()  # reading takes the most memory of all: nothing freed may stand beside it
    seen = read_text(picture, check)
    give_back()
    return classify(join_columns(seen), width, height)


def _select(boxes: Sequence[TextBox], wanted: Instruction, shape: tuple[int, ...]) -> list[TextBox]:
    return select(boxes, wanted, shape[1], shape[0])


def _take_off_tiles(
    picture: Picture, boxes: Sequence[TextBox], check: Check
) -> list[tuple[Window, Mask]] | None:
    """Un-mix a tiled watermark, in place; None if there is none.

    The edges of its letters, which stay uncertain, are filled smoothly. Returns those near other
    lines, which are to be filled together with these.
    """
    tiles = [box for box in boxes if box.repeated]
    tiling = find_tiling(picture, tiles, check) if len(tiles) >= _MIN_TILES else None
    measured = measure_matte(picture, tiling, check) if tiling else None
    if measured is None:
        return None
    edges = np.zeros(picture.shape[:2], bool)
    for window, edge in tiled_watermark.take_off(picture, *measured, check):
        edges[window.slices] |= edge
    near_others = []
    for box in boxes:
        if not box.repeated:
            window = around(box.corners).grown(box.glyph_size, picture.shape)
            near_others.append((window, edges[window.slices].copy()))
            edges[window.slices] = False
    fill(picture, edges, check, detailed=False)
    return near_others


def _take_off_bars(
    picture: Picture, hole: Mask, boxes: Sequence[TextBox], check: Check
) -> list[TextBox]:
    """Un-blend the bars behind lines, in place; returns the lines that stood on one."""
    on_bars: list[TextBox] = []
    for lines in _paragraphs([box for box in boxes if not box.repeated and not slanted(box)]):
        check()
        bar = caption_bar.find_bar(picture, lines)
        if bar is None:
            continue
        on_bars += lines
        for strip in strips_beside(picture, bar.window):
            hole[strip.slices] = True
        for window, edge in caption_bar.take_off(picture, bar):
            hole[window.slices] |= edge
    return on_bars


def _paragraphs(lines: Sequence[TextBox]) -> list[list[TextBox]]:
    """Lines that stand close below each other."""
    result: list[list[TextBox]] = []
    for line in sorted(lines, key=lambda box: box.center[1]):
        above = result[-1][-1] if result else None
        reach = 1.6 * max(line.height, above.height) if above else 0
        if above and line.center[1] - above.center[1] < reach and _overlap(line, above):
            result[-1].append(line)
        else:
            result.append([line])
    return result


def _overlap(line: TextBox, above: TextBox) -> bool:
    """Whether two lines share some columns."""
    left = max(line.corners[:, 0].min(), above.corners[:, 0].min())
    right = min(line.corners[:, 0].max(), above.corners[:, 0].max())
    return bool(left < right)


def _marks(picture: Picture, box: TextBox, *, shadow: bool) -> list[tuple[Window, Mask]]:
    """The strokes of a line, and the icons beside a watermark."""
    icons = icon_mask(picture, box) if box.kind is Kind.WATERMARK else []
    return [stroke_mask(picture, box, shadow=shadow), *icons]

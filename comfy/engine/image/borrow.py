"""Filling a hole with pieces of the scene around it: pleats, bricks, foliage, the rim of a cup.

A few shifts bring the scene onto itself well (K. He and J. Sun, "Statistics of Patch Offsets for
Image Completion", ECCV 2012). They are searched near each part of the hole by correlation; each
missing pixel then takes the colour that lies one such shift away, the shift being the one that
fits the known pixels around it best. What a piece is off by at the border of the hole is spread
smoothly over it (after P. Perez et al., "Poisson Image Editing", SIGGRAPH 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats, membrane
from comfy.engine.image.pairs import in_pairs
from comfy.engine.image.windows import Mask, Window, blocks_with, bounds, dilate

_TILE = 64  # px: side of the parts of a hole that look for shifts of their own
_AROUND = 20  # px of known scene around such a part that must fit
_SEARCH = 96  # px a piece may come from
_PER_TILE, _MOST = 6, 48  # shifts of a part, and in all: bounds the time
_APART = 5  # px between two shifts worth trying
_HIDDEN = 0.35  # of a part may itself be missing where it is taken from
_TRUST = 0.9  # a piece must fit this much better than the smooth guess would
_SCALES = ((9, 1.0), (33, 0.1), (97, 0.01))  # px around a missing pixel that must fit; weight
_FEATHER = (5, 5)
_RIM = 7  # px; width of the border at which a piece is compared with the scene
_PLAIN = 9.0  # squared grey levels of detail that nobody misses in a smooth guess
_THINNEST = 2.5  # px; thinner holes lose nothing
_COARSE = (15, 15)  # px; means over so many are no detail
_NEAR = 97  # px around a missing pixel whose calmest part tells how rough the scene is
_ROUGHEST = 1e6  # squared grey levels
_UNEVEN = 2.0  # times as rough as its calmest part a texture is
_TEXTURE = 0.9  # of the fine detail of a piece that fits nowhere
_THIRDS = np.full((1, 3), 1 / 3, np.float32)

Shift = tuple[int, int]
Indices = npt.NDArray[np.int32]


class _Scene(NamedTuple):
    """A window around the hole, and the scene around it framed so that every shift stays inside.

    `colours` [rows, columns, 3] and `known` (1, or 0 in the hole and in the frame).
    """

    colours: Floats
    known: Floats
    place: Window

    def at(self, shift: Shift) -> tuple[Floats, Floats]:
        """Colours and knowledge of what lies `shift` = (right, down) away from the window."""
        right, down = shift
        left, top = self.place.left + right, self.place.top + down
        size = self.place.right - self.place.left, self.place.bottom - self.place.top
        there = slice(top, top + size[1]), slice(left, left + size[0])
        return self.colours[there], self.known[there]


class Borrowed(NamedTuple):
    """What `borrow` gives: `colours` [height, width, 3], and for each pixel the pieces' `share` of
    it, 0..1, and how far to the `right` and `down` its piece was taken from, px."""

    colours: Floats
    share: Floats
    right: Floats
    down: Floats


def borrow(guess: Floats, hole: Mask, check: Callable[[], None]) -> Borrowed:
    """`guess` [height, width, 3], smooth in `hole`, with pieces of the scene where they are better,
    and with no more than their fine detail where they are not."""
    share, right, down = (np.zeros(hole.shape, np.float32) for _ in range(3))
    lost, calm = _lost_detail(guess, hole)
    wanted = hole & (lost > _PLAIN)
    shifts = _shifts(guess, hole, wanted, check) if wanted.any() else []
    if not shifts:
        return Borrowed(guess, share, right, down)
    place = _place(hole)
    scene = _scene(guess, hole, shifts, place)
    cost, which = _cheapest(scene, shifts, check)
    here, gap = guess[place.slices], hole[place.slices]
    pieces = _composed(scene, gap, shifts, which, check)
    change = np.where(np.isfinite(cost)[..., None], pieces - here, 0)
    part = _share(lost[place.slices], cost, change, gap)
    texture, grainy = _texture(calm[place.slices], change, gap)
    result = guess.copy()
    result[place.slices] += part[..., None] * change + (1 - part[..., None]) * texture
    share[place.slices] = part + (1 - part) * grainy
    from_where = np.array(shifts, np.float32)[which]
    right[place.slices], down[place.slices] = from_where[..., 0], from_where[..., 1]
    return Borrowed(result, share, right, down)


def _place(hole: Mask) -> Window:
    """The hole and as much around it as decides about its pixels."""
    return bounds(hole).grown(_SCALES[-1][0] // 2 + _RIM, hole.shape)


def _scene(guess: Floats, hole: Mask, shifts: Sequence[Shift], place: Window) -> _Scene:
    frame = max(max(abs(right), abs(down)) for right, down in shifts)
    around = (frame, frame, frame, frame)
    colours = cv2.copyMakeBorder(guess, *around, cv2.BORDER_CONSTANT, value=0)
    known = cv2.copyMakeBorder((~hole).astype(np.float32), *around, cv2.BORDER_CONSTANT, value=0)
    framed = Window(*(edge + frame for edge in place))
    return _Scene(np.asarray(colours, np.float32), np.asarray(known, np.float32), framed)


def _share(lost: Floats, cost: Floats, change: Floats, hole: Mask) -> Floats:
    """How much of a piece each pixel takes, 0..1."""
    found = np.isfinite(cost)
    strange = cv2.blur(mean_square(change), _FEATHER)
    # a scrap of another object differs more from the guess than the scene does around here
    gain = lost - _TRUST * np.where(found, cost, 0) - np.maximum(strange - 1.5 * lost, 0)
    share = np.where(hole & found, np.clip(gain / (0.4 * lost + _PLAIN), 0, 1), 0)
    return np.asarray(cv2.blur(share.astype(np.float32), _FEATHER) * hole, np.float32)


def _texture(rough: Floats, change: Floats, hole: Mask) -> tuple[Floats, Floats]:
    """Only the fine detail of the pieces, and where there is some: it looks like the scene also
    where no piece fits."""
    inside = hole.astype(np.float32)
    weight = cv2.blur(inside, _COARSE) + 1e-3
    coarse = cv2.blur(change * inside[..., None], _COARSE) / weight[..., None]
    fine = (change - coarse) * inside[..., None]
    power = cv2.blur(mean_square(fine), _COARSE) / weight
    # no more of it than the scene around has: what exceeds that is the border of another object
    share = (
        _TEXTURE
        * np.clip(np.sqrt(np.maximum(rough, 0) / np.maximum(power, 1e-3)), 0, 1)
        * (rough > _PLAIN)
    )
    share = np.asarray(cv2.blur(share.astype(np.float32), _FEATHER) * inside, np.float32)
    return np.asarray(fine * share[..., None], np.float32), share


def mean_square(colours: Floats) -> Floats:
    """Over the three channels; four times as fast as NumPy's mean over a short axis."""
    return np.asarray(cv2.transform(cv2.multiply(colours, colours), _THIRDS), np.float32)


def _lost_detail(guess: Floats, hole: Mask) -> tuple[Floats, Floats]:
    """Squared grey levels that a smooth guess of a hole this thick would be off by here; and the
    same without the scene's edges, which are no texture."""
    distance = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, 3)
    thick = float(np.percentile(distance[hole], 95)) if hole.any() else 0.0
    if thick < _THINNEST:
        nothing = np.zeros(hole.shape, np.float32)
        return nothing, nothing
    reach = min(24.0, thick)
    detail = mean_square(guess - cv2.GaussianBlur(guess, (0, 0), reach))
    known = (~dilate(hole, 5)).astype(np.float32)  # right beside it are rests of what was there
    lost = _mean_around(detail, (~hole).astype(np.float32))
    seen = cv2.blur(known, _COARSE)
    local = np.where(
        seen > 0.1, cv2.blur(detail * known, _COARSE) / np.maximum(seen, 1e-3), _ROUGHEST
    )
    calmest = cv2.erode(local.astype(np.float32), np.ones((_NEAR, _NEAR), np.uint8))
    return lost, np.asarray(np.minimum(lost, _UNEVEN * calmest), np.float32)


def _mean_around(values: Floats, weight: Floats) -> Floats:
    """Weighted means around each pixel: near ones count most, far ones where no other is."""
    weighted = values * weight
    total, counted = np.zeros_like(weight), np.full_like(weight, 1e-6)
    for size, share in _SCALES:
        total += share * cv2.blur(weighted, (size, size))
        counted += share * cv2.blur(weight, (size, size))
    return np.asarray(total / counted, np.float32)


def _shifts(guess: Floats, hole: Mask, wanted: Mask, check: Callable[[], None]) -> list[Shift]:
    """The best shifts of every part of the hole, those wanted by most parts first."""
    grey = cv2.cvtColor(guess, cv2.COLOR_RGB2GRAY)
    votes: dict[Shift, float] = {}
    busy = blocks_with(wanted, _TILE)
    for shifts in in_pairs(lambda block: _shifts_of(grey, hole, wanted, block), busy, check):
        for rank, shift in enumerate(shifts):
            votes[shift] = votes.get(shift, 0) + 1 / (1 + rank)
    return sorted(votes, key=lambda shift: -votes[shift])[:_MOST]


def _shifts_of(grey: Floats, hole: Mask, wanted: Mask, block: Window) -> list[Shift]:
    """Where else the surroundings of this part of the hole are found, best first."""
    part = bounds(wanted[block.slices]).moved(block.left, block.top)
    left, top, right, bottom = part.grown(_AROUND, hole.shape)
    missing = np.zeros((bottom - top, right - left), bool)
    missing[part.moved(-left, -top).slices] = wanted[part.slices]
    near = dilate(missing, 2 * _AROUND + 1) & ~hole[top:bottom, left:right]
    if near.sum() < missing.sum() // 4 + 16:
        return []
    from_y, from_x = max(0, top - _SEARCH), max(0, left - _SEARCH)
    place = (slice(from_y, bottom + _SEARCH), slice(from_x, right + _SEARCH))
    field = grey[place]
    weight = near.astype(np.float32)
    apart = cv2.matchTemplate(field, grey[top:bottom, left:right], cv2.TM_SQDIFF, mask=weight)
    hidden = cv2.matchTemplate(
        hole[place].astype(np.float32), missing.astype(np.float32), cv2.TM_CCORR
    )
    apart[hidden > _HIDDEN * missing.sum()] = np.inf
    result: list[Shift] = []
    while len(result) < _PER_TILE:
        y, x = np.unravel_index(int(np.argmin(apart)), apart.shape)
        if not np.isfinite(apart[y, x]):
            break
        result.append((int(x) + from_x - left, int(y) + from_y - top))
        apart[max(0, y - _APART) : y + _APART + 1, max(0, x - _APART) : x + _APART + 1] = np.inf
    return result


def _cheapest(
    scene: _Scene, shifts: Sequence[Shift], check: Callable[[], None]
) -> tuple[Floats, Indices]:
    """The lowest squared difference around each pixel, and the index of its shift."""
    here, known = scene.at((0, 0))

    def cost_of(shift: Shift) -> Floats:
        colours, there = scene.at(shift)
        cost = _mean_around(mean_square(cv2.subtract(colours, here)), known * there)
        cost[there == 0] = np.inf
        return cost

    best = np.full(known.shape, np.inf, np.float32)
    which = np.zeros(known.shape, np.int32)
    for index, cost in enumerate(in_pairs(cost_of, shifts, check)):
        better = cost < best
        np.copyto(best, cost, where=better)
        which[better] = index
    return best, which


def _composed(
    scene: _Scene, hole: Mask, shifts: Sequence[Shift], which: Indices, check: Callable[[], None]
) -> Floats:
    """The hole filled with pieces whose seams and borders are evened out."""
    around = dilate(hole, _RIM)
    here, _ = scene.at((0, 0))
    total, counted = np.zeros_like(here), np.full(hole.shape, 1e-6, np.float32)
    taken = np.where(dilate(around, _FEATHER[0]), which, -1)  # beyond, nothing is pieced together
    for index in np.unique(taken[taken >= 0]).tolist():
        check()
        part = (taken == index).astype(np.float32)
        near = bounds(part > 0).grown(_FEATHER[0], hole.shape)
        colours, there = scene.at(shifts[index])
        weight = cv2.blur(part[near.slices], _FEATHER) * there[near.slices]
        rows, columns = np.divmod(np.flatnonzero(weight), weight.shape[1])
        spots = rows + near.top, columns + near.left
        total[spots] += weight[rows, columns][:, None] * colours[spots]
        counted[spots] += weight[rows, columns]
    pieces = total / counted[..., None]
    off = membrane(np.clip(here - pieces, -40, 40), hole | ~around)
    return np.asarray(pieces + off, np.float32)

"""Paint the inside of an open mouth: dark cavity, tongue, upper teeth, in the picture's light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.head.geometry import Floats, Pixels, smoothstep
from comfy.engine.head.mouth import Mouth
from comfy.engine.head.mouth_warp import Parted

# shares of full brightness in even light, RGB
CAVITY: Floats = np.array((0.24, 0.08, 0.09), np.float32)
TONGUE: Floats = np.array((0.56, 0.26, 0.26), np.float32)
TEETH: Floats = np.array((1.0, 0.95, 0.88), np.float32)
LUMINANCE: Floats = np.array((0.299, 0.587, 0.114), np.float32)  # BT.601
SHUT = 0.003  # an opening of less is not seen, in half mouth widths
TEETH_HEIGHT = 0.20  # in half mouth widths


@dataclass(frozen=True)
class Colours:
    """The three colours under the light of the picture, 0..255."""

    cavity: Floats
    tongue: Floats
    teeth: Floats


def light_of(picture: Pixels, mouth: Mouth) -> Colours:
    """Take brightness and tint from the skin above the upper lip."""
    view = mouth.axes.at(0, -0.9, 1).patch(picture, 16, 8, 0.5).astype(np.float32)
    skin: Floats = np.median(view.reshape(-1, 3), axis=0).astype(np.float32)
    light = float(skin @ LUMINANCE) / 255
    tint = np.clip(skin / max(1.0, float(skin.mean())), 0.5, 1.4)
    return Colours(
        255 * CAVITY * (0.35 + 0.65 * light),
        255 * TONGUE * (0.35 + 0.6 * light),
        255 * TEETH * (0.30 + 0.66 * light) * (0.55 + 0.45 * tint),
    )


def paint(result: Pixels, mouth: Mouth, parted: Parted, colours: Colours) -> None:
    """Fill the opening of `result` (the warped region around the mouth) in place."""
    soft = 1.2 / mouth.axes.unit  # edges as soft as about one pixel
    opened = (np.minimum(parted.above_lower, parted.below_upper) > -soft) & (parted.gap > SHUT)
    opened &= parted.u < 1
    rows, columns = np.flatnonzero(opened.any(1)), np.flatnonzero(opened.any(0))
    if not rows.size or not columns.size:
        return
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    parted = Parted(*(values[box] for values in parted))
    cover = (
        smoothstep(-soft, soft, parted.above_lower)
        * smoothstep(-soft, soft, parted.below_upper)
        * smoothstep(0, 0.05, parted.gap)
        * (np.abs(parted.u) < 1)
    )
    inside = _inside(parted, colours, mouth, soft)
    alpha = cover[..., None]
    blended = result[box] * (1 - alpha) + inside * alpha
    result[box] = np.clip(blended, 0, 255).astype(np.uint8)


def _inside(parted: Parted, colours: Colours, mouth: Mouth, soft: float) -> Floats:
    depth = np.clip(parted.below_upper / parted.gap, 0, 1)
    side = parted.u * parted.u
    shade = (0.55 + 0.45 * depth) * (1 - 0.55 * side)
    tongue = (
        smoothstep(0.45, 1.0, depth)
        * np.exp(-((parted.u / 0.62) ** 2))
        * smoothstep(0.18, 0.45, parted.gap)
        * 0.75
    )
    painted = _mix(colours.cavity * shade[..., None], colours.tongue * shade[..., None], tongue)
    if mouth.teeth_gap:  # the portrait's own teeth are in the picture already
        return painted
    teeth, visible = _teeth(parted, colours, soft)
    return _mix(painted, teeth, visible)


def _teeth(parted: Parted, colours: Colours, soft: float) -> tuple[Floats, Floats]:
    """Upper teeth hang from the skull: they show below the upper lip as it rises."""
    side = parted.u * parted.u
    height = np.minimum(TEETH_HEIGHT, 0.5 * parted.gap)
    visible = (
        smoothstep(1, -1, (parted.below_upper - height) / soft)
        * np.power(np.clip(1 - side, 0, 1), 0.6)
        * smoothstep(0.10, 0.26, parted.gap)
        * 0.92
    )
    lip_shadow = 0.72 + 0.28 * smoothstep(0, 0.1, parted.below_upper)
    shade = (0.94 + 0.06 * np.cos(parted.u * 26)) * lip_shadow * (1 - 0.45 * side)
    return colours.teeth * shade[..., None], visible


def _mix(below: Floats, above: Floats, alpha: Floats) -> Floats:
    mixed: Floats = below + (above - below) * alpha[..., None]
    return mixed

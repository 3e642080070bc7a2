"""The product icon: a speech wave in a rounded square, as SVG and as pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

_INDIGO, _VIOLET = (79, 70, 229), (168, 85, 247)  # upper left and lower right of the gradient


@dataclass(frozen=True)
class Mark:
    """Bars on a 512 x 512 square: heights, width and distance of their middles."""

    heights: tuple[int, ...]
    width: int
    step: int
    corner: int = 116

    def bars(self) -> list[tuple[float, float, float, float]]:
        """(x, y, width, height) of every bar, from left to right."""
        first = 256 - self.step * (len(self.heights) - 1) / 2 - self.width / 2
        return [
            (first + index * self.step, 256 - height / 2, self.width, height)
            for index, height in enumerate(self.heights)
        ]


ICON = Mark(heights=(104, 200, 296, 168, 240, 120), width=34, step=58)
FAVICON = Mark(heights=(170, 310, 220), width=66, step=110)


def svg(mark: Mark) -> str:
    """The mark as a stand-alone SVG document."""
    start, stop = ("#{:02x}{:02x}{:02x}".format(*colour) for colour in (_INDIGO, _VIOLET))
    bars = "\n".join(
        f'    <rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="{wide / 2:g}"/>'
        for x, y, wide, high in mark.bars()
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">
  <defs>
    <linearGradient id="fill" x1="0" y1="0" x2="1" y2="1">
      <stop offset="0" stop-color="{start}"/>
      <stop offset="1" stop-color="{stop}"/>
    </linearGradient>
  </defs>
  <rect width="512" height="512" rx="{mark.corner}" fill="url(#fill)"/>
  <g fill="#fff">
{bars}
  </g>
</svg>
"""


def _coverage(
    size: int, box: tuple[float, float, float, float], corner: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Anti-aliased mask of a rounded rectangle given in 512 units."""
    x, y, wide, high = box
    place = (np.arange(size) + 0.5) * 512 / size
    aside = np.abs(place[None, :] - x - wide / 2) - wide / 2 + corner
    down = np.abs(place[:, None] - y - high / 2) - high / 2 + corner
    outside = np.hypot(np.maximum(aside, 0), np.maximum(down, 0))
    distance = outside + np.minimum(np.maximum(aside, down), 0) - corner
    return np.asarray(np.clip(0.5 - distance * size / 512, 0, 1))


def picture(mark: Mark, size: int) -> Image.Image:
    """The mark as an RGBA picture of `size` pixels."""
    ramp = (np.arange(size)[:, None] + np.arange(size)[None, :]) / (2 * size - 2)
    start, stop = np.array(_INDIGO), np.array(_VIOLET)
    colour = start + (stop - start) * ramp[..., None]
    for box in mark.bars():
        bar = _coverage(size, box, mark.width / 2)[..., None]
        colour = colour * (1 - bar) + 255 * bar
    alpha = _coverage(size, (0, 0, 512, 512), mark.corner) * 255
    return Image.fromarray(np.round(np.dstack([colour, alpha])).astype(np.uint8), "RGBA")

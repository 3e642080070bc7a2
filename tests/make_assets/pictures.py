"""The sample pictures: two portraits, a video frame with subtitles, a marked landscape."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.make_assets import backdrop, landscape, lettering, presenters
from tests.make_assets.canvas import Array, Canvas, display

_PORTRAIT = Canvas(768, 960, (384, 400), scale=2)
# A wider view of the same world: one picture pixel is 1.25 units.
_FRAME = Canvas(1600, 900, (930, 278), scale=2)

_DAYLIGHT = backdrop.Backdrop(
    top=(186, 190, 204),
    bottom=(120, 112, 118),
    glow=(255, 226, 196),
    lights=((255, 220, 180), (255, 244, 224), (190, 206, 240)),
)
_EVENING = backdrop.Backdrop(
    top=(48, 84, 96),
    bottom=(30, 44, 56),
    glow=(120, 190, 190),
    lights=((255, 190, 110), (255, 150, 90), (120, 220, 210), (255, 226, 170)),
    discs=60,
    largest=38,
    seed=28,
)


def _finished(image: Array, size: tuple[int, int], seed: int) -> Image.Image:
    """Fine film grain, 8 bits, reduced to the final size."""
    grain = np.random.default_rng(seed).normal(0, 0.022, image.shape[:2]).astype(np.float32)
    bright = display(image * (1 + grain[..., None]))
    return Image.fromarray(bright).resize(size, Image.Resampling.LANCZOS)


def portrait_woman() -> Image.Image:
    """The first presenter by daylight, 768 x 960."""
    image = backdrop.paint(_PORTRAIT, _DAYLIGHT)
    presenters.paint(_PORTRAIT, presenters.WOMAN, image)
    return _finished(image, (768, 960), 1)


def portrait_man() -> Image.Image:
    """The second presenter in the evening, 768 x 960."""
    image = backdrop.paint(_PORTRAIT, _EVENING)
    presenters.paint(_PORTRAIT, presenters.MAN, image)
    return _finished(image, (768, 960), 2)


def keyframe() -> Image.Image:
    """The first presenter in a studio, with a subtitle in two languages and a corner mark."""
    image = backdrop.paint_studio(_FRAME)
    presenters.paint(_FRAME, presenters.WOMAN, image)
    backdrop.paint_desk(_FRAME, image, 434)
    frame = _finished(image, (1280, 720), 3)
    lines = [("这得益于强大的算力支持", 0.066, 0.88), ("Thanks to powerful computing", 0.044, 0.95)]
    return lettering.corner_mark(lettering.subtitle(frame, lines), "示例频道")


def scene() -> Image.Image:
    """A lake in the evening under a slanted watermark, with a subtitle, 1280 x 853."""
    view = Image.fromarray(landscape.paint(1280, 853)).resize((1280, 853), Image.Resampling.LANCZOS)
    marked = lettering.tiled(view, "SAMPLE 样例")
    return lettering.subtitle(marked, [("湖光山色，晚风正好", 0.062, 0.947)])

"""Made pictures with known overlays, for tests.bench.engine: scenes, letterings, their truth."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.make_assets import backdrop, landscape
from tests.make_assets.canvas import Canvas, display

Picture = npt.NDArray[np.uint8]
Layer = Image.Image
ASSETS = Path(__file__).parents[2] / "assets"
SIZE = (1280, 720)
JPEG_QUALITY = 92
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class PictureCase:
    """`dirty` is `clean` under an overlay, after JPEG; `marked` [rows, columns] says where.

    `words` are what the overlay says, `instruction` what the engine is asked.
    """

    name: str
    clean: Picture
    dirty: Picture
    marked: npt.NDArray[np.bool_]
    words: tuple[str, ...]
    instruction: str


# --- scenes ---------------------------------------------------------------------------------


def _smooth_noise(seed: int, sigma: float) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0, 1, SIZE[::-1]).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.asarray(soft / soft.std(), np.float32)


def _bytes(image: npt.NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def gradient(seed: int) -> Picture:
    """A soft sky-like gradient with grain."""
    shades = np.random.default_rng(seed).uniform(40, 220, (2, 2, 3)).astype(np.float32)
    soft = cv2.resize(shades, SIZE, interpolation=cv2.INTER_CUBIC)
    return _bytes(soft + 2.5 * _smooth_noise(seed, 0.7)[..., None])


def rock(seed: int) -> Picture:
    """Noise at many scales, coloured like stone."""
    field = sum(s**0.8 * 3 * _smooth_noise(seed + i, s) for i, s in enumerate((1, 3, 9, 27, 81)))
    tint = np.random.default_rng(seed).uniform(0.7, 1.2, 3)
    return _bytes((118 + 0.55 * np.asarray(field)[..., None]) * tint)


def cloth(seed: int) -> Picture:
    """A woven pattern under uneven light."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    turn = 0.3 + 0.1 * (seed % 7)
    weave = np.sin((x + turn * y) / 4.1) * np.sin((y - turn * x) / 5.3)
    light = 120 + 30 * _smooth_noise(seed, 140)
    tint = np.random.default_rng(seed).uniform(0.6, 1.2, 3)
    return _bytes((light + 22 * weave + 4 * _smooth_noise(seed + 1, 0.8))[..., None] * tint)


def blocks(seed: int) -> Picture:
    """Hard edges: a heap of plain boxes, like a town."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(gradient(seed))
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, top = int(rng.integers(-40, SIZE[0])), int(rng.integers(150, SIZE[1]))
        colour = tuple(int(c) for c in rng.integers(30, 200, 3))
        pen.rectangle((x, top, x + int(rng.integers(40, 160)), SIZE[1]), fill=colour)
    return np.asarray(image)


def lights(seed: int) -> Picture:
    """Lamps out of focus in the evening."""
    canvas = Canvas(*SIZE, (SIZE[0] / 2, SIZE[1] / 2), scale=1)
    colours = ((255, 190, 110), (255, 150, 90), (120, 220, 210))
    room = backdrop.Backdrop((48, 84, 96), (30, 44, 56), (120, 190, 190), colours, seed=seed)
    return np.asarray(display(backdrop.paint(canvas, room)))


def lake(seed: int) -> Picture:
    """The landscape of the sample picture, mirrored for odd seeds."""
    view = Image.fromarray(landscape.paint(1280, 853)).resize((1280, 853))
    return np.ascontiguousarray(np.asarray(view)[:, :: -1 if seed % 2 else 1])


def person(seed: int) -> Picture:
    name = "portrait2.jpg" if seed % 2 else "portrait.jpg"
    with Image.open(ASSETS / name) as image:
        return np.asarray(image.convert("RGB"))


# --- letterings -----------------------------------------------------------------------------


def font(size: float, serif: bool = False) -> ImageFont.FreeTypeFont:
    """A Chinese font of the system (Debian's fonts-noto-cjk). Raises OSError without one."""
    name = "NotoSerifCJK-Bold.ttc" if serif else "NotoSansCJK-Bold.ttc"
    return ImageFont.truetype(name, round(size), index=2)


def _blank(size: tuple[int, int], colour: tuple[int, int, int] = WHITE) -> Layer:
    return Image.new("RGBA", size, (*colour, 0))


def subtitle(size: tuple[int, int], text: str, *, y: float = 0.9, height: float = 0.062,
             fill: tuple[int, ...] = (*WHITE, 255), stroke: tuple[int, int, int] = (12, 12, 16),
             width: float = 0.07, serif: bool = False) -> Layer:  # fmt: skip
    layer = _blank(size)
    pixels = height * size[1]
    ImageDraw.Draw(layer).text(
        (size[0] / 2, y * size[1]), text, font=font(pixels, serif), fill=fill, anchor="mm",
        stroke_width=round(pixels * width), stroke_fill=(*stroke, fill[3]),
    )  # fmt: skip
    return layer


def shadowed(size: tuple[int, int], text: str, serif: bool = False) -> Layer:
    pixels, (x, y) = 0.06 * size[1], (size[0] / 2, 0.9 * size[1])
    layer = _blank(size, BLACK)
    face = font(pixels, serif)
    away = pixels * 0.06
    pen = ImageDraw.Draw(layer)
    pen.text((x + away, y + away), text, font=face, fill=(*BLACK, 230), anchor="mm")
    soft = layer.filter(ImageFilter.GaussianBlur(pixels * 0.05))
    ImageDraw.Draw(soft).text((x, y), text, font=face, fill=(*WHITE, 255), anchor="mm")
    return soft


def barred(size: tuple[int, int], text: str, *, round_: float = 0, full: bool = False) -> Layer:
    layer = _blank(size, BLACK)
    pen = ImageDraw.Draw(layer)
    pixels, (x, y) = 0.055 * size[1], (size[0] / 2, 0.88 * size[1])
    face = font(pixels)
    half = size[0] if full else pen.textlength(text, font=face) / 2 + pixels * 0.6
    box = (x - half, y - pixels * 0.85, x + half, y + pixels * 0.85)
    pen.rounded_rectangle(box, pixels * round_, fill=(*BLACK, 140))
    pen.text((x, y), text, font=face, fill=(*WHITE, 255), anchor="mm")
    return layer


def corner(size: tuple[int, int], text: str, left: bool = False) -> Layer:
    layer = _blank(size)
    pen = ImageDraw.Draw(layer)
    pixels, y = 0.042 * size[1], 0.09 * size[1]
    x = size[0] * 0.09 if left else size[0] * 0.95 - pen.textlength(text, font=font(pixels))
    middle, radius = x - pixels, pixels * 0.6
    disc = (middle - radius, y - radius, middle + radius, y + radius)
    pen.ellipse(disc, fill=(232, 58, 78, 220))
    pen.text((x, y), text, font=font(pixels), fill=(*WHITE, 220), anchor="lm")
    return layer


def vertical(size: tuple[int, int], text: str, serif: bool = False) -> Layer:
    layer = _blank(size)
    pixels = 0.07 * size[1]
    for index, letter in enumerate(text):
        place = (size[0] * 0.9, size[1] * 0.2 + index * pixels * 1.12)
        ImageDraw.Draw(layer).text(
            place, letter, font=font(pixels, serif), fill=(*WHITE, 255), anchor="mm",
            stroke_width=round(pixels * 0.06), stroke_fill=(*BLACK, 255),
        )  # fmt: skip
    return layer


def tiled(size: tuple[int, int], text: str, *, opacity: float = 0.3, turn: float = 28,
          colour: tuple[int, int, int] = WHITE, height: float = 0.052) -> Layer:  # fmt: skip
    side = round(float(np.hypot(*size))) + 8
    layer = _blank((side, side), colour)
    pen = ImageDraw.Draw(layer)
    face = font(height * size[1])
    step = round(pen.textlength(text, font=face) * 1.55)
    for row, y in enumerate(range(0, side, round(height * size[1] * 3.3))):
        for x in range(-(row % 2) * step // 2, side, step):
            pen.text((x, y), text, font=face, fill=(*colour, round(255 * opacity)))
    turned = layer.rotate(turn, Image.Resampling.BICUBIC) if turn else layer
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    return turned.crop((left, top, left + size[0], top + size[1]))


# --- cases ----------------------------------------------------------------------------------

Make = Callable[[tuple[int, int]], Layer]


def drawn(name: str, clean: Picture, words: tuple[str, ...], *overlays: Make,
          instruction: str = "去除字幕、水印、文字") -> PictureCase:  # fmt: skip
    """These overlays on a clean picture, after JPEG."""
    size = clean.shape[1], clean.shape[0]
    image = Image.fromarray(clean).convert("RGBA")
    marked = np.zeros(clean.shape[:2], bool)
    for overlay in overlays:
        layer = overlay(size)
        image = Image.alpha_composite(image, layer)
        marked |= np.asarray(layer.getchannel("A")) > 5
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    dirty = np.asarray(Image.open(buffer).convert("RGB"))
    return PictureCase(name, clean, dirty, marked, words, instruction)


def cases(held: bool) -> list[PictureCase]:
    """The tuning set, or the other one: new scenes, words and letters nobody tuned for."""
    seed = 41 if held else 0
    zh, en = ("星河入梦来", "All quiet on the lake") if held else ("湖光山色正好", "Good evening")
    mark, channel = ("仅供预览 DRAFT", "晨间视频") if held else ("SAMPLE 样例", "示例频道")
    turn, flat = (-19.0, "COPY ONLY") if held else (28.0, "ABC STOCK")
    down = "岁月静好安然" if held else "春风又绿江南"
    return [
        drawn("tiles on a lake", lake(seed), (*mark.split(), zh),
              lambda s: tiled(s, mark, turn=turn), lambda s: subtitle(s, zh, y=0.947)),
        drawn("upright tiles", blocks(seed), tuple(flat.split()),
              lambda s: tiled(s, flat, turn=0, opacity=0.35)),
        drawn("dark tiles", gradient(seed + 1), tuple(mark.split()),
              lambda s: tiled(s, mark, turn=-turn, opacity=0.25, colour=BLACK)),
        drawn("outlined, two lines", lights(seed + 2), (zh, en),
              lambda s: subtitle(s, zh, y=0.86, serif=held),
              lambda s: subtitle(s, en, y=0.94, height=0.044)),
        drawn("outlined on rock", rock(seed + 3), (zh,),
              lambda s: subtitle(s, zh, fill=(255, 230, 40, 255))),
        drawn("outlined on cloth", cloth(seed + 4), (en,), lambda s: subtitle(s, en, serif=held)),
        drawn("soft shadow", gradient(seed + 5), (zh,), lambda s: shadowed(s, zh, held)),
        drawn("soft shadow, lamps", lights(seed + 6), (zh,), lambda s: shadowed(s, zh, held)),
        drawn("bar", lights(seed + 7), (zh,), lambda s: barred(s, zh)),
        drawn("round bar", blocks(seed + 8), (zh,), lambda s: barred(s, zh, round_=0.45)),
        drawn("full bar", rock(seed + 9), (en,), lambda s: barred(s, en, full=True)),
        drawn("corner icon", blocks(seed + 10), (channel,), lambda s: corner(s, channel, held)),
        drawn("corner icon, lamps", lights(seed + 11), (channel,), lambda s: corner(s, channel)),
        drawn("vertical", gradient(seed + 12), (down,), lambda s: vertical(s, down, held)),
        drawn("vertical on cloth", cloth(seed + 13), (down,), lambda s: vertical(s, down, held)),
        drawn("see-through text", gradient(seed + 14), (zh,),
              lambda s: subtitle(s, zh, fill=(*WHITE, 150), width=0, serif=held)),
        drawn("karaoke", cloth(seed + 15), (zh,), lambda s: subtitle(
            s, zh, fill=(255, 240, 0, 255), stroke=(20, 40, 200), width=0.09, serif=held)),
        drawn("on a person", person(seed), (zh, en),
              lambda s: subtitle(s, zh, y=0.8, height=0.05, serif=held),
              lambda s: subtitle(s, en, y=0.87, height=0.035)),
    ]  # fmt: skip


def clean_pictures(held: bool) -> dict[str, Picture]:
    """Pictures without any text: nothing in them may change."""
    seed = 71 if held else 31
    makers = (gradient, rock, cloth, blocks, lights, lake, person)
    return {make.__name__: make(seed + index) for index, make in enumerate(makers)}

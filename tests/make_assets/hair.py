"""Hair as thousands of strands between guide curves, lit along their length."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tests.make_assets.canvas import Array, Canvas, Colour, Points, spline

_SAMPLES = 56  # points along a strand
_LOOSE = 24  # one strand in so many is loose


@dataclass(frozen=True)
class Sheet:
    """Strands between neighbouring guides, from the one nearest the face to the outermost.

    `shine` is (place along the strand, spread, strength); `clump` how far strands gather to locks;
    `wave` the sideways waviness in units; `tone` the brightness of the whole sheet.
    """

    guides: tuple[Points, ...]
    strands: int
    tone: float = 1.0
    shine: tuple[float, float, float] = (0.3, 0.1, 0.6)
    clump: float = 0.5
    locks: int = 26
    wave: float = 1.5
    width: float = 1.0
    ragged: float = 0.1
    stray: float = 0.6
    seed: int = 0


@dataclass(frozen=True)
class Hair:
    """Colour and the sheets, drawn in order; `centre` and `radii` of the mass for its shading."""

    sheets: tuple[Sheet, ...]
    colour: Colour = (58, 40, 36)
    gleam: Colour = (186, 140, 118)
    centre: tuple[float, float] = (0.0, 10.0)
    radii: tuple[float, float] = (215.0, 300.0)


def _strands(sheet: Sheet) -> tuple[npt.NDArray[np.float64], Array]:
    """All strands of a sheet [strands, samples, 2] and their places between the guides 0..1.

    The first one in `_LOOSE` of them flies away from its lock.
    """
    rng = np.random.default_rng(sheet.seed)
    guides = np.stack([spline(guide, _SAMPLES) for guide in sheet.guides])
    place = rng.uniform(0, 1, sheet.strands)
    along = np.linspace(0, 1, _SAMPLES)[None, :]
    centres = np.sort(rng.uniform(0, 1, sheet.locks))
    nearest = centres[np.abs(place[:, None] - centres).argmin(1)]
    gather = sheet.clump * along**1.3
    at = np.clip(place[:, None] * (1 - gather) + nearest[:, None] * gather, 0, 1)
    index = at * (len(guides) - 1)
    low = np.minimum(index.astype(int), len(guides) - 2)
    part = (index - low)[..., None]
    column = np.arange(_SAMPLES)[None, :]
    lines = guides[low, column] * (1 - part) + guides[low + 1, column] * part
    phase = 9 * nearest[:, None] + rng.normal(0, 0.25, (sheet.strands, 1))
    swing = sheet.wave * np.sin(9 * along + phase) * along**1.6
    loose = np.where(np.arange(sheet.strands) < sheet.strands // _LOOSE, 3.5, 1.0)[:, None]
    drift = rng.normal(0, sheet.stray, (sheet.strands, 1)) * loose
    bow = np.sin(np.pi * along * rng.uniform(0.6, 1.4, (sheet.strands, 1)))
    lines[..., 0] += swing + drift * (2.5 * along**1.5 + 1.6 * bow)
    lines[..., 1] += 0.8 * drift * bow
    lines += rng.normal(0, 2.0, (sheet.strands, 1, 2)) * (1 - along[..., None]) ** 4
    return lines, place.astype(np.float32)


def _light(hair: Hair, lines: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Diffuse light on the hair mass, taken as an ellipsoid lit from the upper left."""
    x = (lines[..., 0] - hair.centre[0]) / hair.radii[0]
    y = (lines[..., 1] - hair.centre[1]) / hair.radii[1]
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    return np.asarray(0.50 + 0.62 * np.clip(-0.42 * x - 0.52 * y + 0.62 * z, 0, 1))


def _tones(
    hair: Hair, sheet: Sheet, lines: npt.NDArray[np.float64], place: Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Brightness and gleam of every point of every strand."""
    rng = np.random.default_rng(sheet.seed + 1)
    lock = np.interp(place, np.linspace(0, 1, 40), rng.normal(0, 0.17, 40))
    strand = rng.normal(0, 0.13, len(place))
    # A sheet is a rolled ribbon: darker at its inner edge and towards the roots and tips.
    ribbon = 0.78 + 0.30 * np.sin(np.pi * np.clip(place, 0.04, 1))
    along = np.linspace(0, 1, _SAMPLES)
    ends = 0.80 + 0.20 * np.sin(np.pi * np.clip(0.04 + along, 0, 1))
    tone = _light(hair, lines) * (ribbon * (1 + lock + strand))[:, None] * ends * sheet.tone
    where, spread, strength = sheet.shine
    jag = np.interp(place, np.linspace(0, 1, 60), rng.normal(0, 0.05, 60))
    centre = where + jag + rng.normal(0, 0.02, len(place))
    band = np.exp(-(((along[None, :] - centre[:, None]) / spread) ** 2))
    patch = np.clip(0.65 + 1.7 * lock + 1.2 * strand, 0, 1.5)[:, None]
    return tone, band * strength * patch * _light(hair, lines)


def paint(canvas: Canvas, hair: Hair, sheets: tuple[Sheet, ...]) -> tuple[Array, Array]:
    """Colour (linear light) and mask of some sheets of the hair."""
    dark = np.asarray(hair.colour, np.float64) * 0.42
    image = np.broadcast_to(dark.astype(np.uint8), (*canvas.shape, 3)).copy()
    mask = np.zeros(canvas.shape, np.uint8)
    for sheet in sheets:
        _paint_sheet(canvas, hair, sheet, image, mask)
    light = np.asarray((image.astype(np.float32) / 255) ** 2.2, np.float32)
    return canvas.blur(light, 0.3), canvas.blur(np.asarray(mask / 255, np.float32), 0.3)


def _paint_sheet(
    canvas: Canvas,
    hair: Hair,
    sheet: Sheet,
    image: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.uint8],
) -> None:
    lines, place = _strands(sheet)
    tone, gleam = _tones(hair, sheet, lines, place)
    base, shine = np.asarray(hair.colour, np.float64), np.asarray(hair.gleam, np.float64)
    colours = base * tone[..., None] + (shine - base * 0.3) * gleam[..., None]
    colours = np.clip(colours, 0, 255)
    rng = np.random.default_rng(sheet.seed + 2)
    stops = np.round(_SAMPLES * (1 - sheet.ragged * rng.uniform(0, 1, len(lines)))).astype(int)
    under = max(1, round(sheet.width * canvas.scale * 2.6))
    shade = tuple(float(part) for part in base * 0.40 * sheet.tone)
    body = len(lines) // _LOOSE
    for line, stop in zip(lines[body:], stops[body:], strict=True):
        path = [canvas.pixels(line[2 : stop - 9])]
        cv2.polylines(image, path, False, shade, under, cv2.LINE_AA, 4)
        cv2.polylines(mask, path, False, 255, under, cv2.LINE_AA, 4)
    # The outermost strands first: what lies nearer to the face lies on top.
    for index in np.argsort(-place + rng.normal(0, 0.25, len(place))):
        thick = max(1, round(sheet.width * canvas.scale * rng.choice([0.5, 0.5, 0.5, 1.0])))
        points = canvas.pixels(lines[index])
        for step in range(stops[index] - 1):
            pair = [points[step : step + 2]]
            thin = thick if step < stops[index] - 10 else 1
            colour = tuple(float(part) for part in colours[index, step])
            cv2.polylines(image, pair, False, colour, thin, cv2.LINE_AA, 4)
            cv2.polylines(mask, pair, False, 255, thin, cv2.LINE_AA, 4)

"""A procedural evening landscape: sky, ridges in haze, a lake that mirrors them, firs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tests.make_assets.canvas import Array, Canvas, Colour, display, linear, over, smoothstep

_HORIZON = 0.60  # of the height: where the lake begins
_SUN = (0.66, 0.50)
_RIDGES: tuple[tuple[float, float, float, Colour], ...] = (
    # (base height, relief, roughness, colour), farthest first
    (0.47, 0.17, 0.55, (168, 140, 176)),
    (0.52, 0.13, 0.55, (126, 106, 152)),
    (0.56, 0.09, 0.55, (84, 78, 122)),
    (0.595, 0.05, 0.60, (50, 56, 90)),
)


def _fractal_line(count: int, roughness: float, seed: int) -> npt.NDArray[np.float64]:
    """Sum of smooth noise octaves along a line, within about -1..1."""
    rng = np.random.default_rng(seed)
    place = np.linspace(0, 1, count)
    total = np.zeros(count)
    for octave in range(9):
        knots = 3 * 2**octave + 2
        heights = rng.uniform(-1, 1, knots)
        total += roughness**octave * np.interp(place, np.linspace(0, 1, knots), heights)
    return np.asarray(total / 1.7)


def _sky(canvas: Canvas) -> Array:
    part = canvas.y / (canvas.height * _HORIZON)
    stops = [0, 0.45, 0.75, 1.0]
    colours = [(52, 78, 150), (142, 132, 190), (246, 170, 150), (255, 214, 150)]
    flat = np.array([linear(colour) for colour in colours])
    bands = np.stack([np.interp(part[:, 0], stops, flat[:, c]) for c in range(3)], 1)
    sky = np.broadcast_to(bands[:, None, :], (*canvas.shape, 3)).astype(np.float32).copy()
    x, y = _SUN[0] * canvas.width, _SUN[1] * canvas.height
    sky += 0.9 * canvas.bump(x, y, 150, 110)[..., None] * linear((255, 190, 120))
    sky += 2.5 * canvas.bump(x, y, 30, 30)[..., None] * linear((255, 236, 200))
    _clouds(canvas, sky)
    return sky


def _clouds(canvas: Canvas, sky: Array) -> None:
    field = sum(
        weight * canvas.noise(size, seed, 0.28)
        for size, weight, seed in (
            (420, 1.0, 81),
            (190, 0.6, 82),
            (84, 0.35, 83),
            (36, 0.22, 84),
            (16, 0.12, 85),
        )
    )
    cover = smoothstep(0.35, 1.9, np.asarray(field, np.float32))
    cover = cover * smoothstep(canvas.height * 0.56, canvas.height * 0.30, canvas.y)
    below = np.clip(canvas.shifted(cover, 6, -12) - cover, 0, 1)
    warm = smoothstep(0, canvas.height * 0.45, canvas.y)[..., None]
    colour = linear((206, 190, 222)) * (1 - warm) + linear((255, 190, 160)) * warm
    over(sky, np.asarray(colour + 0.35 * below[..., None], np.float32), 0.75 * cover)


def _ridges(canvas: Canvas, image: Array) -> None:
    columns = canvas.shape[1]
    haze = linear((255, 206, 168))
    for index, (base, relief, roughness, colour) in enumerate(_RIDGES):
        line = _fractal_line(columns, roughness, 90 + index)
        top = canvas.height * (base - relief * (0.45 + 0.55 * line))[None, :].astype(np.float32)
        mask = smoothstep(-0.6, 0.6, canvas.y - top)
        depth = (canvas.y - top) / (canvas.height * 0.16)
        slope = np.gradient(top[0])[None, :] * 0.10
        relief_light = canvas.noise(14, 95 + index, 1.8) * 0.05 + canvas.blur(slope + 0 * mask, 3)
        tone = linear(colour) * np.clip(1 + relief_light, 0.6, 1.5)[..., None]
        mist = np.clip(depth, 0, 1)[..., None] * (0.55 - 0.1 * index)
        over(image, np.asarray(tone * (1 - mist) + haze * mist, np.float32), mask)


def _lake(canvas: Canvas, image: Array) -> None:
    """Mirror what is above the shore, squeezed and broken by waves."""
    shore = round(canvas.shape[0] * _HORIZON)
    rows = np.arange(canvas.shape[0] - shore)
    waves = np.random.default_rng(97).normal(0, 1, (len(rows), 1)) * (1 + rows[:, None] * 0.012)
    source = np.clip(shore - 1 - np.round(rows[:, None] * 1.12 + waves * 1.6), 0, shore - 1)
    ripple = canvas.noise(46, 98, 0.05)[shore:] * (0.4 + rows[:, None] * 0.022)
    columns = np.clip(np.arange(canvas.shape[1]) + ripple * 2, 0, canvas.shape[1] - 1)
    mirrored = image[source.astype(int), columns.astype(int)]
    dim = (0.80 - 0.42 * rows / len(rows))[:, None, None]
    shimmer = 1 + 0.07 * canvas.noise(60, 99, 0.035)[shore:, :, None]
    image[shore:] = mirrored * dim * shimmer * np.array([0.88, 0.94, 1.05], np.float32)
    line = np.exp(-(((canvas.y - canvas.height * _HORIZON) / 1.6) ** 2)) * 0.5
    image += line[..., None] * linear((255, 220, 190)) * 0.4


def _fir(canvas: Canvas, x: float, foot: float, size: float, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    points = [(x, foot - size)]
    levels = 17
    for side in (1, -1):
        rows = range(1, levels) if side == 1 else range(levels - 1, 0, -1)
        for row in rows:
            y = foot - size * (1 - row / levels)
            reach = side * size * 0.21 * (row / levels) ** 0.85 * rng.uniform(0.75, 1.15)
            tip = [(x + reach, y + size * 0.018), (x + reach * 0.42, y - size * 0.004)]
            points += tip if side == 1 else tip[::-1]
        if side == 1:
            points += [(x + size * 0.02, foot - 4), (x + size * 0.02, foot + 30)]
            points += [(x - size * 0.02, foot + 30), (x - size * 0.02, foot - 4)]
    return canvas.polygon(points, 0.3)


def _foreground(canvas: Canvas, image: Array) -> None:
    """A dark bank with firs and grass."""
    columns = canvas.shape[1]
    line = _fractal_line(columns, 0.5, 101)
    away = np.abs(np.linspace(-1.05, 0.95, columns))
    top = canvas.height * (0.885 + 0.03 * line - 0.14 * away**2.2)[None, :].astype(np.float32)
    mask = smoothstep(-0.5, 0.5, canvas.y - top)
    rng = np.random.default_rng(102)
    spots = [(rng.uniform(-0.02, 0.21), rng.uniform(0.28, 0.52)) for _ in range(9)]
    spots += [(rng.uniform(0.82, 1.02), rng.uniform(0.22, 0.44)) for _ in range(6)]
    for index, (place, size) in enumerate(spots):
        column = int(np.clip(place, 0, 0.999) * columns)
        foot = float(top[0, column]) + 8
        tree = _fir(canvas, place * canvas.width, foot, size * canvas.height, 110 + index)
        mask = np.maximum(mask, tree)
    blades = []
    for _ in range(1500):
        place = rng.uniform(0, 1)
        foot = float(top[0, int(place * columns)]) + 5
        lean, size = rng.normal(0, 5), rng.uniform(8, 26)
        x = place * canvas.width
        blade = [(x, foot), (x + lean * 0.3, foot - size * 0.6), (x + lean, foot - size)]
        blades.append(np.asarray(blade, np.float32))
    mask = np.maximum(mask, canvas.hairs(blades, [0.5] * len(blades), [0.9] * len(blades)))
    tone = linear((26, 34, 46)) * (1 + 0.10 * canvas.noise(9, 103))[..., None]
    glow = canvas.blur(mask, 2.0) - canvas.blur(mask, 6)
    over(image, np.asarray(tone + 0 * image, np.float32), mask)
    image += np.clip(-glow, 0, 1)[..., None] * mask[..., None] * linear((255, 170, 120)) * 0.4


def paint(width: int, height: int) -> npt.NDArray[np.uint8]:
    """The landscape as 8-bit sRGB at twice the given size, for reduction."""
    canvas = Canvas(width, height, (0, 0), 2)
    image = _sky(canvas)
    _ridges(canvas, image)
    _lake(canvas, image)
    _foreground(canvas, image)
    return display(image)

"""The face as a height field: skull, sockets, nose, cheeks, lips, chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.make_assets.canvas import Array, Canvas, Colour, Points, linear, profile, smoothstep


@dataclass(frozen=True)
class Mouth:
    """Closed lips: place, half width, lip heights and how far the corners are raised (units)."""

    y: float = 140.0
    half: float = 48.0
    upper: float = 13.5
    lower: float = 17.5
    smile: float = 7.5
    colour: Colour = (206, 92, 98)
    tint: float = 0.9

    def across(self, x: Array) -> Array:
        """Position along the lips, -1..1 between the corners."""
        return np.asarray(np.clip(x / self.half, -1, 1), np.float32)

    def seam(self, x: Array) -> Array:
        """Height of the line between the lips."""
        u = x / self.half
        bow = 2.2 * np.exp(-((u / 0.16) ** 2)) - 1.2 * np.exp(-(((np.abs(u) - 0.38) / 0.2) ** 2))
        return np.asarray(self.y + bow - self.smile * np.abs(u) ** 2.2, np.float32)

    def top(self, x: Array) -> Array:
        """Upper rim with the cupid's bow."""
        u = self.across(x)
        bow = 1 - 0.24 * np.exp(-((u / 0.12) ** 2))
        rise = (1 - np.abs(u) ** 1.25) * (0.72 + 0.28 * np.exp(-(((np.abs(u) - 0.2) / 0.26) ** 2)))
        return np.asarray(self.seam(x) - self.upper * rise * bow - 0.5, np.float32)

    def bottom(self, x: Array) -> Array:
        """Lower rim."""
        u = self.across(x)
        corners = self.y - self.smile * np.abs(u) ** 2.2
        return np.asarray(corners + self.lower * (1 - np.abs(u) ** 2.6) ** 0.8 + 1, np.float32)


@dataclass(frozen=True)
class Face:
    """Proportions in units: the eyes lie on y=0 at +-`eye_x`, the chin ends at `chin`."""

    outline: Points  # (y, half width) from the crown to the chin
    mouth: Mouth
    eye_x: float = 66.0
    chin: float = 229.0
    nose_tip: float = 77.0
    nose_width: float = 21.5
    nose_height: float = 0.86
    brow_ridge: float = 3.0
    cheek: float = 9.0
    jaw: float = 0.0
    skin: Colour = (243, 202, 182)
    flush: float = 1.0
    stubble: float = 0.0
    seed: int = 1


def _half_width(face: Face, y: Array) -> Array:
    """Half width of the face at y. Squares are interpolated so that the chin ends round."""
    squares = profile(y, [(place, half * half) for place, half in face.outline])
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def outline_points(face: Face) -> Array:
    """The closed contour of the face."""
    y = np.linspace(face.outline[0][0], face.chin, 240, dtype=np.float32)
    half = _half_width(face, y)
    right = np.stack([half, y], 1)
    return np.vstack([right, right[::-1] * np.array([-1, 1], np.float32)])


def _skull(canvas: Canvas, face: Face) -> Array:
    half = np.maximum(_half_width(face, canvas.y), 14.0)
    side = np.clip(1 - np.abs(canvas.x / half) ** 2.3, 0.05, 1) ** 0.5
    roll = np.clip((canvas.y - (face.chin - 62)) / 62, 0, 1)
    chin = np.clip(1 - roll**2.6, 0.10, 1) ** 0.5
    knots = [(-260, 60), (-190, 108), (-120, 140), (-40, 152), (60, 152), (150, 146), (240, 136)]
    depth = profile(canvas.y, knots)
    return np.asarray(depth * side * chin, np.float32)


def _nose(canvas: Canvas, face: Face) -> Array:
    tip, size = face.nose_tip, face.nose_height
    ridge_knots = [(-70, 0), (-40, 1.5), (-15, 7), (20, 15), (50, 24), (tip, 31), (tip + 40, 31)]
    spread_knots = [(-70, 16), (-20, 10.5), (20, 11.5), (50, 14), (tip, 17), (tip + 40, 17)]
    ridge, spread = profile(canvas.y, ridge_knots), profile(canvas.y, spread_knots)
    body = ridge * np.exp(-0.5 * (canvas.x / spread) ** 2)
    body *= 1 - smoothstep(tip - 6, tip + 25, canvas.y + 0.006 * canvas.x**2)
    ball = 11 * canvas.bump(0, tip - 1, 12.5, 11.5)
    wings = 16 * canvas.pair(face.nose_width - 2, tip + 8.0, 6.8, 7.2, 0.3)
    septum = 7 * canvas.bump(0, tip + 13, 6.5, 6.5)
    crease = -4.0 * canvas.pair(face.nose_width + 7, tip + 5, 3.5, 9, 0.25)
    return np.asarray((body + ball + wings + septum + crease) * size, np.float32)


def _lips(canvas: Canvas, mouth: Mouth) -> Array:
    x, y = canvas.x, canvas.y
    seam, top, bottom = mouth.seam(x), mouth.top(x), mouth.bottom(x)
    fade = np.clip(1 - (x / mouth.half) ** 2, 0, 1)
    above = np.clip((y - top) / np.maximum(seam - top, 1), 0, 1)
    below = np.clip((y - seam) / np.maximum(bottom - seam, 1), 0, 1)
    upper_arch, lower_arch = (np.abs(np.sin(np.pi * part)) ** 0.85 for part in (above, below))
    upper = upper_arch * (4.2 * fade**0.5 + 1.5 * np.exp(-((x / 9) ** 2)))
    lower = 7.5 * lower_arch * fade**0.7
    groove = -4.0 * np.exp(-(((y - seam) / 2.2) ** 2)) * smoothstep(-0.05, 0.25, fade)
    return canvas.blur(np.asarray(upper + lower + groove, np.float32), 0.8)


def height(canvas: Canvas, face: Face) -> Array:
    """Height of the face towards the viewer, in units, shape [rows, columns]."""
    mouth, eye = face.mouth, face.eye_x
    corner = mouth.y - mouth.smile
    field = _skull(canvas, face) + _nose(canvas, face)
    field -= 13 * canvas.pair(eye - 2, -4, 30, 19) + 8 * canvas.pair(eye - 34, -8, 12, 16)
    field += 10.5 * canvas.pair(eye, 1, 25, 15)
    field += face.brow_ridge * canvas.pair(eye - 4, -42, 34, 11)
    field += face.cheek * canvas.pair(84, 58, 34, 30, -0.5) - 4 * canvas.pair(100, 118, 26, 34)
    field += 3 * canvas.bump(0, -110, 70, 40)
    field += 10 * canvas.bump(0, mouth.y - 6, 46, 34)
    field += face.chin * 0.036 * canvas.bump(0, face.chin - 27, 24, 17)
    field -= 5.5 * canvas.bump(0, mouth.bottom(np.zeros(1, np.float32))[0] + 11, 27, 7)
    field -= 4.5 * canvas.pair(mouth.half + 4, corner + 1, 6, 8, 0.4)
    field += 2.4 * canvas.pair(mouth.half + 14, corner + 2, 7, 12, 0.4)
    field -= 2.2 * canvas.pair(face.nose_width + 21, 112, 5, 22, -0.55)
    field -= 2.0 * canvas.bump(0, 112, 5, 10) - 1.2 * canvas.pair(8, 112, 4, 10)
    field += face.jaw * canvas.pair(105, 150, 22, 34, 0.5)
    return field + _lips(canvas, mouth)


def lip_masks(canvas: Canvas, mouth: Mouth) -> tuple[Array, Array, Array]:
    """Masks of the lips, of the dark seam, and of the lower lip alone."""
    x = np.linspace(-mouth.half, mouth.half, 121, dtype=np.float32)
    top, seam, bottom = (
        np.stack([x, line(x)], 1) for line in (mouth.top, mouth.seam, mouth.bottom)
    )
    lips = canvas.polygon(np.vstack([top, bottom[::-1]]), 1.1)
    lower = canvas.polygon(np.vstack([seam, bottom[::-1]]), 0.9)
    wide = np.linspace(-mouth.half - 2, mouth.half + 2, 121, dtype=np.float32)
    line = canvas.stroke(np.stack([wide, mouth.seam(wide)], 1), 2.0, 0.7)
    return lips, line, lower


def albedo(canvas: Canvas, face: Face) -> Array:
    """Colour of skin and lips without light, linear, shape [rows, columns, 3]."""
    skin = np.broadcast_to(linear(face.skin), (*canvas.shape, 3)).copy()
    warm = 0.75 * canvas.pair(86, 62, 34, 24) + 0.35 * canvas.bump(0, face.nose_tip, 24, 16)
    warm = warm + 0.45 * canvas.bump(0, face.chin - 18, 40, 18) + 0.4 * canvas.pair(120, 60, 22, 70)
    warm = face.flush * (warm + 0.06 * canvas.noise(26, face.seed))
    skin *= np.exp(-np.clip(warm, 0, 1.2)[..., None] * np.array([0.05, 0.34, 0.30], np.float32))
    shade = 0.5 * canvas.pair(face.eye_x - 6, 24, 26, 8) + 0.7 * canvas.pair(
        face.eye_x - 2, -14, 30, 10
    )
    skin *= np.exp(-shade[..., None] * np.array([0.10, 0.22, 0.20], np.float32))
    pores = 0.014 * canvas.noise(1.3, face.seed + 1) + 0.018 * canvas.noise(9, face.seed + 2)
    skin *= 1 + pores[..., None]
    if face.stubble:
        skin *= np.exp(
            -_stubble(canvas, face)[..., None] * np.array([0.62, 0.52, 0.44], np.float32)
        )
    nostril = canvas.pair(11.5 * face.nose_width / 23, face.nose_tip + 16.5, 4.6, 2.0, -0.22)
    skin *= np.exp(-nostril[..., None] * np.array([1.1, 1.7, 1.7], np.float32))
    return _painted_lips(canvas, face.mouth, skin)


def paint_seam(canvas: Canvas, image: Array, mouth: Mouth) -> None:
    """Darken the line between the lips of a lit face, in place."""
    seam = lip_masks(canvas, mouth)[1][..., None]
    image *= np.exp(-seam * np.array([1.5, 2.3, 2.2], np.float32))


def _stubble(canvas: Canvas, face: Face) -> Array:
    mouth = face.mouth
    jaw = smoothstep(95, 150, canvas.y + 0.35 * np.abs(canvas.x) - 15)
    moustache = 0.8 * canvas.bump(0, mouth.y - 24, 34, 9)
    bare = canvas.pair(78, 96, 34, 38) + 0.7 * canvas.bump(0, mouth.y + 24, 24, 5)
    grain = 1 + 0.35 * canvas.noise(1.6, face.seed + 7)
    return np.asarray(np.clip(jaw + moustache - bare, 0, 1) * grain * face.stubble, np.float32)


def _painted_lips(canvas: Canvas, mouth: Mouth, skin: Array) -> Array:
    lips, _, lower = lip_masks(canvas, mouth)
    u = mouth.across(canvas.x)
    lines = 0.07 * canvas.noise(2.6, 5, 9) * lips
    tone = 0.80 + 0.20 * lower - 0.10 * np.abs(u) ** 2 + lines
    paint = linear(mouth.colour) * tone[..., None]
    return np.asarray(skin + (paint - skin) * (lips * mouth.tint)[..., None], np.float32)

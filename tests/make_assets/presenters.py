"""The two drawn presenters: who they are, and how the layers are put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.make_assets import body, ears, eyes, face, hair, hairstyles
from tests.make_assets.canvas import Array, Canvas, over
from tests.make_assets.lighting import Lights, cast_shadow, lit_skin


@dataclass(frozen=True)
class Presenter:
    """Everything that is drawn of one person, back to front."""

    face: face.Face
    eyes: eyes.Eyes
    back_hair: tuple[hair.Sheet, ...]
    front_hair: hair.Hair
    outfit: body.Outfit
    lights: Lights = Lights()
    ears: bool = False


WOMAN = Presenter(
    face=face.Face(
        outline=(
            (-210, 70),
            (-170, 104),
            (-120, 132),
            (-60, 144),
            (0, 144),
            (50, 140),
            (90, 131),
            (125, 117),
            (155, 99),
            (182, 76),
            (205, 52),
            (221, 27),
            (229, 0),
        ),
        mouth=face.Mouth(),
    ),
    eyes=eyes.Eyes(),
    back_hair=(hairstyles.BACK,),
    front_hair=hair.Hair(
        sheets=(
            hairstyles.mirrored(hairstyles.LOCKS, -38, 22),
            hairstyles.LOCKS,
            hairstyles.mirrored(hairstyles.FRINGE, -38, 42),
            hairstyles.FRINGE,
        ),
        colour=(92, 64, 54),
    ),
    outfit=body.Outfit(),
)

MAN = Presenter(
    face=face.Face(
        outline=(
            (-210, 80),
            (-170, 112),
            (-120, 134),
            (-60, 145),
            (0, 147),
            (50, 145),
            (90, 140),
            (125, 132),
            (155, 119),
            (182, 101),
            (205, 79),
            (224, 54),
            (236, 30),
            (243, 0),
        ),
        mouth=face.Mouth(
            y=143, half=52, upper=9.5, lower=13.5, smile=7, colour=(196, 112, 102), tint=0.72
        ),
        chin=243,
        nose_tip=82,
        nose_width=26,
        nose_height=1.02,
        brow_ridge=7,
        cheek=6,
        jaw=5,
        skin=(226, 174, 142),
        flush=0.75,
        stubble=0.26,
        seed=71,
    ),
    eyes=eyes.Eyes(
        half=35.5,
        open=1.02,
        iris=15.2,
        colour=(88, 56, 38),
        lash_length=2.6,
        liner=0.6,
        crease=5.2,
        brow=(34, 26, 24),
        brow_weight=1.9,
        brow_width=12.0,
        brow_line=((24, -35), (52, -43), (86, -46), (112, -33)),
        seed=73,
    ),
    back_hair=(),
    front_hair=hair.Hair(
        sheets=(
            hairstyles.CROWN,
            hairstyles.mirrored(hairstyles.SIDES, 0, 64),
            hairstyles.SIDES,
            hairstyles.SWEPT,
        ),
        colour=(62, 50, 46),
        gleam=(150, 132, 122),
    ),
    outfit=body.Outfit(
        jacket=(58, 66, 62),
        top=(168, 196, 222),
        neck=76,
        shoulder=300,
        slope=344,
        neckline=420,
        collar=True,
        chain=False,
        seed=75,
    ),
    ears=True,
)


def paint(canvas: Canvas, who: Presenter, image: Array) -> None:
    """Paint the presenter over `image` (linear light), in place, from the back to the front."""
    locks, locks_mask = hair.paint(canvas, who.front_hair, who.front_hair.sheets)
    head = canvas.polygon(face.outline_points(who.face), 0.7)
    if who.back_hair:
        colour, mask = hair.paint(canvas, who.front_hair, who.back_hair)
        over(image, colour, mask)
    if who.ears:
        ears.paint_ears(canvas, image, who.face.skin, who.lights)
    body.paint_neck(canvas, image, who.outfit, who.face.skin, who.lights, head)
    body.paint_top(canvas, image, who.outfit, who.lights)
    body.paint_jacket(canvas, image, who.outfit, who.lights)
    if who.outfit.collar:
        body.paint_collar(canvas, image, who.outfit, who.lights)
    over(image, _lit_face(canvas, who, locks_mask), head)
    image *= 1 - 0.5 * _hair_shade(canvas, locks_mask, 14, 7)[..., None] * (1 - head[..., None])
    over(image, locks, locks_mask)


def _hair_shade(canvas: Canvas, mask: Array, offset: float, soft: float) -> Array:
    return canvas.blur(canvas.shifted(mask, offset * 0.6, offset), soft)


def _lit_face(canvas: Canvas, who: Presenter, locks: Array) -> Array:
    height = face.height(canvas, who.face)
    shadow = cast_shadow(canvas, height, who.lights.key, 60, 10)
    shade = _hair_shade(canvas, locks, 10, 6)
    shine = np.full(canvas.shape, 1.0, np.float32)
    lit = lit_skin(
        canvas, face.albedo(canvas, who.face), height, who.lights, shadow * (1 - 0.7 * shade), shine
    )
    near = np.maximum(shade, canvas.blur(locks, 9))
    lit *= np.exp(-0.45 * near[..., None] * np.array([0.7, 1.05, 1.1], np.float32))
    face.paint_seam(canvas, lit, who.face.mouth)
    eyes.paint_eyes(canvas, lit, who.eyes)
    return lit

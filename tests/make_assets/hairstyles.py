"""The guide curves of the presenters' hair: where strands start, how they fall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.make_assets.hair import Sheet


def mirrored(sheet: Sheet, shift: float, seed: int) -> Sheet:
    """The same sheet on the other side; the parting end is moved by `shift` units."""
    guides = []
    for guide in sheet.guides:
        fade = np.linspace(1, 0, len(guide)) ** 2
        moved = [(-x + shift * float(f), y) for (x, y), f in zip(guide, fade, strict=True)]
        guides.append(tuple(moved))
    return replace(sheet, guides=tuple(guides), seed=seed)


LOCKS = Sheet(
    guides=(
        (
            (-19, -172),
            (-60, -142),
            (-104, -96),
            (-130, -22),
            (-139, 60),
            (-142, 142),
            (-156, 222),
            (-158, 300),
            (-128, 362),
        ),
        (
            (-19, -196),
            (-84, -182),
            (-142, -112),
            (-164, -18),
            (-168, 70),
            (-172, 160),
            (-192, 240),
            (-194, 322),
            (-158, 392),
        ),
        (
            (-18, -246),
            (-86, -236),
            (-158, -160),
            (-186, -46),
            (-190, 60),
            (-200, 160),
            (-224, 244),
            (-224, 334),
            (-190, 408),
        ),
    ),
    strands=2600,
    shine=(0.26, 0.07, 0.62),
    wave=7,
    ragged=0.16,
    seed=21,
)
BACK = Sheet(
    guides=(
        ((-168, -60), (-168, 60), (-172, 180), (-180, 300), (-160, 372)),
        ((-60, -60), (-80, 60), (-100, 180), (-104, 300), (-90, 380)),
        ((60, -60), (80, 60), (100, 180), (104, 300), (90, 380)),
        ((168, -60), (168, 60), (172, 180), (180, 300), (160, 372)),
    ),
    strands=1200,
    tone=0.5,
    shine=(0.5, 0.1, 0.0),
    clump=0.0,
    seed=31,
)
FRINGE = Sheet(
    guides=(
        ((-18, -182), (-38, -142), (-66, -92), (-104, -40), (-138, 8), (-158, 66)),
        ((-18, -200), (-62, -168), (-106, -116), (-142, -52), (-160, 10), (-172, 76)),
        ((-18, -226), (-80, -206), (-140, -140), (-168, -60), (-176, 14), (-182, 84)),
    ),
    strands=620,
    shine=(0.34, 0.10, 0.6),
    clump=0.7,
    locks=12,
    wave=3,
    ragged=0.3,
    stray=0.9,
    seed=41,
)

SIDES = Sheet(
    guides=(
        ((-116, -122), (-133, -78), (-141, -26), (-144, 24)),
        ((-122, -150), (-148, -92), (-155, -34), (-153, 12)),
        ((-120, -186), (-160, -112), (-168, -44), (-162, -2)),
    ),
    strands=1100,
    tone=0.8,
    shine=(0.3, 0.2, 0.15),
    clump=0.2,
    locks=40,
    wave=1,
    ragged=0.5,
    stray=0.5,
    seed=61,
)
CROWN = Sheet(
    guides=(
        (
            (-126, -70),
            (-130, -122),
            (-96, -168),
            (-20, -186),
            (50, -186),
            (104, -162),
            (132, -115),
            (128, -66),
        ),
        (
            (-158, -30),
            (-166, -120),
            (-122, -212),
            (-34, -252),
            (56, -254),
            (132, -210),
            (166, -116),
            (158, -30),
        ),
    ),
    strands=1300,
    tone=0.75,
    shine=(0.4, 0.2, 0.1),
    clump=0.2,
    wave=2,
    seed=62,
)
SWEPT = Sheet(
    guides=(
        ((-120, -106), (-148, -150), (-156, -192), (-128, -226)),
        ((-84, -140), (-104, -196), (-92, -240), (-44, -262)),
        ((-32, -154), (-40, -212), (-10, -252), (46, -270)),
        ((30, -156), (40, -208), (76, -244), (122, -246)),
        ((84, -138), (108, -180), (138, -200), (158, -178)),
        ((118, -104), (144, -128), (162, -122), (168, -82)),
    ),
    strands=2200,
    shine=(0.42, 0.14, 0.6),
    clump=0.75,
    locks=30,
    wave=4,
    ragged=0.25,
    stray=1.0,
    seed=63,
)

"""`python -m tests.bench.paste_back`: does anything move besides what was edited?

Twenty pictures lose their letters by a known mask, as if by a perfect model; then they are shifted
up to 8 pixels, scaled by 0.97 to 1.03, given other colours and JPEG noise, as real models do.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.media.paste_back import GROWN, paste_back
from comfy.media.registration import LOOK, Picture
from tests.bench.picture_cases import ASSETS, PictureCase, cases, drawn, subtitle

MARGIN = 3 * GROWN  # pixels around the letters in which the result may be used, of LOOK
SHIFT, SCALE, GAIN, OFFSET, JPEG = 8.0, 0.03, 0.06, 8.0, (85, 95)


@dataclass(frozen=True)
class Score:
    """Pixels changed outside the edited area; likeness to the clean picture in it, in dB."""

    name: str
    reason: str
    share: float
    outside: int
    raw_outside: int
    before: float
    after: float
    seconds: float


def pictures() -> Iterator[PictureCase]:
    """Twenty pictures with letters on them, and how they are without."""
    yield from cases(False)
    for name in ("scene", "keyframe"):
        with Image.open(ASSETS / f"{name}.jpg") as image:
            clean = np.asarray(image.convert("RGB"))
        yield drawn(name, clean, (), lambda size: subtitle(size, "湖光山色 SAMPLE", y=0.7))


def moved(picture: Picture, seed: int) -> Picture:
    """As a model gives it back: elsewhere by a little, another size, other colours, JPEG noise."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    scale = 1 + rng.uniform(-SCALE, SCALE)
    shift = rng.uniform(-SHIFT, SHIFT, 2)
    warp = np.array(
        [
            [scale, 0, width / 2 * (1 - scale) + shift[0]],
            [0, scale, height / 2 * (1 - scale) + shift[1]],
        ]
    )
    off = cv2.warpAffine(
        picture, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    budget = np.sqrt(1024 * 1024 / (width * height))  # the models' pixel budget, in eights
    size = round(width * budget / 8) * 8, round(height * budget / 8) * 8
    sized = cv2.resize(off, size, interpolation=cv2.INTER_AREA if budget < 1 else cv2.INTER_CUBIC)
    tint = 1 + rng.uniform(-GAIN, GAIN, 3), rng.uniform(-OFFSET, OFFSET, 3)
    coloured = np.clip(sized * tint[0] + tint[1], 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coloured).save(buffer, "JPEG", quality=int(rng.integers(*JPEG)))
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def score(case: PictureCase, seed: int) -> Score:
    """Paste one case back and compare."""
    edited = np.where(case.marked[..., None], case.clean, case.dirty).astype(np.uint8)
    given = moved(edited, seed)
    begin = time.perf_counter()
    pasted = paste_back(case.dirty, given)
    seconds = time.perf_counter() - begin
    mended = case.dirty if pasted.picture is None else pasted.picture
    far = ~_around(case.marked)
    height, width = case.dirty.shape[:2]
    raw = cv2.resize(given, (width, height), interpolation=cv2.INTER_CUBIC)
    return Score(
        case.name,
        pasted.reason,
        pasted.share,
        int((mended != case.dirty).any(axis=2)[far].sum()),
        int((raw != case.dirty).any(axis=2)[far].sum()),
        _likeness(case.dirty, case.clean, case.marked),
        _likeness(mended, case.clean, case.marked),
        seconds,
    )


def _around(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    margin = round(MARGIN * max(1, max(marked.shape) / LOOK))
    away = cv2.distanceTransform((~marked).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(away <= margin)


def _likeness(picture: Picture, clean: Picture, marked: npt.NDArray[np.bool_]) -> float:
    off = picture[marked].astype(np.float64) - clean[marked]
    return float(10 * np.log10(255**2 / max(1e-9, float((off**2).mean()))))


def main() -> int:
    """Print a line for each picture; 1 if a pixel moved or a picture was not mended."""
    line = "{:22} {:>12} {:>8} {:>10} {:>12} {:>8} {:>8} {:>8}"
    heads = ("picture", "not mended", "share", "outside", "raw outside", "before", "after", "s")
    print(line.format(*heads))
    found = [score(case, 100 + number) for number, case in enumerate(pictures())]
    for one in found:
        print(
            line.format(
                one.name, one.reason or "-", f"{one.share:.1%}", one.outside, one.raw_outside,
                f"{one.before:.1f}", f"{one.after:.1f}", f"{one.seconds:.2f}",
            )
        )  # fmt: skip
    mended = [one for one in found if not one.reason]
    print(
        f"{len(mended)} of {len(found)} mended, {sum(o.outside for o in found)} pixels changed "
        f"outside (raw results: {sum(o.raw_outside for o in found)}); under the letters "
        f"{np.mean([o.before for o in mended]):.1f} dB before, "
        f"{np.mean([o.after for o in mended]):.1f} dB after"
    )
    return int(any(one.outside or one.reason for one in found))


if __name__ == "__main__":
    sys.exit(main())

"""Cleaned pictures, and what models do to them besides."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from comfy.media.registration import Picture
from comfy.media.verdict_picture import picture_findings
from tests.bench.paste_back import pictures
from tests.bench.picture_cases import ASSETS, PictureCase, drawn, subtitle
from tests.bench.picture_cases import cases as drawn_cases
from tests.bench.verdict_case import Case

GOOD = 17  # results without a fault
INSTRUCTION = "去除字幕、水印、文字"


def cases(held: bool, folder: Path) -> Iterator[Case]:
    made = drawn_cases(True) if held else list(pictures())
    for number, case in enumerate(made[:GOOD]):
        clean = _cleaned(case)
        if number % 2:  # as a careful model gives it back: every pixel a little different
            clean = _jpeg(clean, 95)
        yield _case(case, "", case.name, clean, folder)
    people = [_portrait("portrait"), _portrait("portrait2")]
    for case in [made[1], made[3], made[10], *people]:
        yield from _planted(case, folder)
    for case, other in (people, people[::-1]):
        yield from _other_faces(case, other, folder)


def _cleaned(case: PictureCase) -> Picture:
    return np.where(case.marked[..., None], case.clean, case.dirty).astype(np.uint8)


def _portrait(name: str) -> PictureCase:
    with Image.open(ASSETS / f"{name}.jpg") as image:
        clean = np.asarray(image.convert("RGB"))
    return drawn(name, clean, (), lambda size: subtitle(size, "湖光山色 SAMPLE", y=0.86))


def _planted(case: PictureCase, folder: Path) -> Iterator[Case]:
    clean = _jpeg(_cleaned(case), 92)
    height, width = clean.shape[:2]
    for pixels in (8, 16, 30):
        yield _case(case, "shifted", f"{pixels} px", _warped(clean, 1.0, pixels), folder)
    for scale in (0.95, 0.98, 1.02):
        yield _case(case, "scaled", f"times {scale:g}", _warped(clean, scale, 0), folder)
    for share in (0.12, 0.2, 0.3):
        part = clean[: round(height * (1 - share / 2)), round(width * share / 2) :]
        cropped = cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC)
        yield _case(case, "cropped", f"{share:.0%}", cropped, folder)
    for tint in ((1.12, 1.12, 1.12), (0.8, 0.8, 0.8), (1.1, 1.0, 0.88)):
        coloured = np.clip(clean * np.array(tint), 0, 255).astype(np.uint8)
        yield _case(case, "recoloured", f"times {tint}", coloured, folder)
    grey = np.repeat(clean.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    yield _case(case, "recoloured", "grey", grey, folder)
    yield _case(case, "text", "all of it", _jpeg(case.dirty, 92), folder)
    halves = case.marked.copy()
    halves[:, width // 2 :] = False
    half = np.where(halves[..., None], case.clean, case.dirty).astype(np.uint8)
    yield _case(case, "text", "the right half", half, folder)
    small = cv2.resize(clean, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    yield _case(case, "smaller", "half", small, folder)
    yield _case(case, "other", "another picture", made_up(case), folder)


def made_up(case: PictureCase) -> Picture:
    """A picture that has nothing to do with this one."""
    with Image.open(ASSETS / "scene.jpg") as image:
        return np.asarray(image.convert("RGB").resize(case.clean.shape[1::-1]))


def _other_faces(case: PictureCase, other: PictureCase, folder: Path) -> Iterator[Case]:
    """Another person's face; the same one, drawn wider, and longer."""
    clean = _cleaned(case)
    there = cv2.resize(other.clean, clean.shape[1::-1], interpolation=cv2.INTER_AREA)
    height, width = clean.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    round_face = ((x / width - 0.5) / 0.2) ** 2 + ((y / height - 0.4) / 0.24) ** 2
    weight = np.clip(1.5 - round_face, 0, 1)[..., None]
    for share in (1.0, 0.8):
        mixed = clean * (1 - share * weight) + there * (share * weight)
        yield _case(case, "face", f"another, {share:.0%}", mixed.astype(np.uint8), folder)
    for stretch in (0.8, 1.25):
        warped = cv2.remap(
            clean,
            (x + (x - width / 2) * (stretch - 1) * weight[..., 0]).astype(np.float32),
            (y - (y - height * 0.4) * (stretch - 1) * weight[..., 0]).astype(np.float32),
            cv2.INTER_LINEAR,
        )
        yield _case(case, "face", f"drawn {stretch:g}", warped, folder)


def _case(case: PictureCase, code: str, how: str, result: Picture, folder: Path) -> Case:
    paths = folder / "before.png", folder / "after.png"
    for path, picture in zip(paths, (case.dirty, result), strict=True):
        Image.fromarray(picture).save(path, compress_level=1)
    found = picture_findings(paths[1], original=paths[0], instruction=INSTRUCTION)
    return Case("picture", code, f"{case.name}: {how}", found)


def _warped(picture: Picture, scale: float, shift: float) -> Picture:
    height, width = picture.shape[:2]
    moved = [[scale, 0, width / 2 * (1 - scale) + shift], [0, scale, height / 2 * (1 - scale)]]
    return np.asarray(
        cv2.warpAffine(
            picture, np.array(moved), (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.uint8,
    )  # fmt: skip


def _jpeg(picture: Picture, quality: int) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))

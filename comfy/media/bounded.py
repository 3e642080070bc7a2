"""The functions that open files of strangers, run in a process that can be killed.

Same names, arguments and errors as in the modules behind them, plus one end: a file that takes too
long, needs too much memory or brings a decoder down is one that cannot be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.errors import InputError, OutputMissing
from comfy.media.files import Limits
from comfy.media.hints import Hint
from comfy.media.labels import Label
from comfy.media.masks import Stroke
from comfy.media.verdict_sound import Finding
from comfy.media.workers import Broken, Workers

QUICK = 60  # seconds of processor time
JUDGED = 120  # for a look at every frame of a long video
SLOW = 300  # for a search over two large pictures, or to write an uploaded video anew
LONG = 3600  # to write a long video anew

# One pool for the whole process, like the files it works on: idle children are kept warm in it.
WORKERS = Workers()


def accept_picture(source: Path, folder: Path, limits: Limits) -> Path:
    try:
        return Path(WORKERS.call("accept_picture", source, folder, limits, seconds=QUICK))
    except Broken as error:
        raise InputError("picture_unusable") from error


def picture_size(path: Path) -> tuple[int, int]:
    try:
        width, height = WORKERS.call("picture_size", path, seconds=QUICK)
    except Broken as error:
        raise InputError("picture_unusable") from error
    return int(width), int(height)


def accept_mask(source: Path, folder: Path, limits: Limits, size: tuple[int, int] | None) -> Path:
    try:
        return Path(WORKERS.call("accept_mask", source, folder, limits, size, seconds=QUICK))
    except Broken as error:
        raise InputError("picture_unusable") from error


def draw_mask(
    strokes: Sequence[Stroke], size: tuple[int, int], layer: Path | None, folder: Path
) -> Path:
    try:
        return Path(WORKERS.call("draw_mask", strokes, size, layer, folder, seconds=QUICK))
    except Broken as error:
        raise InputError("picture_unusable") from error


def accept_sound(
    source: Path,
    folder: Path,
    limits: Limits,
    *,
    keep_seconds: float = 0,
    start: float | None = None,
) -> Path:
    part = {"keep_seconds": keep_seconds, "start": start}
    try:
        kept = WORKERS.call("accept_sound", source, folder, limits, seconds=QUICK, **part)
    except Broken as error:
        raise InputError("sound_unusable") from error
    return Path(kept)


def accept_video(source: Path, folder: Path, limits: Limits, *, keep_seconds: float = 0) -> Path:
    arguments = (source, folder, limits)
    try:
        kept = WORKERS.call("accept_video", *arguments, seconds=SLOW, keep_seconds=keep_seconds)
    except Broken as error:
        raise InputError("video_unusable") from error
    return Path(kept)


def video_size(path: Path) -> tuple[int, int]:
    try:
        width, height = WORKERS.call("video_size", path, seconds=QUICK)
    except Broken as error:
        raise InputError("video_unusable") from error
    return int(width), int(height)


def sound_seconds(path: Path) -> float:
    try:
        return float(WORKERS.call("sound_seconds", path, seconds=QUICK))
    except Broken as error:
        raise InputError("sound_unusable") from error


def sound_length(path: Path) -> float:
    try:
        return float(WORKERS.call("sound_length", path, seconds=QUICK))
    except Broken as error:
        raise InputError("sound_unusable") from error


def picture_hints(path: Path, *, face: bool = False) -> list[Hint]:
    try:
        return [
            (str(name), dict(told)) for name, told in WORKERS.call("picture_hints", path, face=face)
        ]
    except Broken as error:
        raise InputError("picture_unusable") from error


def sound_hints(path: Path, keep_seconds: float) -> list[Hint]:
    try:
        found = WORKERS.call("sound_hints", path, keep_seconds)
    except Broken as error:
        raise InputError("sound_unusable") from error
    return [(str(name), dict(told)) for name, told in found]


def louder(path: Path, folder: Path) -> Path:
    try:
        return Path(WORKERS.call("louder", path, folder, seconds=QUICK))
    except Broken as error:
        raise InputError("sound_unusable") from error


def brighter(path: Path, folder: Path) -> Path:
    try:
        return Path(WORKERS.call("brighter", path, folder, seconds=QUICK))
    except Broken as error:
        raise InputError("picture_unusable") from error


def sharpest_moment(source: Path, limits: Limits) -> tuple[float, float]:
    try:
        moment, length = WORKERS.call("sharpest_moment", source, limits, seconds=QUICK)
    except Broken as error:
        raise InputError("video_unusable") from error
    return float(moment), float(length)


def save_frame(source: Path, seconds: float, folder: Path) -> Path:
    try:
        return Path(WORKERS.call("save_frame", source, seconds, folder))
    except Broken as error:
        raise InputError("video_unusable") from error


def thumbnail(path: Path, pixels: int) -> bytes:
    try:
        return bytes(WORKERS.call("thumbnail", path, pixels))
    except Broken:
        return b""


def make_presentable(path: Path, kind: str, label: Label | None = None) -> None:
    try:
        WORKERS.call("make_presentable", path, kind, label, seconds=LONG)
    except Broken as error:
        raise OutputMissing("output_unreadable") from error


def paste_back(
    original: Path, result: Path, target: Path, *, wide: bool = False
) -> tuple[float, str]:
    """`wide`: also where more was moved or coloured than happens by accident."""
    arguments = (original, result, target, wide)
    try:
        share, reason = WORKERS.call("paste_back", *arguments, seconds=SLOW)
    except Broken as error:
        raise OutputMissing("output_unreadable") from error
    return float(share), str(reason)


def paste_inside(original: Path, result: Path, mask: Path, target: Path) -> float:
    try:
        share = WORKERS.call("paste_inside", original, result, mask, target, seconds=SLOW)
    except Broken as error:
        raise OutputMissing("output_unreadable") from error
    return float(share)


def judge(kind: str, path: Path, asked: Mapping[str, Any]) -> list[Finding]:
    try:
        found = WORKERS.call("judge", kind, path, dict(asked), seconds=JUDGED)
    except Broken as error:
        raise OutputMissing("output_unreadable") from error
    return [(str(code), dict(told)) for code, told in found]

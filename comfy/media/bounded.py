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
from comfy.media.join_sound import Take
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

Fault = tuple[type[InputError | OutputMissing], str]
PICTURE: Fault = (InputError, "picture_unusable")
SOUND: Fault = (InputError, "sound_unusable")
VIDEO: Fault = (InputError, "video_unusable")
RESULT: Fault = (OutputMissing, "output_unreadable")


def _asked(fault: Fault, name: str, *args: Any, seconds: int = QUICK, **named: Any) -> Any:
    """The function's value; `fault` is the error for a file that is too much for the child."""
    try:
        return WORKERS.call(name, *args, seconds=seconds, **named)
    except Broken as error:
        kind, code = fault
        raise kind(code) from error


def accept_picture(source: Path, folder: Path, limits: Limits) -> Path:
    return Path(_asked(PICTURE, "accept_picture", source, folder, limits))


def picture_size(path: Path) -> tuple[int, int]:
    width, height = _asked(PICTURE, "picture_size", path)
    return int(width), int(height)


def accept_mask(source: Path, folder: Path, limits: Limits, size: tuple[int, int] | None) -> Path:
    return Path(_asked(PICTURE, "accept_mask", source, folder, limits, size))


def draw_mask(
    strokes: Sequence[Stroke], size: tuple[int, int], layer: Path | None, folder: Path
) -> Path:
    return Path(_asked(PICTURE, "draw_mask", strokes, size, layer, folder))


def accept_sound(
    source: Path,
    folder: Path,
    limits: Limits,
    *,
    keep_seconds: float = 0,
    start: float | None = None,
) -> Path:
    part: dict[str, Any] = {"keep_seconds": keep_seconds, "start": start}
    return Path(_asked(SOUND, "accept_sound", source, folder, limits, **part))


def accept_video(source: Path, folder: Path, limits: Limits, *, keep_seconds: float = 0) -> Path:
    arguments = (source, folder, limits)
    kept = _asked(VIDEO, "accept_video", *arguments, seconds=SLOW, keep_seconds=keep_seconds)
    return Path(kept)


def video_size(path: Path) -> tuple[int, int]:
    width, height = _asked(VIDEO, "video_size", path)
    return int(width), int(height)


def cut_video(path: Path, times: Sequence[float], folder: Path) -> list[Path]:
    return [Path(cut) for cut in _asked(VIDEO, "cut_video", path, times, folder, seconds=LONG)]


def sound_seconds(path: Path) -> float:
    return float(_asked(SOUND, "sound_seconds", path))


def sound_length(path: Path) -> float:
    return float(_asked(SOUND, "sound_length", path))


def picture_hints(path: Path, *, face: bool = False) -> list[Hint]:
    found = _asked(PICTURE, "picture_hints", path, face=face)
    return [(str(name), dict(told)) for name, told in found]


def sound_hints(path: Path, keep_seconds: float) -> list[Hint]:
    found = _asked(SOUND, "sound_hints", path, keep_seconds)
    return [(str(name), dict(told)) for name, told in found]


def louder(path: Path, folder: Path) -> Path:
    return Path(_asked(SOUND, "louder", path, folder))


def brighter(path: Path, folder: Path) -> Path:
    return Path(_asked(PICTURE, "brighter", path, folder))


def sharpest_moment(source: Path, limits: Limits) -> tuple[float, float]:
    moment, length = _asked(VIDEO, "sharpest_moment", source, limits)
    return float(moment), float(length)


def save_frame(source: Path, seconds: float, folder: Path) -> Path:
    return Path(_asked(VIDEO, "save_frame", source, seconds, folder))


def thumbnail(path: Path, pixels: int) -> bytes:
    try:
        return bytes(WORKERS.call("thumbnail", path, pixels))
    except Broken:
        return b""


def make_presentable(path: Path, kind: str, label: Label | None = None) -> None:
    _asked(RESULT, "make_presentable", path, kind, label, seconds=LONG)


def join_sounds(takes: Sequence[Take], target: Path) -> None:
    _asked(RESULT, "join_sounds", takes, target, seconds=LONG)


def join_videos(
    parts: Sequence[Path],
    times: Sequence[float],
    sound: Path,
    target: Path,
    *,
    early: float = 0.0,
) -> None:
    _asked(RESULT, "join_videos", parts, times, sound, target, seconds=LONG, early=early)


def with_short_pauses(source: Path, target: Path) -> None:
    _asked(RESULT, "with_short_pauses", source, target, seconds=SLOW)


def at_level(source: Path, target: Path) -> None:
    _asked(RESULT, "at_level", source, target, seconds=SLOW)


def paste_back(
    original: Path, result: Path, target: Path, *, wide: bool = False
) -> tuple[float, str]:
    """`wide`: also where more was moved or coloured than happens by accident."""
    arguments = (original, result, target, wide)
    share, reason = _asked(RESULT, "paste_back", *arguments, seconds=SLOW)
    return float(share), str(reason)


def paste_inside(original: Path, result: Path, mask: Path, target: Path) -> float:
    return float(_asked(RESULT, "paste_inside", original, result, mask, target, seconds=SLOW))


def judge(kind: str, path: Path, asked: Mapping[str, Any]) -> list[Finding]:
    found = _asked(RESULT, "judge", kind, path, dict(asked), seconds=JUDGED)
    return [(str(code), dict(told)) for code, told in found]

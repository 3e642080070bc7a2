"""What the bounded process does: one function of comfy.media for each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from comfy.errors import StudioError
from comfy.media import (
    clips,
    hints,
    join_sound,
    join_video,
    masks,
    mend,
    pictures,
    remedy,
    results,
    sounds,
    thumbnails,
    verdict,
    video,
)
from comfy.media.plain import from_plain, to_plain

try:
    import resource
except ImportError:  # Windows: only the time on the clock is limited there
    resource = None  # type: ignore[assignment]


def paste_back(original: Path, result: Path, target: Path, wide: bool = False) -> tuple[float, str]:
    """See comfy.media.paste_back, which needs a library that is slow to load."""
    from comfy.media.paste_back import paste_back_file  # noqa: PLC0415
    from comfy.media.registration import NEAR, WIDE  # noqa: PLC0415

    return paste_back_file(original, result, target, WIDE if wide else NEAR)


CALLS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        pictures.accept_picture,
        pictures.picture_size,
        masks.accept_mask,
        masks.draw_mask,
        masks.paste_inside,
        sounds.accept_sound,
        sounds.sound_seconds,
        clips.accept_video,
        clips.video_size,
        clips.cut_video,
        sounds.sound_length,
        hints.picture_hints,
        hints.sound_hints,
        mend.louder,
        mend.brighter,
        video.sharpest_moment,
        video.save_frame,
        thumbnails.thumbnail,
        results.make_presentable,
        join_sound.join_sounds,
        join_video.join_videos,
        remedy.with_short_pauses,
        remedy.at_level,
        paste_back,
        verdict.judge,
    )
}
MEMORY = 4 * 2**30  # bytes of address space; a picture of 50 megapixels takes about 1 GB of it
LARGEST = 5 * 10**9  # bytes of a file that is written
BEGUN: list[bool] = []


def serve(request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one request: a value, an error of ours, or what the system said."""
    _limit(int(request["seconds"]))
    try:
        value = CALLS[request["call"]](*from_plain(request["args"]), **from_plain(request["named"]))
    except StudioError as error:
        about = {"class": type(error).__name__, "code": error.code, "details": error.details}
        return {"error": to_plain(about)}
    except OSError as error:
        return {"system": error.errno or 0}
    except Exception as error:  # a decoder's own mistake: the file is to blame
        return {"broken": type(error).__name__}
    return {"value": to_plain(value)}


def _limit(seconds: int) -> None:
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
    if not BEGUN:
        BEGUN.append(True)
        _lower(resource.RLIMIT_AS, MEMORY)
        _lower(resource.RLIMIT_FSIZE, LARGEST)
        _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, most: int) -> None:
    """A limit that somebody else set lower stays."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))

"""The verdict on a result: what is wrong with it, as codes and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comfy.media.verdict_sound import Finding, sound_findings


def judge(kind: str, path: Path, asked: Mapping[str, Any]) -> list[Finding]:
    """Of a result of this kind; `asked` are the named arguments of its function.

    Raises what PyAV and Pillow raise for a file that they cannot read.
    """
    if kind == "audio":
        return sound_findings(path, **asked)
    if kind == "image":  # imported here: both need a library that is slow to load
        from comfy.media.verdict_picture import picture_findings  # noqa: PLC0415

        return picture_findings(path, **asked)
    from comfy.media.verdict_video import video_findings  # noqa: PLC0415

    return video_findings(path, **asked)

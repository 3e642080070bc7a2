"""Names and bounds for media files: everything we keep is named by the hash of what came in."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from comfy.errors import InputError

CHUNK = 1 << 20
READING = {"protocol_whitelist": "file"}  # for av.open: no file makes FFmpeg fetch another one
PART = re.compile(r"\.[0-9a-f]{32}(\.\w+)?|.+\.part")  # of `written_whole`, and of a download


@dataclass(frozen=True)
class Limits:
    """Bounds of an upload: MB (10^6 bytes) on disk, megapixels of a picture, seconds of a sound."""

    megabytes: int = 100
    megapixels: int = 50
    seconds: int = 600


def check_size(source: Path, limits: Limits) -> None:
    """Raise InputError for a file that is missing, empty or larger than the limit."""
    try:
        size = source.stat().st_size
    except OSError as exc:
        raise InputError("file_unusable") from exc
    if size == 0:
        raise InputError("file_empty")
    if size > limits.megabytes * 1_000_000:
        raise InputError("file_too_large", size=_megabytes(size), limit=limits.megabytes)


def content_name(source: Path, recipe: str, suffix: str) -> str:
    """A name made of what is in the file and of what we do to it; equal files share one copy."""
    digest = hashlib.sha256(recipe.encode())
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:40] + suffix


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes `target` at the end, or nothing is left of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> int:
    """Delete what a killed process had begun to write; returns how many files. Nobody may write."""
    parts = [p for p in folder.rglob("*") if PART.fullmatch(p.name) and p.is_file()]
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def _megabytes(size: int) -> int:
    return max(1, round(size / 1_000_000))

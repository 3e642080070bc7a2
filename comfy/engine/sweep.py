"""Keeping the engine's folders small: what nobody needs any more is deleted between two prompts."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from comfy.engine.folders import Folders
from comfy.engine.queue import Item

LIMIT = 2 * 2**30  # bytes of input, output and temp together
YOUNG = 3600.0  # seconds in which a file may still be fetched, or be named by the next prompt
_VIDEOS = ("talking_head_*.mp4", "video_*.mp4")


def sweep_videos(folders: Folders, cached: Collection[Path]) -> None:
    """Delete the videos between nodes that no cached result holds. Call it while nothing runs."""
    for pattern in _VIDEOS:
        for path in folders.temp.glob(pattern):
            if path not in cached:
                path.unlink(missing_ok=True)


def sweep_folders(
    folders: Folders, waiting: Iterable[Item], *, limit: int = LIMIT, young: float = YOUNG
) -> bool:
    """Delete the oldest files until `limit` bytes are left; whether a result was among them.

    Files younger than `young` seconds and those that a waiting prompt names stay in any case.
    """
    files = sorted(_files(folders), key=lambda file: file[1])
    total = sum(size for _, _, size in files)
    if total <= limit:
        return False
    named = json.dumps([item.prompt for item in waiting], ensure_ascii=False)
    deadline, result_gone = time.time() - young, False
    for path, modified, size in files:
        if total <= limit or modified > deadline:
            break
        if path.name not in named:
            path.unlink(missing_ok=True)
            total -= size
            result_gone |= not path.is_relative_to(folders.input)
    return result_gone


def _files(folders: Folders) -> Iterator[tuple[Path, float, int]]:
    """Path, time of the last change and size of every file."""
    for folder in (folders.input, folders.output, folders.temp):
        for path in folder.rglob("*"):
            try:
                status = path.stat()
            except FileNotFoundError:  # an upload that was just renamed
                continue
            if path.is_file() and not path.name.startswith("."):
                yield path, status.st_mtime, status.st_size

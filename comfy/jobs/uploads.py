"""A job's file inputs: checked and copied into the data folder before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.jobs.job import Link
from comfy.jobs.room import Room
from comfy.media.bounded import (
    accept_mask,
    accept_picture,
    accept_sound,
    accept_video,
    picture_size,
)
from comfy.media.files import Limits
from comfy.workflow.inputs import FILE_KINDS, Input
from comfy.workflow.task import Task


class Uploads:
    """Turns what a person gave into files we trust, named by their content."""

    def __init__(self, folder: Path, limits: Limits, room: Room) -> None:
        self._folder = folder
        self._limits = limits
        self.room = room

    def accept(self, task: Task, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
        """The values with each file replaced by our copy. Raises InputError."""
        accepted: dict[str, Any] = {}
        for name, value in values.items():
            item = task.input(name)
            accepted[name] = self.accept_one(item, value, owner, over=accepted.get(item.over))
        return accepted

    def cut(self, item: Input, value: Path, seconds: float, owner: str) -> Path:
        """The liveliest so many seconds of a sound. Raises InputError."""
        whole = self.accept_one(item, value, owner)
        return accept_sound(whole, self._folder, self._limits, keep_seconds=seconds)

    def accept_one(self, item: Input, value: Any, owner: str, over: Any = None) -> Any:
        """The same for one input; `over` is the picture that a mask is for, if it is a file."""
        if item.kind not in FILE_KINDS or isinstance(value, Link):
            return value
        if not isinstance(value, str | Path):
            raise InputError("value_unusable", input=item.name)
        source = Path(value)
        if source.parent == self._folder:  # ours already: the same job again
            return source
        self.room.check(owner)
        if item.kind == "image":
            return accept_picture(source, self._folder, self._limits)
        if item.kind == "mask":
            size = picture_size(over) if isinstance(over, Path) else None
            return accept_mask(source, self._folder, self._limits, size)
        seconds = min(self._limits.seconds, int(item.max or self._limits.seconds))
        limits = replace(self._limits, seconds=seconds)
        accept = accept_sound if item.kind == "audio" else accept_video
        return accept(source, self._folder, limits, keep_seconds=item.keep_seconds)

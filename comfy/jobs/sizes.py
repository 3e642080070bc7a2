"""How much work a job is: from its picture, its text and its sound to units of a pace."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comfy.errors import StudioError
from comfy.jobs.job import COMPLETED, Link
from comfy.jobs.store import Store
from comfy.media.bounded import picture_size, sound_length, video_size
from comfy.workflow.task import Task

FPS, WINDOW, OVERLAP = 25, 81, 9  # frames: InfiniteTalk's windows, see its workflow
HAN_A_SECOND, LETTERS_A_SECOND = 4.5, 15.0  # how fast people speak
UNKNOWN, USUAL = (0, 0), (832, 480)
MOST_KNOWN = 2000  # files whose size is remembered


@dataclass(frozen=True)
class Facts:
    """What a job is about; sizes are width and height in pixels, (0, 0) for unknown.

    `frame` is the video's size if one was chosen, `near` the choice whose shape is nearest to the
    picture's. `sound` is in seconds, of a recording or of what a text will take.
    """

    picture: tuple[int, int] = UNKNOWN
    frame: tuple[int, int] = UNKNOWN
    near: tuple[int, int] = UNKNOWN
    sound: float = 0.0

    def units(self, unit: str) -> float:
        """How many of these it is: see Pace."""
        match unit:
            case "megapixels":
                return _megapixels(self.picture)
            case "speech":
                return self.sound
            case "video":  # "auto" keeps the picture's own size there
                return self.sound * _megapixels(self.frame, self.picture)
            case "windows":
                return windows(self.sound) * _megapixels(self.frame, self.near)
        return 1.0

    def cut_to(self, seconds: float) -> Facts:
        """The same with no more than this much sound."""
        return replace(self, sound=min(self.sound, seconds))


def _megapixels(*sizes: tuple[int, int]) -> float:
    """Of the first size that is known; such models' usual frame if none is."""
    width, height = next((size for size in sizes if size != UNKNOWN), USUAL)
    return width * height / 1e6


def windows(seconds: float) -> int:
    """How many windows of 81 frames a speech takes: each after the first adds 72."""
    more = round(seconds * FPS) - WINDOW
    return 1 + max(0, math.ceil(more / (WINDOW - OVERLAP)))


def speech_seconds(text: str) -> float:
    """How long a text takes to be spoken, by the number of its characters."""
    han = sum("\u3040" <= letter <= "\u9fff" for letter in text)
    others = sum(letter.isalnum() for letter in text) - han
    return han / HAN_A_SECOND + 1.2 * others / LETTERS_A_SECOND  # with the gaps between words


class Sizes:
    """Looks into files, each only once."""

    def __init__(self, store: Store, tasks: Mapping[str, Task]) -> None:
        self._store, self._tasks = store, tasks
        self._known: dict[tuple[str, int, float], Any] = {}
        self._lock = threading.Lock()

    def facts(self, task: Task, values: Mapping[str, Any]) -> Facts:
        """Of a job's values, or of a form's that are complete; a broken file is none."""
        found = Facts()
        speaks = any(item.parts and item.kind == "audio" for item in task.inputs)
        for item in task.inputs:
            value = values.get(item.name)
            if not value:
                continue
            if item.kind == "image":
                found = replace(found, picture=self._picture(value))
            elif item.kind == "video" and item.instead_of:
                found = replace(found, picture=self._look(video_size, value, UNKNOWN))
            elif item.kind == "audio" and speaks:  # two persons speak one after the other
                found = replace(found, sound=found.sound + self._sound(value))
            elif item.spoken:
                found = replace(found, sound=speech_seconds(str(value)))
        for item in task.inputs:
            if item.auto_from and found.picture != UNKNOWN:
                found = replace(found, near=_size(item.choice_for(*found.picture)))
            if item.auto_from and values.get(item.name) in item.choices:
                found = replace(found, frame=_size(values[item.name]))
        return found

    def _picture(self, value: Any) -> tuple[int, int]:
        made = self._made(value)
        if isinstance(made, Facts):
            return made.picture
        size: tuple[int, int] = self._look(picture_size, made, UNKNOWN)
        return size

    def _sound(self, value: Any) -> float:
        made = self._made(value)
        return made.sound if isinstance(made, Facts) else float(self._look(sound_length, made, 0.0))

    def _made(self, value: Any) -> Path | Facts:
        """A file, or what a linked job was given: it tells of the result before there is one."""
        if not isinstance(value, Link):
            return Path(value)
        job = self._store.get(value.job)
        if job is None:
            return Facts()
        if job.status == COMPLETED and job.outputs:
            return job.outputs[0].path
        return self.facts(self._tasks[job.task], job.values)

    def _look(self, measure: Callable[[Path], Any], value: Path | str, unknown: Any) -> Any:
        try:
            path = self._store.files.local(Path(value))
            about = path.stat()
            key = (str(path), about.st_size, about.st_mtime)
            if key not in self._known:
                measured = measure(path)
                with self._lock:
                    if len(self._known) >= MOST_KNOWN:
                        self._known.pop(next(iter(self._known)))
                    self._known[key] = measured
            return self._known.get(key, unknown)
        except (StudioError, OSError):
            return unknown


def _size(choice: str) -> tuple[int, int]:
    """Of a choice such as "832x480"; "auto" has none of its own."""
    width, _, height = choice.partition("x")
    return (int(width), int(height)) if height else UNKNOWN

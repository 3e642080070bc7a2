"""The engine's three folders, the names of files in them, and the next free name."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ANNOTATED = re.compile(r"(?P<name>.*?) ?\[(?P<type>input|output|temp)\]", re.DOTALL)


class SavePlace(NamedTuple):
    """Where an output node writes. `subfolder` is `folder` as /view wants it."""

    folder: Path
    stem: str
    subfolder: str
    counter: int

    def name(self, extension: str) -> str:
        return f"{self.stem}_{self.counter:05}_.{extension}"


@dataclass(frozen=True)
class Folders:
    """ComfyUI's input, output and temp folder."""

    input: Path
    output: Path
    temp: Path

    @classmethod
    def under(cls, root: Path) -> Folders:
        root = root.resolve()
        return cls(root / "input", root / "output", root / "temp")

    def prepare(self) -> None:
        """Create the folders; temp starts empty, as on a ComfyUI server."""
        shutil.rmtree(self.temp, ignore_errors=True)
        for folder in (self.input, self.output, self.temp):
            folder.mkdir(parents=True, exist_ok=True)

    def of_type(self, type_: str) -> Path | None:
        return {"input": self.input, "output": self.output, "temp": self.temp}.get(type_)

    def split(self, name: str) -> tuple[str, Path | None]:
        """Split "sub/x.png [output]" into name and folder; without an annotation: None."""
        match = ANNOTATED.fullmatch(name)
        if match is None:
            return name, None
        return match["name"], self.of_type(match["type"])

    def find(self, name: str) -> Path | None:
        """Find the file that a LoadImage or LoadAudio input names, or None.

        Unlike ComfyUI, which takes absolute paths, only files inside the folders are found.
        """
        plain, folder = self.split(name)
        path = inside(folder or self.input, plain)
        return path if path is not None and path.is_file() else None


def inside(root: Path, *parts: str) -> Path | None:
    """Join the parts below `root`, or None where they lead out of it (also by a symlink)."""
    if any("\0" in part for part in parts):
        return None
    path = root.joinpath(*parts).resolve()
    return path if path.is_relative_to(root.resolve()) else None


def save_place(root: Path, prefix: str) -> SavePlace | None:
    """Find the next name for `prefix`, which may hold folders: highest counter there plus one.

    None where the prefix leads out of `root`.
    """
    subfolder, stem = os.path.split(os.path.normpath(prefix))
    folder = inside(root, subfolder)
    if folder is None or stem == "..":
        return None
    folder.mkdir(parents=True, exist_ok=True)
    taken = re.compile(re.escape(stem) + r"_(\d+)", re.IGNORECASE)
    counters = [int(match[1]) for entry in os.listdir(folder) if (match := taken.match(entry))]
    return SavePlace(folder, stem, subfolder, max(counters, default=0) + 1)


def expand_prefix(prefix: str, width: int = 0, height: int = 0) -> str:
    """Fill in what ComfyUI's server fills in: %width%, %height%, %year% ... %second%."""
    now = time.localtime()
    values = {
        "width": width,
        "height": height,
        "year": now.tm_year,
        "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}",
        "hour": f"{now.tm_hour:02}",
        "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }
    for name, value in values.items():
        prefix = prefix.replace(f"%{name}%", str(value))
    return prefix

"""What the nodes that read and write files share: finding, listing, naming."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import random
import string
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from comfy.engine.folders import Folders, SavePlace, expand_prefix, save_place
from comfy.engine.node import Input, NodeError, Run

HIDDEN = ("prompt", "extra_pnginfo")
PREFIX = Input(
    "STRING",
    options={
        "default": "ComfyUI",
        "tooltip": (
            "The prefix for the file to save. This may include formatting information such as "
            "%date:yyyy-MM-dd% or %Empty Latent Image.width% to include values from nodes."
        ),
    },
)


def folders_of(run: Run) -> Folders:
    return Folders(run.input_folder, run.output_folder, run.temp_folder)


def find_file(run: Run, name: str) -> Path:
    """Find an input file by its annotated name. Raises FileNotFoundError."""
    path = folders_of(run).find(name)
    if path is None:
        raise FileNotFoundError(f"No such file: {name}")
    return path


def file_digest(run: Run, name: str) -> str:
    """Fingerprint a file by content: the same name with new bytes is not the same input."""
    with find_file(run, name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class WatchedReader(io.BufferedReader):
    """A file to read that asks before each part whether to go on."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        super().__init__(io.FileIO(path))
        self._check = check

    def read(self, size: int | None = -1, /) -> bytes:
        self._check()
        return super().read(size)


class WatchedWriter(io.BufferedWriter):
    """A file to write that asks before each part whether to go on; without an end it is removed."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        super().__init__(io.FileIO(path, "w"))
        self._path, self._check = path, check

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        self._check()
        return super().write(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is not None:
            self._path.unlink()


def list_files(folder: Path, *kinds: str) -> list[str]:
    """List the files at the top of a folder whose media type is of one of these kinds."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return [n for n in names if (mimetypes.guess_type(n)[0] or "").split("/")[0] in kinds]


def place_for(root: Path, prefix: str, width: int = 0, height: int = 0) -> SavePlace:
    """Choose the next name. Raises NodeError where the prefix leads out of `root`."""
    place = save_place(root, expand_prefix(prefix, width, height))
    if place is None:
        raise NodeError("outside_output_folder", "a file name must stay inside its folder")
    return place


def temp_prefix() -> str:
    """Make a prefix as ComfyUI's previews have: ComfyUI_temp_ and five letters."""
    return "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))

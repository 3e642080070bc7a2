"""The results of a prompt: copied from its server into the data folder, opened, cleaned."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from comfy.client.http import ComfyClient
from comfy.errors import OutputMissing, StudioError
from comfy.jobs.job import Output
from comfy.media.bounded import make_presentable
from comfy.media.labels import Label
from comfy.media.results import kind_of
from comfy.protocol import FileRef

MOST_FILES = 16  # results of one job that are fetched
MOST_BYTES = 4 * 10**9  # of one result
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Writers whose file, if it can be opened, is whole: the decoder reads a picture to its last row,
# and an MP4 has no index before it is finished. Of a cut MP3 nobody could tell.
WHOLE = {"SaveImage": "png", "SaveVideo": "mp4"}


def results(refs: Sequence[FileRef], kind: str) -> list[FileRef]:
    """The files of the wanted kind. Raises OutputMissing if there is none."""
    wanted = [ref for ref in refs if kind_of(ref.filename) == kind]
    if not wanted:
        raise OutputMissing
    return wanted[:MOST_FILES]


def left_behind(client: ComfyClient, class_type: str, prefix: str) -> list[FileRef]:
    """What a prompt wrote before its server lost the memory of it, by the names it must have.

    ComfyUI's savers count from 1 under a new prefix: `<prefix>_00001_.png`.
    """
    folder, _, stem = prefix.rpartition("/")
    found: list[FileRef] = []
    while class_type in WHOLE and len(found) < MOST_FILES:
        name = f"{stem}_{len(found) + 1:05}_.{WHOLE[class_type]}"
        if not client.exists(ref := FileRef(name, folder, "output")):
            break
        found.append(ref)
    return found


def fetch(
    client: ComfyClient,
    refs: Sequence[FileRef],
    *,
    kind: str,
    folder: Path,
    name: str,
    label: Label | None = None,
    mend: Callable[[Path, Path], bool] | None = None,
) -> list[Output]:
    """Copy the files to `folder`, labelled; all are there and sound, or none is.

    `mend` may write a better picture than the first one; the server's own is then the last.
    Raises OutputMissing, ServerError, StudioError disk_full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for number, ref in enumerate(refs):
            client.view(ref, to=_place(folder, name, number, ref), limit=MOST_BYTES)
        outputs = [
            Output(_place(folder, name, n, ref), kind, (ref.filename, ref.subfolder, ref.type))
            for n, ref in enumerate(refs)
        ]
        better = folder / f"{name}-mended.png"
        if mend and mend(outputs[0].path, better):
            outputs = [Output(better, kind), *outputs[1:], outputs[0]]
        for output in outputs:
            make_presentable(output.path, kind, label)
        return outputs
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if disk_is_full(error):
            raise StudioError("disk_full") from error
        raise


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, says that nothing more can be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__
    return False


def _place(folder: Path, name: str, number: int, ref: FileRef) -> Path:
    suffix = Path(ref.filename).suffix.lower()
    return folder / f"{name}{f'-{number + 1}' if number else ''}{suffix}"

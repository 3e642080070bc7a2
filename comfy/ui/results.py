"""Result files as the page hands them out: under a good name, without a second copy on disk."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from comfy.jobs.job import COMPLETED, Job, Link
from comfy.jobs.studio import Studio
from comfy.text import say
from comfy.ui.language import either

FOLDER = "results"  # inside Gradio's temp folder, which is what it may serve
KEEP_SECONDS = 24 * 3600


def result_file(job: Job, language: str) -> Path | None:
    """The job's result as <temp folder>/results/<job id>/clean-picture-20261123.png.

    The name is what people get when they download it. The folder is not guessable: it is the
    job's id.
    """
    if job.status != COMPLETED or not job.outputs:
        return None
    source = job.outputs[0].path
    word = say(either(f"file.{job.task}", "file.any"), language)
    day = time.strftime("%Y%m%d", time.localtime(job.ended))
    target = results_folder() / job.id / f"{word}-{day}{source.suffix.lower()}"
    return linked(source, target)


def raw_file(job: Job) -> Path | None:
    """What the server made, of a job whose result was mended: its last output."""
    if job.status != COMPLETED or not job.outputs:
        return None
    source = job.outputs[-1].path
    return linked(source, results_folder() / job.id / f"raw{source.suffix.lower()}")


def input_file(studio: Studio, job: Job, name: str) -> Path | None:
    """A file the job was given, to show again; None if there is none (any more)."""
    value = job.uncut.get(name, job.values.get(name))
    if isinstance(value, Link):
        upstream = studio.job(value.job)
        return result_file(upstream, "en") if upstream else None
    if value is None:
        return None
    source = Path(value)
    return linked(source, results_folder() / job.id / f"{name}{source.suffix.lower()}")


def as_given(studio: Studio, path: Path) -> Path:
    """What a job was given under that name, if this is the file that `input_file` shows of it: the
    same again is then known to be the same."""
    folder = path.parent
    job = studio.job(folder.name) if folder.parent == results_folder().resolve() else None
    value = job.uncut.get(path.stem, job.values.get(path.stem)) if job else None
    return value if isinstance(value, Path) and value.is_file() else path


def results_folder() -> Path:
    return Path(os.environ["GRADIO_TEMP_DIR"]) / FOLDER


def sweep(folder: Path, *, older_than: float = KEEP_SECONDS) -> None:
    """Delete old files of Gradio's temp folder: aborted uploads, copies, links to results.

    Everything that is still needed is made again from the store when a page asks for it.
    """
    limit = time.time() - older_than
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.lstat().st_ctime < limit:
                path.unlink()
        except OSError:  # another process was quicker
            continue


def linked(source: Path, target: Path) -> Path | None:
    """A file under another name, without a second copy where the disk can."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return target
    except OSError:  # another disk, or no hard links there
        return _copied(source, target)
    return target


def _copied(source: Path, target: Path) -> Path | None:
    try:
        shutil.copyfile(source, target)
    except OSError:
        return None
    return target

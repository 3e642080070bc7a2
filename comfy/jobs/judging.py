"""The verdict on a job's result, before the job ends: see comfy.media.verdict."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from comfy.errors import StudioError
from comfy.jobs.job import Finding, Job, Link, Output
from comfy.jobs.labels import CHANGES
from comfy.jobs.store import Store
from comfy.media import bounded
from comfy.workflow.task import Task

PAUSES = "pauses"  # of a job's values: seconds of silence between its sentences
SIZE = re.compile(r"(\d+)x(\d+)")

log = logging.getLogger(__name__)


def findings(store: Store, job: Job, task: Task, output: Output, *, read: bool) -> list[Finding]:
    """What is wrong with a result; `read`: look for text that was left in a picture, too.

    Nothing for a part of another job, whose whole is judged. A check that fails says nothing: no
    result is lost over it.
    """
    if job.whole:
        return []
    try:
        asked = _asked(store, job, task, read)
        if asked is None:
            return []
        found = bounded.judge(task.output, output.path, asked)
    except (StudioError, OSError):
        log.warning("the result of job %s could not be judged", job.id, exc_info=True)
        return []
    return [{"code": code, **told} for code, told in found]


def _asked(store: Store, job: Job, task: Task, read: bool) -> dict[str, Any] | None:
    """What the result is held against; None if there is nothing to hold it against."""
    values = job.values
    files = {item.kind: values.get(item.name) for item in reversed(task.inputs)}  # the first counts
    given = {kind: local_file(store, value) for kind, value in files.items()}
    voices = [i for i in task.inputs if i.consent == "voice" and values.get(i.name)]
    sound = given.get("audio") if len(voices) == 1 else None  # two voices are like neither
    if task.output == "image":
        original = given.get("image")
        if task.name != CHANGES or original is None or given.get("mask"):
            return None  # all that is painted over is meant to change, and nothing else can
        words = str(values.get("instruction") or "")
        return {"original": original, "instruction": words, "read": read}
    if task.output == "audio":
        text = next((str(values.get(i.name) or "") for i in task.inputs if i.spoken), "")
        pause = max(values.get(PAUSES) or [0.0])
        return {"text": text, "reference": sound, "pause": pause}
    if len(voices) > 1:  # whose lips move when is not known
        return None
    size = SIZE.fullmatch(str(values.get("size") or ""))
    asked = (int(size[1]), int(size[2])) if size else None
    moves = given.get("video") is not None  # light and colours change as in that video
    return {"sound": sound, "size": asked, "moves": moves, "face": values.get("face") or ""}


def local_file(store: Store, value: Any) -> Path | None:
    """The file of an input, or of the result that it links to."""
    if isinstance(value, Link):
        linked = store.get(value.job)
        value = linked.outputs[0].path if linked and linked.outputs else None
    return store.files.local(value) if isinstance(value, Path) else None

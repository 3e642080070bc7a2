"""What a result is made of, to be looked at and made again piece by piece."""

from __future__ import annotations

from typing import Any

from comfy.jobs.job import COMPLETED, FAILED, Job
from comfy.jobs.judging import PAUSES
from comfy.jobs.parts import SPEEDS, TIMES
from comfy.jobs.sentences import Sentence
from comfy.jobs.studio import Studio
from comfy.ui.language import both, error_of
from comfy.ui.parts import drawn
from comfy.ui.results import result_file
from comfy.workflow.task import Task

# Its events: `split`, `make` with rows, `redo` with number and take; see assets/parts.js.
CLICKS = """
const events = ['split', 'make', 'redo'];
element.addEventListener('click', (event) => studio.pieceClick(event, element, trigger));
"""
WORDS = ("split", "make", "listen", "use", "again")


def create_pieces(element: str, value: Any) -> Any:
    return drawn("pieces", value, script=CLICKS, elem_id=element)


def parts_value(studio: Studio, job: Job) -> dict[str, Any] | None:
    """The parts of a long video; None for a job without any."""
    times = job.values.get(TIMES)
    if not times or not job.parts:
        return None
    rows = []
    for number, part in enumerate(studio.parts(job)):
        start, end = _clock(times[number]), _clock(times[number + 1])
        label = both("pieces.part", number=number + 1, start=start, end=end)
        rows.append({"label": label, **_made(studio, part)})
    return {"title": both("pieces.title"), "rows": rows, "words": _words()}


def bench_value(
    studio: Studio, task: Task, sentences: list[Sentence], job: Job | None = None
) -> dict[str, Any]:
    """The sentences of a script; with the job that spoke them also their takes."""
    made = studio.parts(job) if job else [None] * len(sentences)
    rows = [
        {**sentence.shown(), **_made(studio, part)}
        for sentence, part in zip(sentences, made, strict=True)
    ]
    emotions = next((i.choices for i in task.inputs if i.name == "emotion"), ("neutral",))
    return {
        "title": both("page.bench"),
        "note": both("pieces.sentences"),
        "rows": rows,
        "emotions": [{"value": e, "label": both(f"choice.{e}")} for e in emotions],
        "words": _words() | {name: both(f"input.{name}") for name in ("emotion", "speed", "text")},
    }


def sentences_of(studio: Studio, job: Job) -> list[Sentence]:
    """How a script was spoken; empty for a job that was not made sentence by sentence."""
    if SPEEDS not in job.values or not all(parts := studio.parts(job)):
        return []
    return [
        Sentence(
            part.values["text"],
            part.values.get("emotion") or "neutral",
            speed,
            part.values.get("seed") or 0,
            pause,
        )
        for part, speed, pause in zip(parts, job.values[SPEEDS], job.values[PAUSES], strict=True)
        if part
    ]


def _words() -> dict[str, Any]:
    return {word: both(f"pieces.{word}") for word in WORDS}


def _made(studio: Studio, part: Job | None) -> dict[str, Any]:
    """How a piece is, and all that was made of it."""
    if part is None:
        return {"state": "new", "takes": []}
    state = {COMPLETED: "done", FAILED: "stopped"}.get(part.status, "now")
    row: dict[str, Any] = {"state": "stopped" if part.status == "cancelled" else state}
    if part.error:
        row["error"] = error_of(part)
    return row | {"takes": [_take(take, part) for take in studio.takes(part)]}


def _take(take: Job, used: Job) -> dict[str, Any]:
    path = result_file(take, "en")
    return {
        "id": take.id,
        "now": take.id == used.id,
        "file": str(path or ""),
        "seed": take.values.get("seed") or 0,
        "emotion": take.values.get("emotion") or "neutral",
    }


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

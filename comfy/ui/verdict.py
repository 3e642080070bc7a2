"""What the studio found wrong with a result, in words, each with what helps; and the raw result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from comfy.jobs.job import COMPLETED, REMEDY, Finding, Job
from comfy.jobs.mending import PASTED
from comfy.jobs.remedies import AGAIN, REMEDIES
from comfy.text import has
from comfy.ui.language import both
from comfy.ui.parts import clickable

RAW, MENDED = "raw", "mended"
EVENTS = ("mend", AGAIN, RAW)

CALM = ("no_face",)  # says what was not measured; nothing is wrong

Line = dict[str, Any]


def create_verdict(name: str) -> Any:
    """Empty while there is nothing to say. Events: `mend` (id), `again`, `raw` (id)."""
    return clickable("hint", [], EVENTS, elem_id=f"verdict-{name}", elem_classes="hint")


def verdict_value(jobs: Sequence[Job], *, raw: bool = False) -> list[Line]:
    """The sentences about the jobs of a tab; `raw`: the model's own picture is shown."""
    done = [job for job in jobs if job.status == COMPLETED]
    offered: set[str] = set()
    lines = [
        _said(job, found, offered, last=job is jobs[-1])
        for job in done
        for found in job.findings
        if has(f"verdict.{found['code']}")
    ]
    return [*lines, *([_switch(raw)] if done and has_raw(done[-1]) else [])]


def has_raw(job: Job) -> bool:
    """Whether the model's own picture was kept beside the mended one."""
    return len(job.outputs) > 1 and any(note.startswith(f"{PASTED}:") for note in job.notes)


def _said(job: Job, found: Finding, offered: set[str], *, last: bool) -> Line:
    """One button may help against several faults: it stands once."""
    told = {name: value for name, value in found.items() if name != "code"}
    line: Line = dict(both(f"verdict.{found['code']}", **told)) | {"calm": found["code"] in CALM}
    remedy = REMEDIES.get(found["code"], "")
    tried = job.values.get(REMEDY) == remedy or remedy in offered
    if not remedy or tried or not (last or remedy == AGAIN):
        return line
    offered.add(remedy)
    act = AGAIN if remedy == AGAIN else "mend"
    return line | {"mend": {"id": remedy, "act": act, "title": both(f"remedy.{remedy}")}}


def _switch(raw: bool) -> Line:
    """A line that says which picture is shown, and shows the other one."""
    shown, other = (RAW, MENDED) if raw else (MENDED, RAW)
    title = both(f"remedy.{other}")
    said = dict(both(f"verdict.{shown}")) | {"calm": True}
    return said | {"mend": {"id": other, "act": RAW, "title": title}}

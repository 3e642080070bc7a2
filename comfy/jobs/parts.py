"""Jobs that are made of parts: a long speech cut at its pauses, a script spoken by sentences.

The parts are jobs of the same task, each on whatever server is free, kept as soon as it is done.
Their whole is a job, too, but no server runs it: the studio itself joins what they made. So a part
that is made anew costs that part and the join; all others are twins of what is there.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.errors import InputError, OutputMissing, StudioError
from comfy.jobs.endings import Endings
from comfy.jobs.job import (
    CANCELLED,
    COMPLETED,
    IN_PROGRESS,
    REMEDY,
    Finding,
    Job,
    Link,
    Output,
    in_a_line,
)
from comfy.jobs.judging import PAUSES, findings, local_file
from comfy.jobs.labels import Labels
from comfy.jobs.replicas import Replicas
from comfy.jobs.store import Store
from comfy.jobs.twins import Twins
from comfy.media import bounded
from comfy.media.files import Limits, written_whole
from comfy.media.join_sound import Take
from comfy.media.pauses import cut_sound, cuts
from comfy.workflow.inputs import FILE_KINDS, Input
from comfy.workflow.task import Task

SPEEDS, TIMES = "speeds", "times"  # what a whole's values say about its join, besides PAUSES
KIND_SUFFIX = {"audio": ".mp3", "video": ".mp4", "image": ".png"}


class Parts:
    """Makes the parts of a whole, and joins them."""

    def __init__(
        self,
        store: Store,
        twins: Twins,
        tasks: Mapping[str, Task],
        labels: Labels,
        replicas: Replicas,
        start: Callable[[Job], None],
    ) -> None:
        """`start` begins to work on a stored job."""
        self._store, self._twins, self._tasks = store, twins, tasks
        self._labels, self._replicas = labels, replicas
        self._start = start
        self._endings = Endings(store)
        self._uploads = store.folder / "inputs"

    def split(self, job: Job, longest: float) -> bool:
        """Cut a job's sound if it is longer than so many seconds. False if it need not be.

        Doing it again after a crash finds the same parts: cuts and ids follow from the job.
        Raises InputError sound_too_long for two speeches: no cut would fit both.
        """
        sound = next((i.name for i in self._tasks[job.task].inputs if _leads(i)), "")
        if not sound or job.whole:
            return False
        path = self._sound(job.values[sound])
        times = cuts(path, longest)
        if more := self._more_speech(job):
            if longest and times[-1] + more > longest:
                raise InputError("sound_too_long", limit=round(longest))
            return False
        if len(times) == 2:
            return False
        pieces = cut_sound(path, times, self._uploads)
        with_sound = {sound: pieces, **self._cut_videos(job, times)}
        for piece in (piece for cut in with_sound.values() for piece in cut):
            self._store.files.keep(piece)
        each = ({name: cut[n] for name, cut in with_sound.items()} for n in range(len(pieces)))
        parts = [self.add(job, {**job.values, **given}, n) for n, given in enumerate(each)]
        # where it was sent whole before nobody needs it any more: see Store.moved
        new: dict[str, Any] = {"server": "", "started": 0.0, "values": {**job.values, TIMES: times}}
        if not self._store.update(job.id, parts=parts, **new):  # it was cancelled meanwhile
            self._endings.drop_parts(job)
        return True

    def _more_speech(self, job: Job) -> float:
        """Seconds of what others say after the sound that a job is cut by."""
        others = (i.name for i in self._tasks[job.task].inputs if i.kind == "audio" and not i.parts)
        return sum(
            bounded.sound_seconds(self._sound(v)) for n in others if (v := job.values.get(n))
        )

    def _cut_videos(self, job: Job, times: list[float]) -> dict[str, list[Path]]:
        """The stretches of the videos that go along with the sound, by input."""
        along = {
            item.name: value
            for item in self._tasks[job.task].inputs
            if item.parts and item.kind == "video" and (value := job.values.get(item.name))
        }
        files = self._store.files
        return {
            name: bounded.cut_video(files.local(v), times, self._uploads)
            for name, v in along.items()
        }

    def add(self, whole: Job, values: Mapping[str, Any], number: int) -> Link:
        """A part with these values: one that was made before, or a new one, started."""
        known = self._twins.fingerprint(whole.task, values, wish=whole.wish)
        twin = self._twins.find(known, whole.owner, whole.wish)
        if twin:
            return Link(twin.id)
        part = Job(
            id=str(uuid.uuid5(uuid.UUID(whole.id), str(number))),
            task=whole.task,
            owner=whole.owner,
            values=values,
            fingerprint=known,
            created=whole.created + number / 1000,  # they stand in line where their whole would
            consent=whole.consent,
            whole=whole.id,
            priority=whole.priority,
            replica=self._replicas.least_busy(),
            wish=whole.wish,
            given=in_a_line(self._tasks[whole.task].given(values)),
        )
        self._store.add(part)  # nothing happens if it is there: the same step after a crash
        self._start(self._store.get(part.id) or part)
        return Link(part.id)

    def takes(self, part: Job) -> list[Job]:
        """All takes of the same piece that have a result, oldest first."""
        inputs = self._tasks[part.task].inputs
        same = [item.name for item in inputs if item.kind in FILE_KINDS or item.spoken]
        known = {name: part.values.get(name) for name in same}
        found = self._store.pieces(part.owner, part.task)
        return [t for t in found if {name: t.values.get(name) for name in same} == known]

    def watch(self, whole: Job, parts: Sequence[Job]) -> StudioError | None:
        """Show how far they are; the reason once the whole cannot be. All may end before: each
        is kept."""
        if remaining := sum(not part.finished for part in parts):
            shown: dict[str, Any] = {
                "phase": "parts",
                "place": remaining,
                "progress": _progress(parts),
            }
            if not whole.started and any(part.started for part in parts):
                shown |= {"status": IN_PROGRESS, "started": time.time()}
            self._store.show(whole, **shown)
            return None
        if any(part.status == CANCELLED for part in parts):
            self._store.update(whole.id, status=CANCELLED)
            return None
        return _why_failed(whole, parts)

    def join(self, job: Job) -> None:
        """Complete the whole. Raises OutputMissing, OSError."""
        self._store.update(job.id, phase="join", progress=0.99)
        made = [part for link in job.parts if (part := self._store.get(link.job))]
        if not made or len(made) != len(job.parts) or not all(part.outputs for part in made):
            raise OutputMissing
        kind = self._tasks[job.task].output
        name = f"{job.task.replace('_', '-')}-{job.id[:8]}{KIND_SUFFIX[kind]}"
        target = self._store.folder / "outputs" / job.id / name
        with written_whole(target) as whole:
            self._write(job, made, whole)
            bounded.make_presentable(whole, kind, self._labels.of(job, kind))
        self._store.files.keep(target)
        output = Output(target, kind)
        slowest = min(made, key=lambda part: part.quality == "full")
        self._store.update(
            job.id,
            status=COMPLETED,
            phase="",
            progress=1.0,
            place=0,
            outputs=[output],
            findings=self._findings(job, output, slowest),
            error={},
            variant=slowest.variant,
            quality=slowest.quality,
        )

    def _findings(self, job: Job, output: Output, made_by: Job) -> list[Finding]:
        read = made_by.quality != "preview"
        return findings(self._store, job, self._tasks[job.task], output, read=read)

    def _write(self, job: Job, made: Sequence[Job], target: Path) -> None:
        files = [self._store.files.local(part.outputs[0].path) for part in made]
        if REMEDY in job.values:
            return self._mend(job, made[0], files[0], target)
        if self._tasks[job.task].output == "video":
            sound = next(i.name for i in self._tasks[job.task].inputs if _leads(i))
            bounded.join_videos(files, job.values[TIMES], self._sound(job.values[sound]), target)
        else:
            how = zip(files, job.values[SPEEDS], job.values[PAUSES], strict=True)
            bounded.join_sounds([Take(*each) for each in how], target)

    def _mend(self, job: Job, ill: Job, source: Path, target: Path) -> None:
        """Apply a remedy to the result of another job. Raises OutputMissing, InputError."""
        inputs = self._tasks[job.task].inputs
        match job.values[REMEDY]:
            case "sound" | "shift" as name:
                sound = self._sound(job.values[next(i.name for i in inputs if _leads(i))])
                late = _late(ill) if name == "shift" else 0.0
                times = [0.0, bounded.sound_seconds(sound)]
                bounded.join_videos([source], times, sound, target, early=late)
            case "pauses":
                bounded.with_short_pauses(source, target)
            case "level":
                bounded.at_level(source, target)
            case _:
                picture = next(i.name for i in inputs if i.kind == "image")
                original = local_file(self._store, job.values[picture])
                if original is None:
                    raise OutputMissing
                if bounded.paste_back(original, source, target, wide=True)[1]:
                    raise OutputMissing("remedy_failed")

    def _sound(self, value: Path | Link) -> Path:
        """The whole sound as a WAV of ours. Raises OutputMissing, InputError."""
        if isinstance(value, Path):
            return self._store.files.local(value)
        linked = self._store.get(value.job)
        if linked is None or not linked.outputs:
            raise OutputMissing
        bounds = Limits(megabytes=10_000, seconds=24 * 3600)  # our own result, checked before
        return bounded.accept_sound(
            self._store.files.local(linked.outputs[0].path), self._uploads, bounds
        )


def _late(job: Job) -> float:
    """By how many seconds the lips come after the sound."""
    signs = {"lips_late": 1, "lips_early": -1}
    return sum(signs.get(f["code"], 0) * float(f.get("seconds", 0)) for f in job.findings)


def _leads(item: Input) -> bool:
    """Whether a job is cut at the pauses of this sound."""
    return item.parts and item.kind == "audio"


def _progress(parts: Sequence[Job]) -> float:
    """0..0.95 in whole percents: the join is still to come."""
    done = sum(1.0 if part.status == COMPLETED else part.progress for part in parts)
    return math.floor(95 * done / max(1, len(parts))) / 100


def _why_failed(whole: Job, parts: Sequence[Job]) -> StudioError:
    """Which parts failed; if all did for the same reason, that reason."""
    done = {part.id for part in parts if part.status == COMPLETED}
    reasons = {str(part.error.get("code")) for part in parts}
    if not done and len(reasons) == 1 and parts and parts[0].error:
        return StudioError(reasons.pop(), **(parts[0].error.get("details") or {}))
    wrong = [str(number) for number, link in enumerate(whole.parts, 1) if link.job not in done]
    return StudioError("parts_failed", parts=wrong, count=len(whole.parts))

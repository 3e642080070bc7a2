"""A job: one run of one task with its values, its progress and its outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

WAITING = "waiting"  # stored; waits for a linked job or for a server
PENDING = "pending"  # on a server, in its queue
IN_PROGRESS = "in_progress"
COMPLETED = "completed"
FAILED = "failed"
CANCELLED = "cancelled"

FINISHED = frozenset({COMPLETED, FAILED, CANCELLED})

REMEDY = "remedy"  # of a job's values: what mends the result that is its only part

ANY = "*"  # of `given`: nobody knows


def in_a_line(given: Collection[str]) -> str:
    """Names of inputs as `Job.given` has them; `from_a_line` reads it, None for ANY."""
    return " ".join(sorted(given))


def from_a_line(line: str) -> frozenset[str] | None:
    return None if line == ANY else frozenset(line.split())


Finding = Mapping[str, Any]
"""`code`, a text key under `verdict.`, and what its sentence mentions."""


@dataclass(frozen=True)
class Link:
    """A job input that is another job's output."""

    job: str


@dataclass(frozen=True)
class Output:
    """A result file in the data folder. `kind` is "image", "audio" or "video".

    `ref` is where the server keeps its own copy: [filename, subfolder, type].
    """

    path: Path
    kind: str
    ref: Sequence[str] | None = None


@dataclass(frozen=True)
class Job:
    """One row of the store, as everybody sees it. `id` is also the prompt_id on the server.

    `phase` is a text key under `phase.`: "links" and "line" while it waits for linked jobs and for
    a server, "server" while no server can take it, then "upload", "queue", "run", "download".
    `node` is the class_type that runs; `progress` is 0..1; `place` is how many are before it in
    the line or in the server's queue; times are seconds since the epoch. `error` is
    {"code": ..., "details": {...}}. `preview` is the newest preview picture that the server sent.
    `again` counts how often it had to be begun anew because its server lost it or its file.
    `origin` is who it is counted for: an account, a guest link, an address. `consent` says on
    what ground each voice and face is used: input -> "given", "example" or "own_result".
    `replica` is the id of the one that drives it; of two jobs in line the one with the higher
    `priority` comes first.
    `parts` are jobs of the same task that do a piece of it each; the studio itself joins what they
    made. A part has the id of the job that it was made for in `whole`.
    `asked`: somebody asked for it by itself, not only for what is made of it.
    `notes` is what the server's nodes told about the result, one code and its text in a line.
    `findings` is what is wrong with the result, as far as the studio could see.
    `given` names the inputs that decide which variants can do it (see Task.given), in a line; ANY
    in a row of an older version, and of a batch.
    `uncut` is what was given before it was cut for a proof, by input.
    `wish` is the variant that the person asked for; "" for the best that there is. `variant` is
    the one that it was sent with.
    `expected`: seconds that it will take from `started`, as told before; 0 while nobody knows.
    `version` grows with every change, so that a watcher can tell whether anything happened.
    """

    id: str
    task: str
    owner: str
    values: Mapping[str, Any]
    fingerprint: str = ""
    status: str = WAITING
    phase: str = ""
    node: str = ""
    progress: float = 0.0
    place: int = 0
    server: str = ""
    variant: str = ""
    quality: str = ""
    outputs: tuple[Output, ...] = ()
    error: Mapping[str, Any] = field(default_factory=dict)
    preview: Path | None = None
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    again: int = 0
    version: int = 0
    origin: str = ""
    consent: Mapping[str, str] = field(default_factory=dict)
    replica: str = ""
    priority: int = 0
    parts: tuple[Link, ...] = ()
    whole: str = ""
    notes: tuple[str, ...] = ()
    asked: bool = False
    findings: tuple[Finding, ...] = ()
    uncut: Mapping[str, Any] = field(default_factory=dict)
    wish: str = ""
    expected: float = 0.0
    given: str = ANY

    def changed(self, **fields: Any) -> Job:
        """This job with other values in some fields."""
        return replace(self, **fields)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def inputs(self) -> tuple[Link, ...]:
        """The results that it was given."""
        return tuple(value for value in self.values.values() if isinstance(value, Link))

    @property
    def links(self) -> tuple[Link, ...]:
        """All that it waits for."""
        return (*self.inputs, *self.parts)

"""A proof: the same job with five seconds of its speech, to see how it looks before a long run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.jobs.consent import Consents
from comfy.jobs.job import Job
from comfy.jobs.sizes import speech_seconds
from comfy.jobs.store import Store
from comfy.jobs.uploads import Uploads
from comfy.workflow.inputs import Input

SECONDS = 5.0
ENDS = ".!?。！？;；\n"  # a script is cut after one of these, if one comes in time


class Proofs:
    """Cuts what a person gave; what they said about a file holds for a piece of it."""

    def __init__(self, store: Store, uploads: Uploads) -> None:
        self._store, self._uploads = store, uploads
        self._consents = Consents(store)

    def shorten(
        self, inputs: Sequence[Input], values: Mapping[str, Any], owner: str
    ) -> dict[str, Any]:
        """The values with the liveliest seconds of the sound, or the script's beginning.

        Raises InputError for a file that cannot be used.
        """
        short = dict(values)
        for item in inputs:
            value = values.get(item.name)
            if isinstance(value, Path) and _is_cut(item):
                short[item.name] = self._uploads.cut(item, value, SECONDS, owner)
                self._consents.extend(owner, value, short[item.name])
            elif isinstance(value, str) and _is_cut(item):
                short[item.name] = first_words(value, SECONDS)
        return short

    def remember(
        self, jobs: Sequence[Job], inputs: Sequence[Input], values: Mapping[str, Any], since: float
    ) -> None:
        """Keep the uncut values with the proof's jobs, for a form that shows them again.

        A job from before `since` (epoch seconds) was there already: it keeps what it has.
        """
        for job in (job for job in jobs if job.created >= since):
            whole = {
                item.name: self._uploads.accept_one(item, values[item.name], job.owner)
                for item in inputs
                if _is_cut(item) and values.get(item.name) and item.name in job.values
            }
            changed = {name: v for name, v in whole.items() if v != job.values[name]}
            for value in changed.values():
                if isinstance(value, Path):
                    self._store.files.keep(value)
            if changed:
                self._store.update(job.id, uncut=changed)


def _is_cut(item: Input) -> bool:
    return item.spoken or (item.kind == "audio" and item.parts)


def first_words(text: str, seconds: float) -> str:
    """As much of a script as is spoken in this time: whole sentences, else words, else letters."""
    fits = 0
    while fits < len(text) and speech_seconds(text[: fits + 1]) <= seconds:
        fits += 1
    if fits == len(text):
        return text
    kept = text[:fits]
    sentence = max(kept.rfind(mark) for mark in ENDS) + 1
    if speech_seconds(kept[:sentence]) >= seconds / 3:
        return kept[:sentence]
    words = kept.rpartition(" ")[0]
    return words if speech_seconds(words) >= seconds / 2 else kept

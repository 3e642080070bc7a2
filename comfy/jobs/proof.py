"""A proof: the same job with five seconds of its speech, to see how it looks before a long run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.jobs.consent import Consents
from comfy.jobs.sizes import speech_seconds
from comfy.jobs.store import Store
from comfy.jobs.uploads import Uploads
from comfy.workflow.inputs import Input

SECONDS = 5.0
ENDS = ".!?。！？;；\n"  # a script is cut after one of these, if one comes in time


class Proofs:
    """Cuts what a person gave; what they said about a file holds for a piece of it."""

    def __init__(self, store: Store, uploads: Uploads) -> None:
        self._uploads = uploads
        self._consents = Consents(store)

    def shorten(
        self, inputs: Sequence[Input], values: Mapping[str, Any], owner: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values with the liveliest seconds of the sound, or the script's beginning; and what
        was cut as it was, for Job.uncut. Raises InputError for a file that cannot be used.
        """
        short, whole = dict(values), {}
        for item in inputs:
            value = values.get(item.name)
            if isinstance(value, Path) and _is_cut(item):
                whole[item.name] = self._uploads.accept_one(item, value, owner)
                short[item.name] = self._uploads.cut(item, value, SECONDS, owner)
                self._consents.extend(owner, value, short[item.name])
            elif isinstance(value, str) and _is_cut(item):
                whole[item.name] = value
                short[item.name] = first_words(value, SECONDS)
        return short, {name: value for name, value in whole.items() if value != short[name]}


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

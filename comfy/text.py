"""Every sentence a person reads: `assets/text.toml`, one entry per key with `zh` and `en`."""

from __future__ import annotations

import os
import string
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
# Details that are shown by the name the page gives them, and the table of those names.
NAMED = {"input": "input", "task": "task", "choice": "choice", "wish": "variant"}
NAMED_LISTS = ("inputs", "choices")  # of such
FILE = Path(__file__).parent.parent / "assets" / "text.toml"

Entry = Mapping[str, str]


@cache
def texts() -> Mapping[str, Entry]:
    """All entries by dotted key, e.g. "error.file_unusable" -> {"zh": ..., "en": ...}."""
    found: dict[str, Entry] = {}
    _collect("", tomllib.loads(FILE.read_text(encoding="utf-8")), found)
    return found


def _collect(prefix: str, table: Mapping[str, object], found: dict[str, Entry]) -> None:
    for name, value in table.items():
        key = f"{prefix}.{name}" if prefix else name
        if not isinstance(value, dict):
            raise ValueError(f"{FILE.name}: {key} is not a pair of zh and en")
        if all(isinstance(item, str) for item in value.values()):
            found[key] = value
        else:
            _collect(key, value, found)


def say(key: str, language: str, **details: object) -> str:
    """The sentence in this language, its `{placeholders}` filled in.

    Details that the sentence does not mention are ignored; ones that are missing stay empty, so
    that a stored error of an older version still gives a sentence.
    """
    return _Lenient().format(texts()[key][language], **{k: _plain(v) for k, v in details.items()})


def explain(code: str, language: str, details: Mapping[str, object]) -> str:
    """The sentence for an error, as it was raised or as it is stored with a job.

    A failed node's own reason says more than "a node failed"; names of inputs, choices and tasks
    are shown as the page shows them.
    """
    reason = f"error.{details.get('reason')}"
    key = reason if has(reason) else f"error.{code}"
    shown = {name: named(name, value, language) for name, value in details.items()}
    return say(key if has(key) else "error.unexpected", language, **shown)


def has(key: str) -> bool:
    """Whether there is a sentence for this key."""
    return key in texts()


def pick_language(accept: str) -> str:
    """The language for an Accept-Language header or a locale: "zh" for any Chinese, else "en"."""
    first = accept.split(",")[0].strip().lower()
    return "zh" if first.startswith("zh") else "en"


def terminal_language(env: Mapping[str, str] = os.environ) -> str:
    """The language of whoever sits at the command line."""
    return pick_language(env.get("LC_ALL") or env.get("LANG") or "")


def named(kind: str, value: object, language: str) -> object:
    """A detail as the page calls it: named("wish", "indextts25", "en") -> "IndexTTS 2.5"."""
    if kind in NAMED_LISTS and isinstance(value, list | tuple):
        return [named(kind.removesuffix("s"), item, language) for item in value]
    key = f"{NAMED.get(kind)}.{value}"
    return say(key, language) if has(key) else value


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Lenient(string.Formatter):
    def get_value(self, key: int | str, args: object, kwargs: object) -> object:
        return kwargs.get(key, "") if isinstance(kwargs, Mapping) else ""

"""What belongs to whom while people are told apart: files, page sessions, running calls."""

from __future__ import annotations

import filecmp
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from comfy.ui.examples import ASSETS
from comfy.ui.results import results_folder

FRAMES = "frames"  # in the folder of results: what was taken out of people's videos
OWNERS = ".owners"  # beside an upload; Gradio serves nothing from a folder with such a name
MOST_NAMES = 50_000
DEEPEST = 50  # levels of a request's JSON


class TooDeep(ValueError):
    """No page sends JSON like that."""


def person_folder(name: str) -> str:
    """A folder name for a person, that no other person can guess or choose."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


class Ownership:
    """`owner_of` gives the owner of a job by its id, "" for none."""

    def __init__(self, temp_folder: Path, owner_of: Callable[[str], str]) -> None:
        self._folder = Path(os.path.realpath(temp_folder))
        self._owner_of = owner_of
        self._sessions: OrderedDict[str, str] = OrderedDict()

    def claim_upload(self, paths: Sequence[object], name: str) -> None:
        """Gradio keeps equal files of several people as one: each of them is written down."""
        for path in paths:
            if isinstance(path, str) and self._inside(path):
                mark = Path(path).parent / OWNERS / person_folder(name)
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()

    def may_read(self, path: str, name: str) -> bool:
        """Whether this person may be given, or may use, the file."""
        try:
            real = Path(os.path.realpath(path))
        except (OSError, ValueError):
            return False
        if real.is_relative_to(ASSETS):
            return True
        if not real.is_relative_to(self._folder):
            return False
        parts = real.relative_to(self._folder).parts
        if len(parts) >= 3 and parts[0] == results_folder().name:
            if parts[1] == FRAMES:
                return parts[2] == person_folder(name)
            return self._owner_of(parts[1]) == name
        claimed = (real.parent / OWNERS / person_folder(name)).exists()
        return len(parts) == 2 and (claimed or _is_example(real))

    def may_send(self, body: Any, name: str) -> bool:
        """Whether all files that a request's JSON mentions may be used. Raises TooDeep."""
        return all(self.may_read(text, name) for text in _texts(body) if self._inside(text))

    def bind(self, session: str, name: str) -> bool:
        """A page's session, or a call's number, belongs to whoever used it first."""
        owner = self._sessions.setdefault(session, name)
        self._sessions.move_to_end(session)
        if len(self._sessions) > MOST_NAMES:
            self._sessions.popitem(last=False)
        return owner == name

    def is_bound(self, session: str, name: str) -> bool:
        return self._sessions.get(session) == name

    def _inside(self, text: str) -> bool:
        """Whether a text is a path into the folder of uploads and results, however it is put."""
        if ("/" not in text and "\\" not in text) or len(text) > 4096:
            return False
        try:
            return Path(os.path.realpath(text)).is_relative_to(self._folder)
        except (OSError, ValueError):
            return False


def _is_example(path: Path) -> bool:
    """Gradio shows a copy of our own files."""
    ours = ASSETS / path.name
    return ours.is_file() and path.is_file() and filecmp.cmp(ours, path, shallow=False)


def _texts(value: Any, depth: int = 0) -> list[str]:
    if depth > DEEPEST:
        raise TooDeep
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _texts(item, depth + 1)]

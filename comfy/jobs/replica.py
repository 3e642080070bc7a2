"""What makes one running studio: its lasting name, and the lock on its data folder."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

from comfy.errors import StudioError


class Replica:
    """Holds the data folder until `close`; a second studio on the same folder is refused.

    The lock is an open SQLite transaction: it works on every system and ends with the process,
    however that ends. Raises StudioError data_in_use.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = sqlite3.connect(folder / "lock.sqlite", timeout=1, check_same_thread=False)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            self._lock.close()
            raise StudioError("data_in_use", folder=folder.name) from exc
        self.id = _lasting_id(folder / "replica-id")

    def close(self) -> None:
        self._lock.close()


def _lasting_id(file: Path) -> str:
    """The same over restarts: by it unfinished work and running prompts are found again."""
    if not file.exists():
        file.write_text(uuid.uuid4().hex, encoding="ascii")
    return file.read_text(encoding="ascii").strip()

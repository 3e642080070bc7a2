"""Voices that a person saved by a name, to choose them again."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from comfy.errors import InputError
from comfy.jobs.store import Store
from comfy.jobs.tables import VOICES
from comfy.jobs.uploads import Uploads
from comfy.workflow.inputs import Input, clean_text

MOST = 50  # of one person
LONGEST_NAME = 40  # characters


@dataclass(frozen=True)
class Voice:
    """`path` is our own copy of the recording, cut to what a voice clone uses of it."""

    id: str
    name: str
    path: Path


class Voices:
    """Each belongs to one person, and nobody else ever sees it."""

    def __init__(self, store: Store, uploads: Uploads) -> None:
        self._store, self._uploads = store, uploads

    def keep(self, name: str, recording: Path, item: Input, owner: str) -> Voice:
        """Save a recording that was given to this input; the same name again replaces it.

        Raises InputError: voice_unnamed, voices_full, a lack of room, a fault of the recording.
        """
        name = clean_text(name)[:LONGEST_NAME].strip()
        if not name:
            raise InputError("voice_unnamed")
        path = self._uploads.accept_one(item, recording, owner)
        self._store.files.keep(path)
        mine = VOICES.c.owner == owner
        voice = Voice(secrets.token_urlsafe(12), name, path)
        row = {"id": voice.id, "owner": owner, "name": name, "file": path.name, "at": time.time()}

        def replace(connection: sa.Connection) -> bool:
            self._store.check_files([path])
            connection.execute(sa.delete(VOICES).where(mine, VOICES.c.name == name))
            count = sa.select(sa.func.count()).select_from(VOICES).where(mine)
            if connection.execute(count).scalar_one() >= MOST:
                return False
            connection.execute(sa.insert(VOICES).values(row))
            return True

        if not self._store.database.write(replace):
            raise InputError("voices_full", limit=MOST)
        return voice

    def all(self, owner: str) -> list[Voice]:
        """By name."""
        query = VOICES.select().where(VOICES.c.owner == owner).order_by(VOICES.c.name)
        rows = self._store.database.read(lambda c: c.execute(query).mappings().all())
        folder = self._store.folder / "inputs"
        return [Voice(row["id"], row["name"], folder / row["file"]) for row in rows]

    def find(self, voice_id: str, owner: str) -> Voice | None:
        """With its recording here; None if there is none of this person's."""
        for voice in self.all(owner):
            if voice.id == voice_id and self._store.files.local(voice.path).exists():
                return voice
        return None

    def forget(self, voice_id: str, owner: str) -> bool:
        """Delete it, and the recording unless a job was given it, too."""
        voice = next((v for v in self.all(owner) if v.id == voice_id), None)
        if voice is None:
            return False
        statement = sa.delete(VOICES).where(VOICES.c.id == voice_id)
        self._store.database.write(lambda connection: connection.execute(statement))
        self._store.forget_unused(voice.path)
        return True

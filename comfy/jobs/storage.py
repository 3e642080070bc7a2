"""Files that all replicas share: a folder, or S3-compatible storage, through fsspec.

Each replica works on files in its own data folder. With a storage, what it makes is copied there
under the same relative name before any row says that it exists, and what it lacks is copied from
there when it is needed; so the data folder is a cache. Names are never reused: inputs are named by
their content, results by their job.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import fsspec
from botocore.exceptions import BotoCoreError  # of s3fs; no answer at all is one of these

from comfy.errors import StudioError
from comfy.media.files import written_whole

PAUSES = (0.2, 1.0, 3.0, 10.0, 20.0, 30.0)  # seconds between tries at a storage that is away
CACHED = ("inputs", "outputs")  # folders of the data folder that can be copied anew
LISTED = 300.0  # seconds that a list of all files is good enough for


class Storage:
    """Without a URL everything is in the data folder, and nothing is copied.

    `url` is a folder or any URL of fsspec: "/srv/studio", "s3://bucket/studio". Keys and the
    address of an S3 server come from the usual AWS_ variables.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self._folder = folder.resolve()
        self.shared = bool(url)
        self._files: Any = None
        self._root = ""
        self._sizes: dict[str, int] = {}
        self._listed = -LISTED
        if url:
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)

    def keep(self, path: Path) -> None:
        """Count a new file of the data folder, and share it. Raises StudioError storage_away."""
        self._sizes[path.relative_to(self._folder).as_posix()] = path.stat().st_size
        if not self.shared:
            return
        there = self._there(path)
        part = f"{there}.part"

        def put() -> None:
            if self._files.exists(there):
                return
            if self._is_s3:  # no folders, and an object appears whole
                self._files.put_file(str(path), there)
            else:
                self._files.makedirs(there.rsplit("/", 1)[0], exist_ok=True)
                self._files.put_file(str(path), part)
                self._files.mv(part, there)

        self._patiently(put)

    def local(self, path: Path) -> Path:
        """The same path, once the file is there. Nothing happens if it is nowhere."""
        if not self.shared or path.exists():
            return path

        def get() -> None:
            if self._files.exists(there := self._there(path)):
                with written_whole(path) as part:
                    self._files.get_file(there, str(part))

        self._patiently(get)
        return path

    def has(self, path: Path) -> bool:
        """Whether the file is here or can be copied from the storage."""
        if path.exists() or not self.shared:
            return path.exists()
        return bool(self._patiently(lambda: self._files.exists(self._there(path))))

    def forget(self, path: Path) -> None:
        """Delete a file, here and in the storage."""
        path.unlink(missing_ok=True)
        self._sizes.pop(path.relative_to(self._folder).as_posix(), None)
        if self.shared and self._patiently(lambda: self._files.exists(self._there(path))):
            self._patiently(lambda: self._files.rm_file(self._there(path)))

    def sizes(self, *, within: float = LISTED) -> dict[str, int]:
        """Bytes of each input and result that is kept, by its name in the data folder.

        What this replica adds and deletes shows at once, what others do within so many seconds.
        While the storage is away the last list is given.
        """
        if time.monotonic() - self._listed > within:
            self._listed = time.monotonic()
            try:
                self._sizes = self._list_storage() if self.shared else self._list_folder()
            except (OSError, BotoCoreError):
                return dict(self._sizes)
        return dict(self._sizes)

    def _list_folder(self) -> dict[str, int]:
        found: dict[str, int] = {}
        folders = list(CACHED)
        while folders:
            inside = folders.pop()
            with suppress(FileNotFoundError):  # not there yet
                for entry in os.scandir(self._folder / inside):
                    with suppress(FileNotFoundError):  # deleted a moment ago
                        if entry.is_dir():
                            folders.append(f"{inside}/{entry.name}")
                        else:
                            found[f"{inside}/{entry.name}"] = entry.stat().st_size
        return found

    def _list_storage(self) -> dict[str, int]:
        found = {}
        for name in CACHED:
            for path, about in self._files.find(f"{self._root}/{name}", detail=True).items():
                found[path[len(self._root) + 1 :]] = int(about["size"])
        return found

    def tidy(self, limit: int) -> int:
        """Delete the least recently used local copies beyond `limit` bytes; returns how many.

        Only what the storage has: a job that still needs one copies it again.
        """
        if not self.shared:
            return 0
        stats = [(p, p.stat()) for name in CACHED for p in (self._folder / name).rglob("*.*")]
        files = sorted(stats, key=lambda found: found[1].st_atime, reverse=True)
        total = deleted = 0
        for path, stat in files:
            total += stat.st_size
            fresh = time.time() - stat.st_mtime < 3600  # may not be in the storage yet
            if total > limit and not fresh and self._files.exists(self._there(path)):
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted

    def forget_folder(self, folder: Path) -> None:
        """Delete a job's folder, here and in the storage."""
        shutil.rmtree(folder, ignore_errors=True)
        inside = folder.relative_to(self._folder).as_posix() + "/"
        for name in list(self._sizes):  # a list, as other threads keep files meanwhile
            if name.startswith(inside):
                self._sizes.pop(name, None)
        there = self._there(folder)
        if self.shared and self._patiently(lambda: self._files.exists(there)):
            self._patiently(lambda: self._files.rm(there, recursive=True))

    @property
    def _is_s3(self) -> bool:
        return "s3" in self._files.protocol

    def _there(self, path: Path) -> str:
        return f"{self._root}/{path.relative_to(self._folder).as_posix()}"

    @staticmethod
    def _patiently(work: Any) -> Any:
        for pause in (*PAUSES, None):
            try:
                return work()
            except (OSError, BotoCoreError) as error:
                if pause is None:
                    raise StudioError("storage_away") from error
                time.sleep(pause)
        return None

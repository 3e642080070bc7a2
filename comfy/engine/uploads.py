"""POST /upload/image: any kind of file, into one of the three folders."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from comfy.engine.folders import Folders, inside
from comfy.engine.wire import JSON, trouble

CHUNK = 2**20  # bytes
OVERWRITE = ("true", "1")  # nothing else counts, "True" does not either


async def upload(request: Request, folders: Folders) -> Response:
    """Store the file of the field `image`; without overwrite a taken name becomes "name (1).ext".

    400: no such field, or a path that leads out of the folder. 500, as on the server: an unknown
    type, no file name, a file name with a folder that does not exist, a name that is too long.
    """
    async with request.form() as form:
        sent = form.get("image")
        if sent is None:
            return Response(status_code=400)
        type_ = str(form.get("type") or "input")
        root = folders.of_type(type_)
        if not isinstance(sent, UploadFile) or not sent.filename or root is None:
            return trouble()
        subfolder = str(form.get("subfolder") or "")
        folder = inside(root, os.path.normpath(subfolder))
        wanted = None if folder is None else inside(folder, sent.filename)
        if folder is None or wanted is None or not wanted.is_relative_to(root):
            return Response(status_code=400)
        folder.mkdir(parents=True, exist_ok=True)
        overwrite = form.get("overwrite") in OVERWRITE
        stored = await run_in_threadpool(_store, sent.file, wanted, overwrite)
    return JSON({"name": stored.name, "subfolder": subfolder, "type": type_})


def _store(source: BinaryIO, wanted: Path, overwrite: bool) -> Path:
    """Write the file under its name or the next free one. Raises OSError."""
    path = wanted if overwrite else _free_path(source, wanted)
    if path.exists() and not overwrite:
        return path
    # Written beside and then renamed: a waiting prompt never reads half a file.
    descriptor, temporary = tempfile.mkstemp(dir=wanted.parent, prefix=".upload-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            source.seek(0)
            while chunk := source.read(CHUNK):
                target.write(chunk)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    return path


def _free_path(source: BinaryIO, wanted: Path) -> Path:
    """Find the first name that is not taken, or that holds these very bytes already."""
    digest = _digest(source)
    path, number = wanted, 0
    while path.exists() and not _holds(path, digest):
        number += 1
        path = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return path


def _holds(path: Path, digest: bytes) -> bool:
    with path.open("rb") as file:
        return _digest(file) == digest


def _digest(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.digest()

"""Fetch one file: streamed, bounded, resumed after a cut, whole or not there at all."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests

from comfy.client.transport import Transport, broken, passing
from comfy.errors import OutputMissing, ServerError

CHUNK = 2**14  # bytes; of a cut answer the last part that is not full is lost
TRIES_WITHOUT_PROGRESS = 5
TRIES = 50
LONGEST = 3600.0  # seconds; a server that drips must not hold a thread for ever
PAUSE = 0.1  # seconds before the second try; doubles while nothing arrives


@dataclass
class _State:
    """What we know of the file so far; it grows with every answer."""

    file: BinaryIO
    limit: int | None
    deadline: float
    size: int | None = None
    version: str = ""  # its ETag or Last-Modified: a cut download goes on only in the same version


def download(
    transport: Transport, path: str, params: Mapping[str, str], to: Path, *, limit: int | None
) -> Path:
    """GET a file into `to`, by way of `to`.part beside it.

    Raises OutputMissing: output_missing (404), output_too_large (over `limit` bytes); ServerError.
    """
    part = to.with_name(to.name + ".part")
    try:
        with part.open("wb") as file:
            _receive_all(transport, path, params, _State(file, limit, time.monotonic() + LONGEST))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)
    return to


def _receive_all(transport: Transport, path: str, params: Mapping[str, str], state: _State) -> None:
    idle = 0
    for _ in range(TRIES):
        before = state.file.tell()
        try:
            return _receive(transport, path, params, state)
        except ServerError as error:
            idle = 0 if state.file.tell() > before else idle + 1
            late = time.monotonic() > state.deadline
            if late or not passing(error) or idle >= TRIES_WITHOUT_PROGRESS:
                raise
            time.sleep(PAUSE * 2 ** max(0, idle - 1))
    raise ServerError


def _receive(transport: Transport, path: str, params: Mapping[str, str], state: _State) -> None:
    start = state.file.tell() if state.version and state.size else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": state.version}
    with transport.open("GET", path, params=params, headers=headers) as response:
        if not _accept(response, state, start):
            return _restart(state)
        for chunk in response.iter_content(CHUNK):
            state.file.write(chunk)
            _check_limit(state.file.tell(), state)
            if time.monotonic() > state.deadline:
                raise ServerError
    if state.size is not None and state.file.tell() != state.size:
        raise ServerError  # a short body that nobody complained about


def _accept(response: requests.Response, state: _State, start: int) -> bool:
    """Get ready for this answer's body; False when the file changed and has to be begun again."""
    if response.status_code == 404:
        raise OutputMissing
    if response.status_code == 416 and start:
        return False
    if response.status_code not in (200, 206) or "Content-Encoding" in response.headers:
        raise broken(response)
    version = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
    if response.status_code == 206:
        # ComfyUI ignores If-Range (seen on 0.3.64 and 0.8.0), so the version is compared here too.
        expected = f"bytes {start}-{(state.size or 0) - 1}/{state.size}"
        return version == state.version and response.headers.get("Content-Range") == expected
    state.file.seek(0)
    state.file.truncate()
    state.version = "" if version.startswith("W/") else version
    state.size = _length(response)
    _check_limit(state.size or 0, state)
    return True


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    if re.fullmatch(r"\d{1,18}", length):
        return int(length)
    if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
        return None  # a chunked body has its own end mark
    raise broken(response)


def _restart(state: _State) -> None:
    state.version = ""
    state.file.seek(0)
    state.file.truncate()
    raise ServerError


def _check_limit(size: int, state: _State) -> None:
    if state.limit is not None and size > state.limit:
        raise OutputMissing("output_too_large", size=size, limit=state.limit)

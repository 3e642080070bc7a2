"""GET and HEAD /view: a file of the three folders, whole, in part, or re-encoded as a preview."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from comfy.engine.folders import Folders, inside

CHUNK = 2**18  # bytes
RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
# Never handed out under their own type: a browser would run what somebody uploaded.
ACTIVE = frozenset(
    {"text/html", "application/xhtml+xml", "text/javascript", "application/javascript", "text/css"}
)
TYPES = mimetypes.MimeTypes()
TYPES.add_type("image/webp", ".webp")
TYPES.add_type("audio/flac", ".flac")
TYPES.add_type("audio/x-wav", ".wav")


async def view(request: Request, folders: Folders) -> Response:
    """Answer with the file that filename, subfolder and type name.

    404: no filename, no such file. 400: an empty filename or one with "..", an unknown type.
    403: a subfolder that leads out of its root.
    """
    query = request.query_params
    if "filename" not in query:
        return Response(status_code=404)
    filename, root = folders.split(query["filename"])
    root = root or folders.of_type(query.get("type", "output"))
    if not filename or filename.startswith("/") or ".." in filename or root is None:
        return Response(status_code=400)
    folder = inside(root, query.get("subfolder", ""))
    if folder is None:
        return Response(status_code=403)
    path = inside(folder, Path(filename).name)  # a folder inside `filename` is dropped silently
    if path is None or not path.is_file():
        return Response(status_code=404)
    disposition = {"Content-Disposition": _disposition(path.name)}
    if "preview" in query:
        return await run_in_threadpool(_preview, path, query["preview"], disposition)
    return _file(request, path, disposition)


def _file(request: Request, path: Path, headers: dict[str, str]) -> Response:
    stat = path.stat()
    headers = {
        **headers,
        "Content-Type": _content_type(path.name),
        "Etag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"',
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
    }
    if _unchanged(request, headers["Etag"], stat.st_mtime):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    span = (0, stat.st_size) if asked is None else _span(asked, stat.st_size)
    if span is None:
        kept = {name: headers[name] for name in ("Content-Disposition", "Content-Type")}
        return Response(None, 416, {**kept, "Content-Range": f"bytes */{stat.st_size}"})
    start, stop = span
    headers |= {"Content-Length": str(stop - start), "Accept-Ranges": "bytes"}
    if asked is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{stat.st_size}"
    content = () if request.method == "HEAD" else _chunks(path, start, stop)
    return StreamingResponse(content, 200 if asked is None else 206, headers)


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """Read a single range as (start, stop); None where it cannot be met."""
    match = RANGE.fullmatch(asked)
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        start, stop = max(0, size - int(match["last"])), size
    else:
        start = int(match["first"])
        stop = min(size, int(match["last"]) + 1) if match["last"] else size
    return (start, stop) if start < stop else None


def _unchanged(request: Request, etag: str, modified: float) -> bool:
    if "if-none-match" in request.headers:
        return etag in request.headers["if-none-match"]
    since = request.headers.get("if-modified-since")
    try:
        return since is not None and int(modified) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def _chunks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = stop - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _preview(path: Path, asked: str, headers: dict[str, str]) -> Response:
    """Re-encode a picture, `asked` is e.g. "webp;75" or "jpeg". Raises where it is none."""
    format_, _, quality = asked.partition(";")
    format_ = format_ if format_ in ("webp", "jpeg") else "webp"
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        shown = picture.convert("RGB") if format_ == "jpeg" else picture
        shown.save(buffer, format_, quality=int(quality) if quality.isdecimal() else 90)
    return Response(buffer.getvalue(), 200, headers, media_type=f"image/{format_}")


def _content_type(name: str) -> str:
    guess = TYPES.guess_type(name)[0] or "application/octet-stream"
    return "application/octet-stream" if guess in ACTIVE else guess


def _disposition(name: str) -> str:
    # Headers travel as Latin-1; aiohttp sends the name's UTF-8 bytes, so they are kept as bytes.
    return f'filename="{name}"'.encode().decode("latin-1")

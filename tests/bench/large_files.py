"""Memory while large files move: `python -m tests.bench.large_files [--download MB] [--upload MB]`.

A small server in a process of its own makes the bytes of /view and swallows those of /upload/image;
the download is cut half-way, once by a server that can go on and once by one that cannot. What is
printed is how far the peak memory of this process, the client's, grew.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from comfy.client.http import ComfyClient
from comfy.protocol import FileRef

BLOCK = bytes(range(256)) * 1024
MB = 2**20


class Files(BaseHTTPRequestHandler):
    """GET /view?filename=<bytes>-<ranges or whole>; POST /upload/image."""

    protocol_version = "HTTP/1.1"
    cut: set[str] = set()  # files whose first download was cut already

    def do_GET(self) -> None:
        name = re.search(r"filename=((\d+)-(ranges|whole))", self.path)
        assert name
        size, start = int(name[2]), 0
        if asked := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(asked[1]) if name[3] == "ranges" else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - start))
        self.send_header("ETag", '"1"')
        self.end_headers()
        first = name[1] not in self.cut
        self.cut.add(name[1])
        self._send(start, size // 2 if first else size)
        self.close_connection = first

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, len(BLOCK))))
        self._answer(b'{"name": "big", "subfolder": "", "type": "input"}')

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, start: int, end: int) -> None:
        while start < end:
            offset = start % len(BLOCK)
            part = BLOCK[offset : offset + end - start]
            self.wfile.write(part)
            start += len(part)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(say: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    say.send(server.server_address[1])
    server.serve_forever()


class Server:
    """The small server, as a context."""

    def __enter__(self) -> str:
        hear, say = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=serve, args=(say,), daemon=True)
        self._process.start()
        return f"http://127.0.0.1:{hear.recv()}"

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def download(url: str, folder: Path, size: int, kind: str) -> float:
    """Growth of the peak in MB. The file must be whole and right."""
    before = peak()
    client = ComfyClient(url, client_id="bench")
    path = client.view(FileRef(f"{size}-{kind}"), folder / "big")
    assert path.stat().st_size == size
    check(path)
    path.unlink()
    return peak() - before


def upload(url: str, folder: Path, size: int) -> float:
    before = peak()
    path = folder / "big.bin"
    with path.open("wb") as file:
        file.truncate(size)
    ComfyClient(url, client_id="bench").upload(path, name="big.bin")
    path.unlink()
    return peak() - before


def check(path: Path) -> None:
    with path.open("rb") as file:
        while part := file.read(len(BLOCK)):
            assert part == BLOCK[: len(part)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--download", type=int, default=2000, metavar="MB")
    parser.add_argument("--upload", type=int, default=500, metavar="MB")
    parser.add_argument("--folder", help="where the files go while they move")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name, Server() as url:
        folder = Path(name)
        for kind in ("ranges", "whole"):
            began = time.monotonic()
            grown = download(url, folder, given.download * MB, kind)
            report(f"download, cut once, {kind}", given.download, began, grown)
        began = time.monotonic()
        grown = upload(url, folder, given.upload * MB)
        report("upload", given.upload, began, grown)


def report(what: str, size: int, began: float, grown: float) -> None:
    seconds = time.monotonic() - began
    print(f"{what}: {size} MB in {seconds:.1f} s, memory +{grown:.1f} MB", flush=True)


if __name__ == "__main__":
    main()

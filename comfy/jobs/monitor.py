"""A small HTTP server for /metrics, /healthz and /readyz, for processes without a page."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from comfy.jobs.vitals import PATHS, TEXT, Vitals


def start_monitor(vitals: Vitals, host: str, port: int) -> ThreadingHTTPServer:
    """Answers in threads of its own until `shutdown`. Raises OSError if the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in PATHS
            status, kind, body = vitals.answer(self.path) if known else (404, TEXT, b"")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody wants a line per look."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="monitor", daemon=True).start()
    return server

"""Start the preview engine: `python -m comfy.engine [--port N] [--folder DIR]`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from comfy.engine.faults import Faults
from comfy.engine.folders import Folders
from comfy.engine.nodes import load_nodes
from comfy.engine.presence import Presence, announce
from comfy.engine.server import build

WEBSOCKET_LIMIT = 4 * 2**20  # bytes of one message, aiohttp's limit
PARENT_CHECK = 0.5  # seconds
NICENESS = 5


class Server(uvicorn.Server):
    """uvicorn that says where it listens, and stops at once."""

    def __init__(self, config: uvicorn.Config, folder: Path) -> None:
        super().__init__(config)
        self._folder = folder

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            announce(self._folder, f"http://{host}:{port}")
            print(f"engine listening on http://{host}:{port}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop without waiting for open sockets and running nodes, as ComfyUI does."""
        super().handle_exit(sig, frame)
        self.force_exit = True


def main() -> None:
    options = parse_options()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("comfy").setLevel(logging.INFO)
    give_way()
    folders = Folders.under(options.folder)
    folders.prepare()
    with_faults = os.environ.get("COMFY_ENGINE_FAULTS") == "1"
    engine = build(load_nodes(with_faults), folders)
    faults = Faults(engine) if with_faults else None
    presence = Presence(faults or engine.app, lambda: engine.queue.remaining() > 0)
    server = Server(_config(presence), options.folder)
    if faults is not None:
        faults.attach(server)
    if options.idle_exit:
        presence.end_when_idle(options.idle_exit)
    if options.parent_pid is not None:
        watch_parent(options.parent_pid)
    server.run(sockets=[_listen(options.host, options.port)])


def give_way() -> None:
    """Let the page go first: nodes use all cores, and a slow page is worse than a slow result."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m comfy.engine", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, default=Path(".data/engine"))
    parser.add_argument("--idle-exit", type=float, default=0, help="seconds; 0 stays for ever")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    return parser.parse_args(arguments)


def watch_parent(pid: int) -> None:
    """End this process when `pid` is gone, however it went."""
    child = os.getppid() == pid

    def watch() -> None:
        # A child is given to another parent at once; a foreign id may stay a zombie for a while.
        while os.getppid() == pid if child else _lives(pid):
            time.sleep(PARENT_CHECK)
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _lives(pid: int) -> bool:
    if os.name == "nt":
        return True  # there os.kill would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is somebody else's
        return True
    return True


def _listen(host: str, port: int) -> socket.socket:
    """Bind early, so that port 0 has its number; a just stopped engine's port is free again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named as asyncio sets TCP_NODELAY only then: 1 ms an answer, not 45.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_LIMIT,
        ws_ping_interval=None,  # ComfyUI never pings
        lifespan="on",
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()

"""docker-compose.yml as Docker reads it, and its balancer as a plain process."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.app_process import free_port
from tests.conftest import ROOT
from tests.faults.rig import wait_for

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
BALANCER: str = COMPOSE["configs"]["balancer"]["content"]


def on_loopback(urls: Sequence[str], port: int) -> str:
    """The balancer's configuration with these pages instead of those that Docker's DNS names."""
    servers = (f"server app{n} {url.split('://')[1].rstrip('/')}" for n, url in enumerate(urls))
    text = re.sub(r"resolvers docker\n.*\n", "", BALANCER)
    text = text.replace("bind :7860", f"bind 127.0.0.1:{port}")
    return re.sub(r"server-template .*", "\n    ".join(servers), text)


class Balancer:
    """HAProxy before these pages; `url` is the way in."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        port = free_port()
        config = folder / "haproxy.cfg"
        config.write_text(on_loopback(urls, port))
        self.url = f"http://127.0.0.1:{port}/"
        self._process = subprocess.Popen(["haproxy", "-f", str(config), "-db"])
        wait_for(lambda: _listens(port), 30)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True

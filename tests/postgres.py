"""A PostgreSQL server of the tests' own, in a folder of its own, on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.app_process import free_port

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path("/usr/bin")]
PROGRAMS = FOLDERS[-1]  # Debian's package
INSTALLED = (PROGRAMS / "initdb").exists()
needs_postgres = pytest.mark.skipif(
    not INSTALLED, reason="PostgreSQL's programs are not installed (Debian: postgresql)"
)


class Postgres:
    """Starts, kills and starts again. `url` is that of an empty database."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.port = free_port()
        self.url = f"postgresql://studio@127.0.0.1:{self.port}/postgres"
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None  # root may not run it
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-U", "studio", "--auth", "trust", "-D", str(self.folder / "data"))

    def start(self) -> None:
        self._process = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
            + ["-c", "listen_addresses=127.0.0.1", "-k", self.folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            cwd=self.folder,
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL; its children see that it is gone and end."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast shutdown"
        self._process.wait(30)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [PROGRAMS / program, *arguments],
            stdout=subprocess.DEVNULL,
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            cwd=self.folder,
            check=True,
        )

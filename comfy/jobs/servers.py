"""The pool of ComfyUI servers: who is there, and what each of them can run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.addresses import BadAddress, ServerAddress
from comfy.client.http import ComfyClient
from comfy.errors import ServerError
from comfy.jobs.embedded import EmbeddedEngine
from comfy.jobs.job import from_a_line
from comfy.jobs.patience import Patience
from comfy.jobs.server import Given, Server, ServerState
from comfy.settings import Settings
from comfy.workflow.task import Task
from comfy.workflow.variant import Variant

log = logging.getLogger(__name__)

SOON = 0.3  # seconds between two looks at an embedded engine that does not answer
EMBEDDED = "embedded"
Values = Mapping[str, Any] | None  # those of a job
RETURNED = 300.0  # seconds after its return in which a server may still work for jobs that left
Moved = Callable[[str, Collection[str]], Collection[str]]
"""Which of a server's prompts are jobs that another server has now."""
CLIENT_ID = "studio"  # the same everywhere: any replica may listen to any prompt


class Servers:
    """Looks after each server in a thread; the embedded engine is started and kept alive."""

    def __init__(
        self,
        settings: Settings,
        tasks: Mapping[str, Task],
        patience: Patience,
        moved: Moved = lambda *_: (),
    ) -> None:
        self._tasks = tasks
        self._patience = patience
        self._moved = moved
        self._closing = threading.Event()
        self._engine: EmbeddedEngine | None = None
        self._servers: dict[str, Server] = {}
        for given in settings.servers:
            self._servers[given.name] = self._server(given)
        if not settings.servers:
            self._engine = EmbeddedEngine(settings.data / "engine")
        names = (EMBEDDED,) if self._engine else tuple(self._servers)
        self._threads = [self._thread(name) for name in names]
        if settings.server_files:
            self._threads.append(
                threading.Thread(target=self._follow_files, name="servers file", daemon=True)
            )
        self._settings = settings

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _thread(self, name: str) -> threading.Thread:
        return threading.Thread(
            target=self._watch, args=(name,), name=f"server {name}", daemon=True
        )

    def _follow_files(self) -> None:
        """Servers that an operator adds to the file, or takes out of it, while we run."""
        seen = _ages(self._settings.server_files)
        while not self._closing.wait(self._patience.look):
            if (now := _ages(self._settings.server_files)) != seen:
                seen = now
                try:
                    self._change_to(self._settings.servers_now())
                except BadAddress as error:
                    log.error("the servers stay as they are: %s", error)

    def _change_to(self, given: Sequence[ServerAddress]) -> None:
        wanted = {address.name: address for address in given}
        for name in self._servers.keys() - wanted.keys():  # its thread ends by itself
            log.info("server %s was taken out", name)
            self._servers.pop(name).client.close()
        for name, address in wanted.items():
            known = self._servers.get(name)
            if known and known.address == address:
                continue
            log.info("server %s was %s", name, "changed" if known else "added")
            self._servers[name] = self._server(address)
            if known:
                known.client.close()
            else:
                thread = self._thread(name)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Stop looking, end the embedded engine, close all connections."""
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=10)
        for server in self._servers.values():
            server.client.close()
        if self._engine:
            self._engine.stop()

    def get(self, name: str) -> Server | None:
        """The server of this name, if it can be reached now."""
        server = self._servers.get(name)
        return server if server and server.online else None

    def away(self, name: str) -> float:
        """Seconds since the server last answered; 0 for an engine that is about to start."""
        server = self._servers.get(name)
        return time.monotonic() - server.seen if server else 0.0

    def knows(self, name: str) -> bool:
        """Whether there is a server of this name, now or in a moment."""
        return name in self._servers or (name == EMBEDDED and self._engine is not None)

    def still(self, server: Server) -> bool:
        """Whether this is still the server of its name, and not an engine that was replaced."""
        return self._servers.get(server.name) is server

    def able(self, task: str, wish: str = "", values: Values = None) -> Sequence[str]:
        """Names of the servers that can run the task now, with the wished variant if there is a
        wish and with one for these values if there are any; the best variant first. Sick servers
        only if there are no others."""
        return [server.name for server, _ in self._able(task, wish, values)]

    def rivals(self, task: str, wish: str, given: str) -> Sequence[str]:
        """The same for a job in line, of which no more is read than what is `given`: see Job."""
        return [server.name for server, _ in self._fitting(task, wish, from_a_line(given))]

    def variant(self, task: str, wish: str, values: Values) -> Variant | None:
        """The variant that such a job would be run with now."""
        return next((variant for _, variant in self._able(task, wish, values)), None)

    def possible(self, task: str, *, now: bool = True) -> Sequence[str]:
        """The variants that a server can run, the best first; also those of servers that are away,
        as they were seen last, without `now`."""
        servers = [s for s in self._all() if s.online or not now]
        found = {variant.name for server in servers for variant in server.ready.get(task, ())}
        return [variant.name for variant in self._tasks[task].variants if variant.name in found]

    def has_stalled(self, server: Server) -> None:
        """Nobody but its operator can help a server whose worker died, or hangs in a node."""
        log.error("server %s takes prompts and does not work on them", server.name)
        server.stalled = time.monotonic()

    def safe_seconds(self, task: str, wish: str, values: Values, but: Collection[str]) -> float:
        """How long a sound may be for the best variant there is now, not counting the servers in
        `but`; 0 for any length. Servers with a variant that takes less get no longer parts."""
        limits = (v.safe_seconds for s, v in self._able(task, wish, values) if s.name not in but)
        return next(limits, 0.0)

    def _able(self, task: str, wish: str, values: Values) -> list[tuple[Server, Variant]]:
        manifest = self._tasks.get(task)
        given = manifest.given(values) if manifest and values is not None else None
        return self._fitting(task, wish, given)

    def _fitting(self, task: str, wish: str, given: Given) -> list[tuple[Server, Variant]]:
        found = [
            (server, variant)
            for server in self._all()
            if server.online and (variant := server.variant(task, wish, given))
        ]
        well = [pair for pair in found if not pair[0].sick]
        return sorted(well or found, key=lambda pair: (pair[1].order, pair[0].waiting))

    def states(self) -> list[ServerState]:
        return [
            ServerState(
                s.name,
                s.online,
                s.embedded,
                s.waiting,
                tuple(s.ready),
                dict(s.lacks),
                s.offers,
                s.sick,
            )
            for s in self._all()
        ]

    @property
    def looked(self) -> bool:
        """Whether every server was asked at least once."""
        return all(s.looked for s in self._all())

    @property
    def known(self) -> bool:
        """Whether every server has told what it can run, if only once."""
        return bool(self._servers) and all(s.asked for s in self._all())

    def _all(self) -> list[Server]:
        return list(self._servers.values())

    def _server(self, given: ServerAddress) -> Server:
        client = self._client(given.url, given.headers)
        return Server(given.name, client, weight=given.weight, tags=given.tags, address=given)

    def _client(self, url: str, headers: Mapping[str, str] | None = None) -> ComfyClient:
        return ComfyClient(url, client_id=CLIENT_ID, headers=headers, timeout=self._patience.answer)

    def _watch(self, name: str) -> None:
        """Look at one server until the studio closes. One that hangs delays no other."""
        while not self._closing.is_set() and self.knows(name):
            server = self._servers.get(name)
            if self._engine and not (server and server.online):
                self._look_after(self._engine)
                server = self._servers.get(name)
            if server:
                server.look(self._tasks)
                self._end_strays(server)
            self._closing.wait(self._pause(server))

    def _end_strays(self, server: Server) -> None:
        """What was given up while a server was away must not cost it hours when it is back."""
        if server.online and server.prompts and time.monotonic() - server.back < RETURNED:
            server.end(self._moved(server.name, server.prompts))

    def _pause(self, server: Server | None) -> float:
        if server and server.online:
            return self._patience.look
        return SOON if self._engine else self._patience.retry

    def _look_after(self, engine: EmbeddedEngine) -> None:
        try:
            url = engine.ensure()
        except ServerError as error:
            log.error("the embedded engine does not start: %s", error)
            return
        known = self._servers.get(EMBEDDED)
        if known and known.client.url == url:
            return
        self._servers[EMBEDDED] = Server(EMBEDDED, self._client(url), embedded=True)
        if known:
            known.client.close()


def _ages(files: Sequence[Path]) -> list[float]:
    return [file.stat().st_mtime if file.exists() else 0.0 for file in files]

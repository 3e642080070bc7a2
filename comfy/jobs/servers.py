"""The pool of ComfyUI servers: who is there, and what each of them can run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from comfy.client.http import ComfyClient
from comfy.errors import ServerError, StudioError
from comfy.jobs.embedded import EmbeddedEngine
from comfy.protocol import Nodes, ObjectInfo
from comfy.settings import Settings
from comfy.workflow.check import problems, resolve_models
from comfy.workflow.task import Task
from comfy.workflow.variant import Variant

log = logging.getLogger(__name__)

EVERY = 3.0  # seconds between two looks at a server
OBJECT_INFO_AGE = 300.0  # seconds after which models and nodes are asked for again
EMBEDDED = "embedded"
CLIENT_ID = "studio"  # the same everywhere: any replica may listen to any prompt


@dataclass(frozen=True)
class ServerState:
    """What the page's badge says of a server. `waiting` counts prompts in its own queue."""

    name: str
    online: bool
    embedded: bool
    waiting: int


@dataclass
class Server:
    """One server as the pool last saw it. Only the pool's thread writes."""

    name: str
    client: ComfyClient
    embedded: bool = False
    online: bool = False
    waiting: int = 0
    object_info: ObjectInfo = field(default_factory=dict)
    asked: float = 0.0  # time.monotonic() of the newest object_info
    ready: dict[str, Variant] = field(default_factory=dict)  # by task

    def look(self, tasks: Mapping[str, Task]) -> None:
        """Ask the server how it is; going away and coming back are written to the log."""
        was = self.online
        try:
            queue = self.client.queue(tries=1)
            self.waiting = len(queue.running) + len(queue.pending)
            if not was or time.monotonic() - self.asked > OBJECT_INFO_AGE:
                self._ask_abilities(tasks)
            self.online = True
        except StudioError as error:
            self.online = False
            if was:
                log.warning("server %s is away: %s", self.name, error)
        if self.online and not was:
            log.info("server %s is there, ready for: %s", self.name, ", ".join(self.ready) or "-")

    def _ask_abilities(self, tasks: Mapping[str, Task]) -> None:
        self.object_info = self.client.object_info()
        self.asked = time.monotonic()
        found = {name: self._first_possible(task) for name, task in tasks.items()}
        self.ready = {name: choice for name, choice in found.items() if choice}

    def in_its_words(self, nodes: Nodes, variant: Variant) -> Nodes:
        """The prompt with model files spelled as this server lists them."""
        return resolve_models(nodes, self.object_info, variant.alternatives)

    def _first_possible(self, task: Task) -> Variant | None:
        for variant in task.variants:
            nodes = self.in_its_words(variant.nodes, variant)
            wrong = problems(nodes, self.object_info, bound=variant.places)
            if not wrong:
                return variant
            log.debug("server %s cannot run %s: %s", self.name, variant.name, wrong)
        return None


class Servers:
    """Looks after all servers in one thread; the embedded engine is started and kept alive."""

    def __init__(self, settings: Settings, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._closing = threading.Event()
        self._engine: EmbeddedEngine | None = None
        self._engine_url = ""
        self._servers: dict[str, Server] = {}
        for index, url in enumerate(settings.servers):
            token = settings.tokens[index] if index < len(settings.tokens) else ""
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            name = f"{index + 1}"
            client = ComfyClient(url, client_id=CLIENT_ID, headers=headers)
            self._servers[name] = Server(name, client)
        if not settings.servers:
            self._engine = EmbeddedEngine(settings.data / "engine")
        self._thread = threading.Thread(target=self._run, name="servers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop looking, end the embedded engine, close all connections."""
        self._closing.set()
        self._thread.join(timeout=10)
        for server in self._servers.values():
            server.client.close()
        if self._engine:
            self._engine.stop()

    def get(self, name: str) -> Server | None:
        """The server of this name, if it can be reached now."""
        server = self._servers.get(name)
        return server if server and server.online else None

    def able(self, task: str) -> Sequence[str]:
        """Names of the servers that can run the task now, the best variant first."""
        found = [s for s in self._servers.values() if s.online and task in s.ready]
        return [s.name for s in sorted(found, key=lambda s: (s.ready[task].order, s.waiting))]

    def variant(self, task: str) -> Variant | None:
        """The variant that a job of this task would be run with now."""
        able = self.able(task)
        return self._servers[able[0]].ready[task] if able else None

    def states(self) -> list[ServerState]:
        return [ServerState(s.name, s.online, s.embedded, s.waiting) for s in self._all()]

    def _all(self) -> list[Server]:
        return list(self._servers.values())

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._engine:
                self._look_after(self._engine)
            for server in self._all():
                server.look(self._tasks)
            anyone = any(server.online for server in self._all())
            self._closing.wait(EVERY if anyone else 0.3)

    def _look_after(self, engine: EmbeddedEngine) -> None:
        try:
            url = engine.ensure()
        except ServerError as error:
            log.error("the embedded engine does not start: %s", error)
            return
        if url == self._engine_url:
            return
        self._engine_url = url
        if known := self._servers.get(EMBEDDED):
            known.client.close()
        client = ComfyClient(url, client_id=CLIENT_ID)
        self._servers[EMBEDDED] = Server(EMBEDDED, client, embedded=True)

"""One ComfyUI server as the pool last saw it: whether it is there, and what it can run."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from comfy.addresses import ServerAddress
from comfy.client.http import ComfyClient
from comfy.errors import StudioError
from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.check import problems, resolve_models
from comfy.workflow.problem import Problem
from comfy.workflow.task import Task
from comfy.workflow.variant import Variant

log = logging.getLogger(__name__)

SICK = 600.0  # seconds; who restarts it makes it well at once
OBJECT_INFO_AGE = 300.0  # seconds after which models and nodes are asked for again
Given = frozenset[str] | None  # what a variant must take: see Task.given; None for anything


@dataclass(frozen=True)
class Lack:
    """Why a task cannot be run: what is wrong with the variant that comes nearest."""

    variant: str
    problems: tuple[Problem, ...]

    @property
    def names(self) -> int:
        """How much it is: nodes and models count one by one."""
        counted = (p.details.get("nodes") or p.details.get("models") or [""] for p in self.problems)
        return sum(len(names) for names in counted)


@dataclass(frozen=True)
class ServerState:
    """What the page is told of a server: prompts in its own queue; by task, inputs it can use."""

    name: str
    online: bool
    embedded: bool
    waiting: int
    ready: tuple[str, ...] = ()
    lacks: Mapping[str, Lack] = field(default_factory=dict)
    offers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sick: bool = False


@dataclass
class Server:
    """One server as the pool last saw it. Only the server's own thread writes."""

    name: str
    client: ComfyClient
    embedded: bool = False
    online: bool = False
    looked: bool = False
    seen: float = field(default_factory=time.monotonic)  # its newest answer to a look
    back: float = 0.0  # time.monotonic() when it came, or came back
    prompts: tuple[str, ...] = ()  # those that it runs or that wait there, whoever's
    weight: float = 1.0
    tags: tuple[str, ...] = ()
    address: ServerAddress | None = None
    object_info: ObjectInfo = field(default_factory=dict)
    asked: float = 0.0  # time.monotonic() of the newest object_info
    ready: dict[str, tuple[Variant, ...]] = field(default_factory=dict)  # by task, best first
    lacks: dict[str, Lack] = field(default_factory=dict)  # by task that it cannot run
    stalled: float = -SICK  # when it last had a prompt and did not work on it

    def look(self, tasks: Mapping[str, Task]) -> None:
        """Ask the server how it is; going away and coming back are written to the log."""
        was = self.online
        try:
            queue = self.client.queue(tries=1)
            self.prompts = (*queue.running, *queue.pending)
            self.back = self.back if was else time.monotonic()
            self.stalled = self.stalled if was else -SICK
            if not was or time.monotonic() - self.asked > OBJECT_INFO_AGE:
                self._ask_abilities(tasks)
            self.online, self.seen = True, time.monotonic()
        except StudioError as error:
            self.online = False
            if was or not self.looked:
                log.warning("server %s cannot be used now: %s", self.name, error.code)
        self.looked = True
        if self.online and not was:
            log.info("server %s is there, ready for: %s", self.name, ", ".join(self.ready) or "-")

    @property
    def waiting(self) -> int:
        return len(self.prompts)

    def end(self, prompts: Collection[str]) -> None:
        """Take these off the server; those that it keeps are asked for again at the next look."""
        for prompt_id in prompts:
            log.warning("server %s has prompt %s no more: it runs elsewhere", self.name, prompt_id)
            try:
                self.client.cancel(prompt_id)
            except StudioError as error:
                log.info("server %s could not be told: %s", self.name, error.code)

    def _ask_abilities(self, tasks: Mapping[str, Task]) -> None:
        self.object_info = self.client.object_info()
        self.asked = time.monotonic()
        mine = {name: task for name, task in tasks.items() if self.takes(name, tasks)}
        found = {name: self.possible(task) for name, task in mine.items()}
        self.ready = {name: variants for name, (variants, _) in found.items() if variants}
        self.lacks = {name: lack for name, (_, lack) in found.items() if lack}

    def variant(self, task: str, wish: str = "", given: Given = None) -> Variant | None:
        """The variant that it would run: the wished one, else its best; None if it has none."""
        fitting = (v for v in self.ready.get(task, ()) if given in (None, v.takes))
        return next((v for v in fitting if wish in ("", v.name)), None)

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        return {name: frozenset().union(*(v.takes for v in vs)) for name, vs in self.ready.items()}

    @property
    def sick(self) -> bool:
        """Whether prompts are better sent to another server: this one takes them, but runs none."""
        return time.monotonic() - self.stalled < SICK

    def takes(self, task: str, tasks: Collection[str]) -> bool:
        """A server with the names of tasks among its tags runs only those."""
        named = [tag for tag in self.tags if tag in tasks]
        return not named or task in named

    def in_its_words(self, nodes: Nodes, variant: Variant) -> Nodes:
        """The prompt with model files spelled as this server lists them."""
        return resolve_models(nodes, self.object_info, variant.alternatives)

    def possible(self, task: Task) -> tuple[tuple[Variant, ...], Lack | None]:
        """The variants that it can run, or else what is in the way of the nearest one."""
        found, wrong = [], []
        for variant in task.variants:
            nodes = self.in_its_words(variant.nodes, variant)
            if known := problems(nodes, self.object_info, bound=variant.places):
                wrong.append((variant.quality, Lack(variant.name, tuple(known))))
            else:
                found.append(variant)
        if found or not wrong:
            return tuple(found), None
        log.warning("server %s cannot run %s", self.name, task.name)
        models = [pair for pair in wrong if pair[0] != "preview"] or wrong
        return (), min((lack for _, lack in models), key=lambda lack: lack.names)

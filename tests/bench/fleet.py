"""Rules of choice on simulated fleets: `python -m tests.bench.fleet`

A discrete-event model of 20, 200 and 2,000 GPU servers through a day of load that has the shape of
one: quiet at night, twice the mean at noon. Everybody asks for a picture, a voice, a video, or the
whole chain. Service times are drawn around the means below; they come from what operators report
of such workflows on 24 GB GPUs, not from a GPU of ours: an InfiniteTalk window of 81 frames is
3.24 s of speech. A server that ran another task last loads models first. Compared: round robin,
shortest queue, the warm server first, and our rule, which is comfy/jobs/choice.py itself, with one
and with two jobs per server.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean

from comfy.jobs.choice import Candidate, choose

LOADS = {"image": 25.0, "voice": 12.0, "video": 70.0}  # seconds to load the models
WORK = {"image": 20.0, "voice": 15.0}  # seconds
PER_WINDOW, WINDOW = 35.0, 3.24  # seconds of work for a window of so many seconds of speech
FILE = {"image": 2e6, "voice": 0.5e6}  # bytes of a result
BANDWIDTH = 10e6  # bytes a second
CHAINS = 0.5  # of the requests
BUSY = 0.42  # mean load of the fleet with warm models; at noon 0.8
DAY = 86_400.0
HOURS = {200: 6.0, 2000: 0.5}  # around noon; a whole day of a large fleet takes hours here
FRONT = 8  # jobs of the line that look for a server at a time
LOOK = 64  # servers that a rule looks at closely in a large fleet, the most promising


@dataclass
class Job:
    """`after` are the jobs whose results it needs; `work` seconds on a server of speed 1."""

    kind: str
    work: float
    created: float
    after: Sequence[Job] = ()
    server: int = -1
    ready: float = 0.0
    begun: float = 0.0
    ended: float = math.inf


@dataclass
class Server:
    number: int
    speed: float
    warm: str = ""
    queue: deque[Job] = field(default_factory=deque)
    free_at: float = 0.0  # when what it runs will have ended
    planned: str = ""  # what it will have run last when its queue is done
    ahead: float = 0.0  # seconds of work in its queue, not yet begun


@dataclass
class Result:
    waits: list[float]
    took: list[float]
    reloads: int
    moved: float
    done: int

    def figures(self) -> tuple[float, float, float, float, float]:
        """Median and 95th percentile of the waits (s), mean time from ready to done (s), reloads
        per 1,000 jobs, MB moved per job."""
        waits = sorted(self.waits)
        p50, p95 = (waits[int(len(waits) * part)] for part in (0.5, 0.95))
        each = self.reloads / self.done, self.moved / self.done
        return p50, p95, mean(self.took), 1000 * each[0], each[1] / 1e6


Rule = Callable[["Fleet", Job], int]


class Fleet:
    """Late assignment: jobs wait with us until a server has room for them."""

    def __init__(self, servers: int, hours: float, rule: Rule, depth: int, seed: int) -> None:
        self._dice = random.Random(seed)
        speeds = (1.0, 1.0, 0.6, 1.8)  # three kinds of GPU
        self.servers = [Server(n, speeds[n % 4]) for n in range(servers)]
        self.now = 0.0
        self.depth, self._rule = depth, rule
        self.turn = 0
        self._line: deque[Job] = deque()
        self._events: list[tuple[float, int, object]] = []
        self._count = 0
        self.result = Result([], [], 0, 0.0, 0)
        self._waiting_for: dict[int, list[Job]] = {}
        self._arrivals(hours * 3600)

    def run(self) -> Result:
        while self._events:
            self.now, _, what = heapq.heappop(self._events)
            if isinstance(what, Job):
                self._join_line(what)
            elif isinstance(what, Server):
                self._finish(what)
            self._assign()
        return self.result

    def room(self) -> list[Server]:
        """Servers that take one more: the idle ones, else those with room in their queue."""
        return [s for s in self.servers if self.load_of(s) < self.depth]

    def load_of(self, server: Server) -> int:
        return len(server.queue)

    # ------------------------------------------------------------------ load

    def _arrivals(self, until: float) -> None:
        mean = self._mean_work()
        capacity = sum(server.speed for server in self.servers)
        at = self.now = DAY / 2 - until / 2  # noon is in the middle
        end = at + until
        while at < end:
            shape = 1 - 0.9 * math.cos(2 * math.pi * at / DAY)  # 0.1 at midnight, 1.9 at noon
            at += self._dice.expovariate(BUSY * capacity / mean * shape)
            for job in self._request(at):
                if not job.after:
                    self._push(at, job)
                for other in job.after:
                    self._waiting_for.setdefault(id(other), []).append(job)

    def _mean_work(self) -> float:
        video = PER_WINDOW * 4.0
        single = (WORK["image"] + WORK["voice"] + video) / 3
        return CHAINS * (WORK["image"] + WORK["voice"] + video) + (1 - CHAINS) * single

    def _request(self, at: float) -> list[Job]:
        windows = 1 + min(20, int(self._dice.expovariate(1 / 3.0)))
        works = {k: w * self._dice.uniform(0.8, 1.2) for k, w in WORK.items()}
        works["video"] = windows * PER_WINDOW * self._dice.uniform(0.95, 1.05)
        if self._dice.random() < CHAINS:
            branches = [Job(kind, works[kind], at) for kind in ("image", "voice")]
            return [*branches, Job("video", works["video"], at, tuple(branches))]
        kind = self._dice.choice(("image", "voice", "video"))
        return [Job(kind, works[kind], at)]

    # ------------------------------------------------------------------ what happens

    def _push(self, at: float, what: object) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, what))

    def _assign(self) -> None:
        """The first few in line may each take a server: one that waits for a warm one blocks
        nobody behind it."""
        place = 0
        while place < min(len(self._line), FRONT):
            job = self._line[place]
            chosen = self._rule(self, job)
            if chosen < 0:
                place += 1
            else:
                del self._line[place]
                self._give(self.servers[chosen], job)

    def _join_line(self, job: Job) -> None:
        job.ready = self.now
        self._line.append(job)

    def _give(self, server: Server, job: Job) -> None:
        job.server = server.number
        server.queue.append(job)
        if len(server.queue) == 1:
            self._begin(server)
        else:
            server.ahead += job.work / server.speed
        server.planned = job.kind

    def _begin(self, server: Server) -> None:
        job = server.queue[0]
        job.begun = self.now
        moved = sum(FILE[j.kind] for j in job.after if j.server != server.number)
        self.result.moved += moved
        load = 0.0 if server.warm == job.kind else LOADS[job.kind]
        self.result.reloads += load > 0
        server.warm = job.kind
        server.free_at = self.now + moved / BANDWIDTH + (load + job.work) / server.speed
        self.result.waits.append(self.now - job.ready)
        self._push(server.free_at, server)

    def _finish(self, server: Server) -> None:
        job = server.queue.popleft()
        job.ended = self.now
        self.result.took.append(self.now - job.ready)
        self.result.done += 1
        for other in self._waiting_for.pop(id(job), ()):
            if all(branch.ended <= self.now for branch in other.after):
                self._join_line(other)
        if server.queue:
            server.ahead -= server.queue[0].work / server.speed
            self._begin(server)


def round_robin(fleet: Fleet, _job: Job) -> int:
    """The next one in order, whatever it does: each server has a queue of its own."""
    fleet.turn += 1
    return fleet.turn % len(fleet.servers)


def shortest_queue(fleet: Fleet, _job: Job) -> int:
    return min(fleet.servers, key=lambda s: (fleet.load_of(s), s.number)).number


def warm_first(fleet: Fleet, job: Job) -> int:
    room = fleet.room()
    best = min(room, key=lambda s: (fleet.load_of(s), s.planned != job.kind), default=None)
    return best.number if best else -1


def ours(fleet: Fleet, job: Job) -> int:
    """comfy.jobs.choice, given what the studio would have measured: mean times per server."""
    found = heapq.nsmallest(
        LOOK, fleet.servers, key=lambda s: (_wait(fleet, s), s.planned != job.kind)
    )
    means = {**WORK, "video": PER_WINDOW * 4.0}
    candidates = [
        Candidate(
            str(s.number),
            ahead=_wait(fleet, s),
            load=0.0 if s.planned == job.kind else LOADS[job.kind] / s.speed,
            move=sum(FILE[j.kind] / BANDWIDTH for j in job.after if j.server != s.number),
            work=means[job.kind] / s.speed,
            full=fleet.load_of(s) >= fleet.depth,
        )
        for s in found
    ]
    return int(choose(candidates, waited=fleet.now - job.ready) or -1)


def _wait(fleet: Fleet, server: Server) -> float:
    running = max(0.0, server.free_at - fleet.now) if server.queue else 0.0
    return running + server.ahead


RULES: dict[str, tuple[Rule, int]] = {
    "round robin": (round_robin, 10**9),
    "shortest queue": (shortest_queue, 10**9),
    "warm first, 1 per server": (warm_first, 1),
    "ours, 1 per server": (ours, 1),
    "ours, 2 per server": (ours, 2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, nargs="*", default=[20, 200, 2000])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    print("means over the seeds, and the range of p95")
    print("servers | rule | wait p50 s | p95 s | done in s | reloads per 1,000 | MB moved per job")
    for servers in given.servers:
        for name, (rule, depth) in RULES.items():
            hours = min(given.hours, HOURS.get(servers, given.hours))
            runs = [
                Fleet(servers, hours, rule, depth, seed + 1).run().figures()
                for seed in range(given.seeds)
            ]
            p50, p95, took, reloads, moved = map(mean, zip(*runs, strict=True))
            lowest, highest = min(run[1] for run in runs), max(run[1] for run in runs)
            print(
                f"{servers} | {name} | {p50:.1f} | {p95:.0f} ({lowest:.0f} to {highest:.0f}) | "
                f"{took:.0f} | {reloads:.0f} | {moved:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Metrics for Prometheus, and whether this replica lives and is ready."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from comfy.jobs.counts import Counts
from comfy.jobs.operator import Operator, Overview
from comfy.jobs.server import ServerState

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
PATIENT = 1.0  # seconds that a scrape waits for the database


class Source(Protocol):
    """What the studio is asked for."""

    operator: Operator
    counts: Counts

    def servers(self) -> list[ServerState]:
        """How each server is, as this replica sees it."""

    def is_ready(self) -> bool:
        """Whether pages can be served."""


class Vitals:
    """Answers the three paths, whatever is away. A scrape costs a few counts in the database."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._lock = threading.Lock()
        self._asked: Future[Overview] | None = None

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body; a healthy process answers /healthz, that is all."""
        if path == "/metrics":
            counted = generate_latest(self._source.counts.registry)
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry) + counted
        if path == "/readyz" and not self._source.is_ready():
            return 503, TEXT, b"not ready\n"
        return 200, TEXT, b"ok\n"

    def collect(self) -> Iterator[Metric]:
        """The collector's method of prometheus_client."""
        servers, seen = self._source.servers(), self._look()
        ready = float(self._source.is_ready())
        yield GaugeMetricFamily("comfy_ready", "1 if this replica takes requests", value=ready)
        yield GaugeMetricFamily(
            "comfy_database_up",
            f"1 if the database answered within {PATIENT:.0f} s; else it is not told what it knows",
            value=float(seen is not None),
        )
        up = GaugeMetricFamily("comfy_server_up", "1 if the server answers", labels=["server"])
        queue = GaugeMetricFamily("comfy_server_queue", "Prompts at the server", labels=["server"])
        for server in servers:
            up.add_metric([server.name], float(server.online))
            queue.add_metric([server.name], server.waiting)
        yield from (up, queue)
        if seen:
            yield from _of_all(seen, servers)

    def _look(self) -> Overview | None:
        """What the database says; None if it takes too long. Only one look waits for it."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                arguments = (self._asked, self._source.operator)
                threading.Thread(target=_ask, args=arguments, name="metrics", daemon=True).start()
            asked = self._asked
        try:
            return asked.result(PATIENT)
        except TimeoutError:
            return None
        except Exception as error:  # the border of a scrape: the database is closed, or broken
            log.warning("the database cannot be asked for metrics: %s", type(error).__name__)
            return None


def _ask(answer: Future[Overview], operator: Operator) -> None:
    try:
        answer.set_result(operator.look(most=0))
    except Exception as error:
        answer.set_exception(error)


def _of_all(seen: Overview, servers: list[ServerState]) -> Iterator[Metric]:
    """What is the same, whichever replica is asked."""
    jobs = GaugeMetricFamily("comfy_jobs", "Jobs in the database", labels=["status", "task"])
    for (status, task), count in sorted(seen.counts.items()):
        jobs.add_metric([status, task], count)
    yield jobs
    living = len(seen.replicas)
    yield GaugeMetricFamily("comfy_replicas", "Replicas and workers that live", value=living)
    leases = GaugeMetricFamily("comfy_server_leases", "Our jobs at it", labels=["server"])
    drained = GaugeMetricFamily("comfy_server_drained", "1 if drained", labels=["server"])
    for server in servers:
        leases.add_metric([server.name], seen.busy.get(server.name, 0))
        known = seen.servers.get(server.name)
        drained.add_metric([server.name], float(bool(known and known.drained)))
    yield from (leases, drained)
    seconds = GaugeMetricFamily(
        "comfy_server_seconds",
        "Mean of a job's newest runs, in seconds; cold: models were loaded first",
        labels=["server", "models", "kind"],
    )
    for name, known in sorted(seen.servers.items()):
        for key, value in known.means.items():
            models, _, kind = key.partition(" ")
            seconds.add_metric([name, models, kind], value)
    yield seconds

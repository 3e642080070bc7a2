"""Metrics for Prometheus, and whether this replica lives and is ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from comfy.jobs.operator import Operator
from comfy.jobs.server import ServerState

TEXT = "text/plain; charset=utf-8"
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class Source(Protocol):
    """What the studio is asked for."""

    operator: Operator

    def servers(self) -> list[ServerState]:
        """How each server is, as this replica sees it."""

    def is_ready(self) -> bool:
        """Whether pages can be served."""


class Vitals:
    """Answers the three paths. A scrape costs a few counts in the database."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body; a healthy process answers /healthz, that is all."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/readyz" and not self._source.is_ready():
            return 503, TEXT, b"not ready\n"
        return 200, TEXT, b"ok\n"

    def collect(self) -> Iterator[Metric]:
        """The collector's method of prometheus_client."""
        seen = self._source.operator.look()
        jobs = GaugeMetricFamily("comfy_jobs", "Jobs in the store", labels=["status", "task"])
        for (status, task), count in sorted(seen.counts.items()):
            jobs.add_metric([status, task], count)
        yield jobs
        replicas = GaugeMetricFamily("comfy_replicas", "Replicas and workers that live")
        replicas.add_metric([], len(seen.replicas))
        yield replicas
        up = GaugeMetricFamily("comfy_server_up", "1 if the server answers", labels=["server"])
        queue = GaugeMetricFamily("comfy_server_queue", "Prompts at the server", labels=["server"])
        leases = GaugeMetricFamily("comfy_server_leases", "Our jobs at it", labels=["server"])
        drained = GaugeMetricFamily("comfy_server_drained", "1 if drained", labels=["server"])
        for server in self._source.servers():
            up.add_metric([server.name], float(server.online))
            queue.add_metric([server.name], server.waiting)
            leases.add_metric([server.name], seen.busy.get(server.name, 0))
            known = seen.servers.get(server.name)
            drained.add_metric([server.name], float(bool(known and known.drained)))
        yield from (up, queue, leases, drained)
        seconds = GaugeMetricFamily(
            "comfy_server_seconds",
            "Mean of a job's seconds; cold: models were loaded first",
            labels=["server", "models", "kind"],
        )
        for name, known in sorted(seen.servers.items()):
            for key, value in known.means.items():
                models, _, kind = key.partition(" ")
                seconds.add_metric([name, models, kind], value)
        yield seconds

"""What this process has brought to an end, as counters for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, Summary

from comfy.jobs.job import COMPLETED, Job

BUCKETS = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, float("inf"))  # seconds


class Counts:
    """They start at 0 with each process, as Prometheus wants it; its server adds replicas up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._ended = Counter(
            "comfy_jobs_ended",
            "Jobs that this process brought to their end",
            ["task", "status"],
            registry=self.registry,
        )
        self._waited = Histogram(
            "comfy_job_wait_seconds",
            "From the submit of a job until its server began with it",
            ["task"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._took = Histogram(
            "comfy_job_seconds",
            "From the submit of a job until its result was there",
            ["task"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._ran = Summary(
            "comfy_server_run_seconds",
            "From the begin of a job on its server until its result was here",
            ["server", "task"],
            registry=self.registry,
        )

    def end(self, job: Job) -> None:
        """Count a finished job; times only of those that have a result."""
        self._ended.labels(job.task, job.status).inc()
        if job.status != COMPLETED:
            return
        self._took.labels(job.task).observe(max(0.0, job.ended - job.created))
        if job.started:
            self._waited.labels(job.task).observe(max(0.0, job.started - job.created))
        if job.started and job.server:
            run = max(0.0, job.ended - job.started)
            self._ran.labels(job.server, job.task).observe(run)

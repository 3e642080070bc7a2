"""/metrics, /healthz and /readyz, whatever is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import requests

from comfy.jobs.job import CANCELLED
from comfy.jobs.monitor import start_monitor
from comfy.jobs.vitals import Vitals
from tests.conftest import EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.rig import Rig, wait_for
from tests.postgres import Postgres, needs_postgres

SOON = 10.0  # seconds; about one where the machine has nothing else to do


@contextmanager
def monitored(rig: Rig) -> Iterator[Callable[[str], requests.Response]]:
    """Asks for a path over HTTP; every answer comes soon."""
    monitor = start_monitor(Vitals(rig.studio), "127.0.0.1", 0)

    def ask(path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{monitor.server_port}{path}", timeout=SOON)

    try:
        yield ask
    finally:
        monitor.shutdown()
        monitor.server_close()
        if rig.studio.is_ready():
            rig.close()


def figures(answer: requests.Response) -> dict[str, float]:
    """What /metrics says, by name and labels."""
    lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_is_counted(tmp_path: Path, start_engine: Callable[[], EngineProcess]) -> None:
    rig = Rig(tmp_path, start_engine().url, patience=replace(WATCHFUL, beat=0.3))
    with monitored(rig) as ask:
        rig.ready()
        rig.finished(rig.submit())
        given_up = rig.submit(seconds=30)
        wait_for(lambda: rig.now(given_up).progress)
        rig.studio.cancel(given_up.id)
        ended = 'comfy_jobs_ended_total{status="%s",task="%s"}'
        cancelled = ended % (CANCELLED, "nap")
        wait_for(lambda: cancelled in figures(ask("/metrics")))
        told = figures(ask("/metrics"))
        assert ask("/metrics").headers["content-type"].startswith("text/plain; version=")
    assert told[cancelled] == told[ended % ("completed", "invert")] == 1
    assert told['comfy_jobs{status="completed",task="invert"}'] == 1
    assert told['comfy_job_seconds_count{task="invert"}'] == 1
    waited = told['comfy_job_wait_seconds_sum{task="invert"}']
    ran = told['comfy_server_run_seconds_sum{server="1",task="invert"}']
    assert 0 < waited + ran <= told['comfy_job_seconds_sum{task="invert"}'] + 0.001
    assert told['comfy_server_up{server="1"}'] == told["comfy_replicas"] == 1
    assert told["process_cpu_seconds_total"] > 0


def test_no_server_and_draining(tmp_path: Path, start_engine: Callable[[], EngineProcess]) -> None:
    engine = start_engine()
    rig = Rig(tmp_path, engine.url, patience=WATCHFUL)
    with monitored(rig) as ask:
        rig.ready()
        assert (ask("/healthz").text, ask("/readyz").status_code) == ("ok\n", 200)
        assert ask("/other").status_code == 404
        engine.kill()
        wait_for(lambda: figures(ask("/metrics"))['comfy_server_up{server="1"}'] == 0)
        assert figures(ask("/metrics"))["comfy_ready"] == 1
        # the other replicas lack the server as well: a page that waits is better than none
        assert (ask("/healthz").status_code, ask("/readyz").status_code) == (200, 200)
        rig.close()
        assert (ask("/healthz").status_code, ask("/readyz").status_code) == (200, 503)
        assert figures(ask("/metrics"))["comfy_ready"] == 0


@needs_postgres
def test_the_database_is_away(tmp_path: Path, start_engine: Callable[[], EngineProcess]) -> None:
    postgres = Postgres()
    postgres.start()
    rig = Rig(tmp_path, start_engine().url, patience=WATCHFUL, database=postgres.url)
    with monitored(rig) as ask:
        rig.ready()
        assert figures(ask("/metrics"))["comfy_database_up"] == 1
        postgres.kill()
        began = time.monotonic()
        told = [figures(ask("/metrics")) for _ in range(2)]  # one look waits, however many ask
        assert time.monotonic() - began < SOON
        assert {t["comfy_database_up"] for t in told} == {0}
        assert told[0]['comfy_server_up{server="1"}'] == 1
        assert "comfy_replicas" not in told[0]
        assert (ask("/healthz").status_code, ask("/readyz").status_code) == (200, 200)
        assert rig.studio.database_away  # the page says so, too
        postgres.start()
        wait_for(lambda: figures(ask("/metrics"))["comfy_database_up"])
        wait_for(lambda: not rig.studio.database_away)
    postgres.close()

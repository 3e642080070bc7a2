"""What an operator sees and does, on the command line and on the page; metrics and health."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import requests

from comfy import status
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED
from comfy.jobs.monitor import start_monitor
from comfy.jobs.vitals import Vitals
from comfy.ui.operator_page import OperatorPage
from comfy.ui.visitor import ANONYMOUS, HEADER, Visitor
from tests.conftest import EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.rig import Rig, wait_for


@pytest.fixture
def rig(tmp_path: Path, start_engine: Callable[[], EngineProcess]):
    opened = Rig(tmp_path, start_engine().url, patience=replace(WATCHFUL, beat=0.3))
    opened.ready()
    yield opened
    opened.close()


def ask(rig: Rig, method: str, form: str = "", *, operator: bool = True) -> tuple[int, str]:
    """One request to the page, as it comes from the door."""
    visitor = Visitor(ANONYMOUS, "", "", operator=operator)
    headers = [(HEADER, visitor.to_header()), (b"accept-language", b"en")]
    scope = {"type": "http", "method": method, "path": "/operator", "headers": headers}
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": form.encode()}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def call() -> None:
        await OperatorPage(None, rig.studio)(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(call)
    return int(sent[0]["status"]), b"".join(m.get("body", b"") for m in sent[1:]).decode()


def test_an_operator_sees_and_changes_what_goes_on(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(rig, "GET", operator=False)[0] == 403
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).progress)
    code, page = ask(rig, "GET")
    assert (code, job.id[:8] in page) == (200, True)
    told = ["--data", str(rig.data), "--servers", rig.studio.settings.servers[0].url]
    assert status.main(["show", *told]) == 0
    shown = capsys.readouterr().out
    assert f"{job.id[:8]} nap in_progress" in shown
    assert re.search(r"  1: Online; .* 1; ", shown)
    assert ask(rig, "POST", f"act=cancel&name={job.id}")[0] == 303
    assert rig.finished(job).status == CANCELLED
    wait_for(lambda: not rig.leases())
    assert status.main(["drain", "1", *told]) == 0
    waiting = rig.submit()
    wait_for(lambda: rig.now(waiting).phase == "line")
    assert status.main(["first", waiting.id[:8], *told]) == 0
    assert rig.now(waiting).priority == 1
    assert "Drained" in ask(rig, "GET")[1]
    assert ask(rig, "POST", "act=undrain&name=1")[0] == 303
    assert rig.finished(waiting).status == COMPLETED
    assert status.main(["cancel", waiting.id[:8], *told]) == 1  # it has ended


def test_a_failed_job_is_done_once_more(rig: Rig) -> None:
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).progress)
    rig.studio.cancel(job.id)
    wait_for(lambda: not rig.leases())
    assert ask(rig, "POST", f"act=retry&name={job.id}")[0] == 303
    again = [j for j in rig.studio.recent(job.owner) if j.id != job.id]
    assert [(j.values, j.asked) for j in again] == [(rig.now(job).values, True)]
    wait_for(lambda: rig.now(again[0]).progress)
    rig.studio.cancel(again[0].id)
    assert rig.studio.operator.retry("no such job") is None
    assert FAILED not in {j.status for j in again}


def test_metrics_and_health(rig: Rig) -> None:
    rig.finished(rig.submit())
    monitor = start_monitor(Vitals(rig.studio), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{monitor.server_port}"
    try:
        assert requests.get(f"{url}/healthz", timeout=5).text == "ok\n"
        assert requests.get(f"{url}/readyz", timeout=5).status_code == 200
        assert requests.get(f"{url}/other", timeout=5).status_code == 404
        lines = requests.get(f"{url}/metrics", timeout=5).text.splitlines()
        assert 'comfy_jobs{status="completed",task="invert"} 1.0' in lines
        assert 'comfy_server_up{server="1"} 1.0' in lines
        assert "comfy_replicas 1.0" in lines
    finally:
        monitor.shutdown()
        monitor.server_close()

"""What an operator sees and does, on the command line and on the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from comfy import status
from comfy.client.http import ComfyClient
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED
from comfy.jobs.server import Server, ServerState
from comfy.jobs.studio import WORKFLOWS
from comfy.overview import Telling
from comfy.ui.operator_page import OperatorPage
from comfy.ui.visitor import ANONYMOUS, HEADER, Visitor
from comfy.workflow.task import load_tasks
from tests.conftest import ROOT, EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.rig import Rig, wait_for


@pytest.fixture
def rig(tmp_path: Path, start_engine: Callable[[], EngineProcess]):
    opened = Rig(tmp_path, start_engine().url, patience=replace(WATCHFUL, beat=0.3))
    opened.ready()
    yield opened
    opened.close()


def ask(
    rig: Rig, method: str, form: str = "", *, operator: bool = True, query: str = ""
) -> tuple[int, str]:
    """One request to the page, as it comes from the door; where it leads, or else what it shows."""
    visitor = Visitor(ANONYMOUS, "", "", operator=operator)
    headers = [(HEADER, visitor.to_header()), (b"accept-language", b"en")]
    scope = {"type": "http", "method": method, "path": "/operator", "headers": headers}
    scope["query_string"] = query.encode()
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": form.encode()}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def call() -> None:
        await OperatorPage(None, rig.studio)(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(call)
    leads = dict(sent[0]["headers"]).get(b"location", b"")  # type: ignore[call-overload]
    body = b"".join(m.get("body", b"") for m in sent[1:])
    return int(sent[0]["status"]), (leads or body).decode()


def told(rig: Rig, form: str) -> str:
    """What the page says after an act."""
    code, leads = ask(rig, "POST", form)
    assert code == 303
    shown = ask(rig, "GET", query=leads.partition("?")[2])[1]
    return re.findall(r'<p class="told" role="status">(.*?)</p>', shown)[0]


def test_an_operator_sees_and_changes_what_goes_on(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(rig, "GET", operator=False)[0] == 403
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).progress)
    code, page = ask(rig, "GET")
    assert (code, job.id[:8] in page) == (200, True)
    given = ["--data", str(rig.data), "--servers", rig.studio.settings.servers[0].url]
    assert status.main(given) == 0
    shown = capsys.readouterr().out
    assert f"{job.id[:8]}  nap  Working on it" in shown
    assert re.search(r"  1: Online\n    Its queue / our jobs: 1 / 1\n", shown)
    assert told(rig, f"act=cancel&name={job.id}") == f"Job {job.id[:8]} is cancelled."
    assert rig.finished(job).status == CANCELLED
    wait_for(lambda: not rig.leases())
    assert status.main(["drain", "1", *given]) == 0
    assert status.main(["drain", "2", *given]) == 1  # there is none
    assert capsys.readouterr().out.endswith("There is no server of this name.\n")
    waiting = rig.submit()
    wait_for(lambda: rig.now(waiting).phase == "line")
    assert status.main(["first", waiting.id[:8], *given]) == 0
    assert rig.now(waiting).priority == 1
    assert "Drained" in ask(rig, "GET")[1]
    assert told(rig, "act=drain&name=2") == "There is no server of this name."
    assert told(rig, "act=undrain&name=1") == "Server 1 gets jobs again."
    assert rig.finished(waiting).status == COMPLETED
    assert status.main(["cancel", waiting.id[:8], *given]) == 1  # it has ended
    assert told(rig, f"act=cancel&name={waiting.id}").startswith("There is no such job")


def test_a_failed_job_is_done_once_more(rig: Rig) -> None:
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).progress)
    rig.studio.cancel(job.id)
    wait_for(lambda: not rig.leases())
    assert told(rig, f"act=retry&name={job.id}") == f"Job {job.id[:8]} is done once more."
    again = [j for j in rig.studio.recent(job.owner) if j.id != job.id]
    assert [(j.values, j.asked) for j in again] == [(rig.now(job).values, True)]
    wait_for(lambda: rig.now(again[0]).progress)
    rig.studio.cancel(again[0].id)
    assert rig.studio.operator.retry("no such job") is None
    assert FAILED not in {j.status for j in again}


def test_what_a_server_misses_is_named() -> None:
    """Of a ComfyUI without packs: the nodes of the variant that comes nearest."""
    server = Server("one", ComfyClient("http://127.0.0.1:9", client_id="x"))
    recorded = json.loads((ROOT / "tests/data/object_info/comfyui-0.8.0.json").read_text("utf-8"))
    server.object_info = {name: node for name, node in recorded.items() if "Index" not in name}
    ready, lack = server.possible(load_tasks(WORKFLOWS)["voice_clone"])
    assert lack and not ready
    state = ServerState("one", True, False, 0, lacks={"voice_clone": lack})
    assert list(Telling("en").lacks(state)) == [
        "Voice: IndexTTS2Run, MultiLinePromptIndex (IndexTTS2)"
    ]
    assert list(Telling("zh").lacks(state)) == [
        "声音克隆：缺 IndexTTS2Run, MultiLinePromptIndex（IndexTTS2）"
    ]

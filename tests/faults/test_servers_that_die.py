"""The server is killed, empty, late or gone while a job needs it: the job ends well anyway."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from comfy.errors import StudioError
from comfy.jobs.embedded import EmbeddedEngine
from comfy.jobs.job import COMPLETED, FAILED, IN_PROGRESS, WAITING
from comfy.jobs.studio import Studio
from comfy.settings import Settings
from comfy.workflow.task import load_tasks
from tests.app_process import free_port
from tests.conftest import EngineProcess
from tests.faults.conftest import WATCHFUL
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig, runs, shows, wait_for

OpenRig = Callable[..., Rig]
StartEngine = Callable[..., EngineProcess]


def test_a_server_that_comes_up_after_the_job_was_given(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    port = free_port()
    rig = open_rig(f"http://127.0.0.1:{port}", patience=WATCHFUL)
    job = rig.submit()
    wait_for(lambda: rig.now(job).phase == "server")
    assert rig.now(job).status == WAITING
    start_engine(port=port)
    assert rig.finished(job).status == COMPLETED


@pytest.mark.parametrize("phase", ["waits", "runs"])
def test_a_server_killed_while_the_job_waits_or_runs(
    open_rig: OpenRig, start_engine: StartEngine, phase: str
) -> None:
    engine = start_engine()
    rig = open_rig(engine.url, patience=WATCHFUL)
    rig.ready()
    first = rig.submit(seconds=2.0)
    wait_for(lambda: rig.now(first).status == IN_PROGRESS)
    second = rig.submit(seconds=0.1)
    wait_for(lambda: rig.now(second).place == 1)
    watched = second if phase == "waits" else first
    engine.kill()
    time.sleep(0.5)
    engine.start()
    done = rig.finished(watched)
    assert (done.status, done.error) == (COMPLETED, {})
    assert done.again == 1 or phase == "waits"  # what did not run is not suspected of the crash
    assert shows(done, rig.picture, inverted=True)
    assert runs(engine.folder, done) == 1


def test_a_server_killed_when_the_job_was_done_but_not_fetched(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    """It has forgotten the prompt, but not the file, so nothing runs twice."""
    engine = start_engine()
    proxy = FaultProxy(engine.url)
    rig = open_rig(proxy.url, patience=WATCHFUL)
    rig.ready()

    def kill(_method: str, path: str) -> None:
        if path.startswith("/history"):  # the first question is asked when the job is done
            proxy.before(lambda *_: None)
            wait_for(lambda: runs(engine.folder, job) == 1)
            engine.kill()
            engine.start()

    job = rig.submit(seconds=0.5)
    proxy.before(kill)
    done = rig.finished(job)
    assert (done.status, done.again) == (COMPLETED, 0)
    assert shows(done, rig.picture, inverted=True)
    assert runs(engine.folder, done) == 1
    proxy.close()


@pytest.mark.parametrize("away", [3.0, 0.3])
def test_a_job_that_kills_its_server_each_time_is_not_tried_for_ever(
    open_rig: OpenRig, start_engine: StartEngine, away: float
) -> None:
    """Also if the server takes longer to come back than a job waits for it."""
    engine = start_engine()
    rig = open_rig(engine.url, patience=replace(WATCHFUL, away=away))
    rig.ready()
    poison = rig.submit(seconds=60)
    for _ in range(3):
        wait_for(lambda: rig.now(poison).status == IN_PROGRESS)
        engine.kill()
        engine.start()
        wait_for(lambda: rig.now(poison).status != IN_PROGRESS)
    done = rig.finished(poison)
    assert (done.status, done.error) == (FAILED, {"code": "prompt_lost", "details": {}})
    assert rig.leases() == []
    assert rig.finished(rig.submit()).status == COMPLETED


def test_a_dead_server_s_job_goes_to_another_one(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    engines = {"1": start_engine(), "2": start_engine()}
    rig = open_rig(*(engine.url for engine in engines.values()), patience=WATCHFUL)
    rig.ready()
    job = rig.submit(seconds=1.5)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    died = rig.now(job).server
    engines[died].kill()
    began = time.monotonic()
    done = rig.finished(job)
    assert (done.status, done.server) == (COMPLETED, "2" if died == "1" else "1")
    assert time.monotonic() - began < WATCHFUL.away + 20  # it waits no two minutes for the dead one
    assert shows(done, rig.picture, inverted=True)


def test_jobs_leave_a_server_whose_worker_died(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    """It answers everything and runs nothing: the first job finds out, the next ones know."""
    engines = {"1": start_engine(), "2": start_engine()}
    rig = open_rig(*(engine.url for engine in engines.values()), patience=WATCHFUL)
    rig.ready()
    dead = rig.finished(rig.submit()).server
    well = "2" if dead == "1" else "1"
    engines[dead].fault(dead_worker=True)
    busy = rig.submit(seconds=1.0)
    wait_for(lambda: rig.now(busy).server)
    others = [rig.finished(rig.submit()) for _ in range(3)]
    jobs = [rig.finished(busy), *others]
    assert [(job.status, job.server) for job in jobs] == [(COMPLETED, well)] * 4
    assert sum(job.again for job in jobs) == 1


def test_a_linked_file_is_carried_to_another_server(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    engines = {"1": start_engine(), "2": start_engine()}
    rig = open_rig(*(engine.url for engine in engines.values()), patience=WATCHFUL)
    rig.ready()
    first = rig.finished(rig.submit())
    engines[first.server].kill()
    second = rig.finished(rig.submit(first))
    assert (second.status, second.server != first.server) == (COMPLETED, True)
    assert shows(second, rig.picture, inverted=False)


def test_a_server_that_vanished_from_the_configuration(
    open_rig: OpenRig, start_engine: StartEngine, tmp_path: Path
) -> None:
    engines = {"1": start_engine(), "2": start_engine()}
    rig = open_rig(*(engine.url for engine in engines.values()), patience=WATCHFUL)
    rig.ready()
    jobs = [rig.submit(seconds=1.5 + n / 100) for n in range(2)]
    wait_for(lambda: {rig.now(job).server for job in jobs} == {"1", "2"})
    rig.close()
    engines["2"].kill()
    settings = Settings.load(["--data", str(rig.data), "--servers", engines["1"].url], {})
    studio = Studio(settings, tmp_path / "workflows", WATCHFUL)
    studio.start()
    rig.studio = studio
    assert [rig.finished(job).status for job in jobs] == [COMPLETED] * 2
    assert {rig.now(job).server for job in jobs} == {"1"}


def test_the_embedded_engine_is_started_again_and_the_job_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_rig: OpenRig
) -> None:
    monkeypatch.setenv("COMFY_ENGINE_FAULTS", "1")  # for the node that naps
    rig = open_rig(patience=WATCHFUL)
    rig.ready()
    job = rig.submit(seconds=1.0)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    state = (tmp_path / "data/engine/engine.json").read_text()
    os.kill(int(state.split('"pid": ')[1].split(",")[0].rstrip("}")), signal.SIGKILL)
    began = time.monotonic()
    done = rig.finished(job)
    assert (done.status, done.again) == (COMPLETED, 1)
    assert time.monotonic() - began < 40


def test_an_embedded_engine_keeps_its_port(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    before = engine.ensure()
    engine.stop()
    assert engine.ensure() == before
    engine.stop()


def test_two_studios_on_one_data_folder_are_refused_in_words(rig: Rig) -> None:
    with pytest.raises(StudioError) as caught:
        Studio(Settings.load(["--data", str(rig.data)], {}))
    assert (caught.value.code, caught.value.details) == ("data_in_use", {"folder": "data"})
    assert rig.finished(rig.submit()).status == COMPLETED
    assert load_tasks(rig.data.parent / "workflows").keys() == {"invert", "nap"}


def test_a_server_that_comes_back_does_not_go_on_with_what_another_one_has(
    open_rig: OpenRig, start_engine: StartEngine
) -> None:
    frozen, other = start_engine(), start_engine()
    rig = open_rig(frozen.url, other.url, patience=WATCHFUL)
    rig.ready()
    job = rig.submit(seconds=60.0)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    engines = {"1": frozen, "2": other}
    first, second = engines.pop(rig.now(job).server), *engines.values()
    os.kill(first.pid, signal.SIGSTOP)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS and _works(second))
    os.kill(first.pid, signal.SIGCONT)
    wait_for(lambda: not _works(first))
    assert rig.now(job).status == IN_PROGRESS
    rig.studio.cancel(job.id)


def _works(engine: EngineProcess) -> bool:
    return any(requests.get(f"{engine.url}/queue", timeout=10).json().values())

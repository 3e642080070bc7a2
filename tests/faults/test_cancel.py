"""Cancel in every phase: the job ends, nothing stays on the server, others are not touched."""

import time
import uuid

import pytest
import requests

from comfy.jobs.job import CANCELLED, COMPLETED, IN_PROGRESS, PENDING, Job
from tests.conftest import EngineProcess
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig, runs, wait_for


def of_somebody_else(engine: EngineProcess, seconds: float) -> str:
    """A prompt that was not sent by the studio."""
    prompt_id = uuid.uuid4().hex
    nodes = {"1": {"class_type": "EngineSleep", "inputs": {"seconds": seconds}}}
    body = {"prompt": nodes, "prompt_id": prompt_id}
    assert requests.post(f"{engine.url}/prompt", json=body, timeout=5).status_code == 200
    return prompt_id


def on_server(engine: EngineProcess) -> list[str]:
    """The prompts that wait or run there."""
    queue = requests.get(f"{engine.url}/queue", timeout=5).json()
    return [entry[1] for entry in queue["queue_running"] + queue["queue_pending"]]


def has_succeeded(engine: EngineProcess, prompt_id: str) -> bool:
    entry = requests.get(f"{engine.url}/history/{prompt_id}", timeout=5).json().get(prompt_id)
    return bool(entry) and entry["status"]["status_str"] == "success"


def cancelled(rig: Rig, job: Job) -> None:
    """Cancel it; at once it is cancelled, and soon its server is given back."""
    rig.studio.cancel(job.id)
    assert rig.now(job).status == CANCELLED
    wait_for(lambda: job.id not in rig.leases())
    assert not (rig.data / "outputs" / job.id).exists()


def test_while_it_waits_for_links(rig: Rig, engine: EngineProcess) -> None:
    first = rig.submit(seconds=1.0)
    second = rig.submit(first)
    third = rig.submit(first)
    wait_for(lambda: rig.now(second).phase == "links")
    cancelled(rig, second)
    assert rig.finished(third).status == COMPLETED  # the link was also meant for this one
    assert runs(engine.folder, second) == 0


def test_while_it_stands_in_line(rig: Rig, engine: EngineProcess) -> None:
    before = [rig.submit(seconds=1.0 + n / 100) for n in range(2)]
    wait_for(lambda: len(rig.leases()) == 2)
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).phase == "line")
    cancelled(rig, job)
    assert [rig.finished(other).status for other in before] == [COMPLETED] * 2
    assert runs(engine.folder, job) == 0


@pytest.mark.parametrize("path", ["/upload", "/ws", "/prompt"])
def test_while_it_is_uploaded_and_sent(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess, path: str
) -> None:
    proxy.choose(lambda _n, _m, asked: "delay" if asked.startswith(path) else "")
    other = of_somebody_else(engine, 1.5)
    job = rig.submit(seconds=30)
    wait_for(lambda: any(x.path.startswith(path) for x in proxy.exchanges))
    cancelled(rig, job)
    wait_for(lambda: on_server(engine) in ([other], []))
    wait_for(lambda: has_succeeded(engine, other))
    assert job.id not in on_server(engine)


def test_while_it_waits_on_the_server(rig: Rig, engine: EngineProcess) -> None:
    other = of_somebody_else(engine, 30)
    wait_for(lambda: on_server(engine) == [other])
    job = rig.submit(seconds=30)
    wait_for(lambda: (rig.now(job).status, rig.now(job).place) == (PENDING, 1))
    cancelled(rig, job)
    wait_for(lambda: job.id not in on_server(engine))
    assert on_server(engine) == [other]
    requests.post(f"{engine.url}/interrupt", json={"prompt_id": other}, timeout=5)


def test_while_it_runs(rig: Rig, engine: EngineProcess) -> None:
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    other = of_somebody_else(engine, 0.5)
    began = time.monotonic()
    cancelled(rig, job)
    assert time.monotonic() - began < 20
    wait_for(lambda: has_succeeded(engine, other))
    assert runs(engine.folder, job) == 0


def test_while_its_result_is_downloaded(rig: Rig, proxy: FaultProxy) -> None:
    proxy.choose(lambda _n, _m, asked: "delay" if asked.startswith("/view") else "")
    job = rig.submit()
    wait_for(lambda: rig.now(job).phase == "download", 20)
    cancelled(rig, job)
    time.sleep(0.5)
    assert not (rig.data / "outputs" / job.id).exists()
    assert (rig.now(job).status, rig.now(job).outputs) == (CANCELLED, ())


def test_while_the_network_troubles_the_cancel_itself(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    job = rig.submit(seconds=30)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    left = [3]

    def choose(_number: int, method: str, _path: str) -> str:
        left[0] -= method == "POST"
        return "bad_gateway" if method == "POST" and left[0] >= 0 else ""

    proxy.choose(choose)
    cancelled(rig, job)
    wait_for(lambda: on_server(engine) == [], 10)

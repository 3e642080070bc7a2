"""What servers, networks, disks and other people do to one job, and how it ends."""

import contextlib
import copy
import resource
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
import sqlalchemy as sa
from PIL import Image

from comfy.errors import PromptLost
from comfy.jobs.durable import LOST
from comfy.jobs.job import COMPLETED, FAILED, IN_PROGRESS, Job
from comfy.jobs.patience import Patience
from comfy.jobs.tables import LEASES
from tests.conftest import EngineProcess
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig, runs, shows, wait_for

IMPATIENT = Patience(answer=(0.3, 0.5), away=1.0, retry=0.1, pauses=(0.05,))


def once(path: str, act: Callable[[], None], *, skip: int = 0) -> Callable[[str, str], None]:
    """Act before the first request of this path is forwarded, after some that are let through."""
    left = [skip + 1]

    def look(_method: str, asked: str) -> None:
        if asked.startswith(path):
            left[0] -= 1
            if left[0] == 0:
                act()

    return look


def ends(rig: Rig, job: Job, engine: EngineProcess) -> tuple[str, object, int, int]:
    """Status, error code, how often it was begun anew, and how many results it left there."""
    done = rig.finished(job)
    assert done.status != COMPLETED or shows(done, rig.picture, inverted=True)
    wait_for(lambda: not rig.leases(), 5)
    return done.status, done.error.get("code"), done.again, runs(engine.folder, job)


def test_a_history_that_somebody_cleared_before_the_result_was_fetched(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    def clear() -> None:
        requests.post(f"{engine.url}/history", json={"clear": True}, timeout=5)

    proxy.before(once("/history", clear, skip=1))
    assert ends(rig, rig.submit(), engine) == (COMPLETED, None, 0, 1)


def test_a_queue_that_somebody_cleared(rig: Rig, engine: EngineProcess) -> None:
    first = rig.submit(seconds=1.0)
    wait_for(lambda: rig.now(first).status == IN_PROGRESS)
    job = rig.submit()
    wait_for(lambda: rig.now(job).place == 1)
    requests.post(f"{engine.url}/queue", json={"clear": True}, timeout=5)
    assert ends(rig, job, engine) == (COMPLETED, None, 1, 1)
    assert ends(rig, first, engine) == (COMPLETED, None, 0, 1)


def test_a_prompt_that_the_network_delivers_twice(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    """The server runs it twice, and nobody can tell: the job has one result, its first."""
    proxy.choose(lambda _n, _m, asked: "duplicate" if asked.startswith("/prompt") else "")
    job = rig.finished(rig.submit())
    assert (job.status, job.again) == (COMPLETED, 0)
    assert shows(job, rig.picture, inverted=True)


def test_a_job_that_another_replica_took_is_left_to_it(rig: Rig, engine: EngineProcess) -> None:
    """Say, this process was stopped for so long that it was taken for dead."""
    job = rig.submit(seconds=1.0)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    me = rig.now(job).replica
    rig.studio._store.update(job.id, replica="another")
    wait_for(lambda: job.id not in rig.studio._durable._working)
    assert not rig.now(job).finished
    rig.studio._store.update(job.id, replica=me)
    assert ends(rig, job, engine) == (COMPLETED, None, 0, 1)


def test_who_lost_a_job_gets_it_last(rig: Rig) -> None:
    """The one that it was sent to: a job of a vanished server is missed by the next one, too."""
    steps = copy.copy(rig.studio._steps)  # of its own is what it remembers
    steps._waiting._lost_by = {}
    server = next(iter(rig.studio._servers._all()))
    for sent_to in ("", "gone"):
        job = Job(id=str(uuid.uuid4()), task="invert", owner="", values={}, replica="another")
        rig.studio._store.add(job)
        rig.studio._store.update(job.id, server=sent_to or server.name)
        assert steps._judge(job, server, PromptLost(), last=True) == LOST
        assert steps._waiting._lost_by == {job.id: {sent_to or server.name}}
        steps.unfinished()
        assert steps._waiting._lost_by == {}  # it is another replica's
        rig.studio._store.delete(job.id)


def test_a_server_that_was_not_given_back_is_free_again(
    proxy: FaultProxy, open_rig: Callable[..., Rig]
) -> None:
    """Another replica died between a job's end and that, and the job was deleted since."""
    rig = open_rig(proxy.url, patience=Patience(sweep=0.1))
    with rig.studio._store.transaction() as connection:
        gone = {"job": "gone", "server": "1", "granted": 1.0}
        connection.execute(sa.insert(LEASES).values(gone))
    wait_for(lambda: not rig.leases())


def delete_results(engine: EngineProcess) -> None:
    for file in (engine.folder / "output/studio").glob("*.png"):
        file.unlink()


def test_a_result_that_is_gone_is_made_once_more(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    proxy.before(once("/view", lambda: delete_results(engine)))
    assert ends(rig, rig.submit(), engine) == (COMPLETED, None, 1, 1)


def test_a_result_that_is_gone_each_time_is_told(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    proxy.before(lambda _, path: delete_results(engine) if path.startswith("/view") else None)
    assert ends(rig, rig.submit(), engine) == (FAILED, "output_missing", 1, 0)


def interrupt(engine: EngineProcess, rig: Rig, job: Job, again: int) -> None:
    wait_for(lambda: rig.now(job).status == IN_PROGRESS and rig.now(job).again == again)
    wait_for(
        lambda: (
            requests.get(f"{engine.url}/queue", timeout=5).json()["queue_running"]
            and not requests.post(f"{engine.url}/interrupt", json={}, timeout=5).content
        )
    )


def test_a_job_that_somebody_interrupts_is_run_once_more(rig: Rig, engine: EngineProcess) -> None:
    job = rig.submit(seconds=1.0)
    interrupt(engine, rig, job, again=0)
    assert ends(rig, job, engine) == (COMPLETED, None, 1, 1)


def test_a_job_that_somebody_interrupts_twice_is_let_go(rig: Rig, engine: EngineProcess) -> None:
    job = rig.submit(seconds=5.0)
    interrupt(engine, rig, job, again=0)
    interrupt(engine, rig, job, again=1)
    assert ends(rig, job, engine) == (FAILED, "prompt_interrupted", 1, 0)


def test_an_upload_that_is_gone_is_sent_again(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    def delete() -> None:
        for file in (engine.folder / "input/studio").glob("*"):
            file.unlink()

    proxy.before(once("/prompt", delete))
    assert ends(rig, rig.submit(), engine) == (COMPLETED, None, 1, 1)


@pytest.mark.parametrize(
    ("path", "fault", "code"),
    [
        ("/upload", "bad_gateway", "server_unreachable"),
        ("/prompt", "cut_before", "server_unreachable"),
        ("/prompt", "black_hole", "server_unreachable"),
        ("/history", "truncate", "server_unreachable"),
        ("/view", "cut_after", "server_unreachable"),
        ("/upload", "no_room", "server_broken"),
    ],
)
def test_a_trouble_that_never_ends_is_told(
    open_rig: Callable[..., Rig], proxy: FaultProxy, path: str, fault: str, code: str
) -> None:
    rig = open_rig(proxy.url, patience=IMPATIENT)
    rig.ready()
    proxy.choose(lambda _n, _m, asked: fault if asked.startswith(path) else "")
    done = rig.finished(rig.submit(), 150)
    assert (done.status, done.error["code"]) == (FAILED, code)
    assert sum(x.fault != "" for x in proxy.exchanges) < 100  # nor is the server stormed
    proxy.arm()
    assert rig.finished(rig.submit()).status == COMPLETED


def test_a_socket_that_breaks_every_second_costs_no_second(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess
) -> None:
    stop = threading.Event()

    def drop() -> None:
        while not stop.wait(1.0):
            proxy.drop()

    dropper = threading.Thread(target=drop)
    dropper.start()
    job = rig.finished(rig.submit(seconds=3.0))
    stop.set()
    dropper.join()
    assert job.status == COMPLETED
    entry = requests.get(f"{engine.url}/history/{job.id}", timeout=10).json()[job.id]
    messages = dict(entry["status"]["messages"])
    assert job.ended - messages["execution_success"]["timestamp"] / 1000 < 1.0


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_clock_that_jumps(rig: Rig, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    real = time.time
    job = rig.submit(seconds=0.6)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    assert rig.finished(job).status == COMPLETED
    assert rig.finished(rig.submit()).status == COMPLETED


@contextlib.contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """To this process the disk is full at a file's byte number `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_the_job_can_be_done_again(rig: Rig, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1200, 1600, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    job = rig.submit(tmp_path / "large.png", seconds=1.0)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    with no_file_longer_than(4_000_000):
        done = rig.finished(job)
    assert (done.status, done.error["code"]) == (FAILED, "disk_full")
    assert not (rig.data / "outputs" / job.id).exists()
    again = rig.finished(rig.submit(tmp_path / "large.png"))
    assert shows(again, tmp_path / "large.png", inverted=True)


def test_a_database_without_room_stops_no_job_for_good(rig: Rig) -> None:
    job = rig.submit(seconds=1.0)
    wait_for(lambda: rig.now(job).status == IN_PROGRESS)
    with no_file_longer_than(1000):
        time.sleep(2.5)
    done = rig.finished(job)
    assert done.status == COMPLETED
    assert shows(done, rig.picture, inverted=True)
    wait_for(lambda: not rig.leases())


@pytest.mark.parametrize("enough", [False, True])
def test_a_server_without_memory_is_asked_once_more_after_it_freed_some(
    rig: Rig, proxy: FaultProxy, engine: EngineProcess, enough: bool
) -> None:
    huge = {"width": 16384, "height": 16384, "batch_size": 4096, "color": 0}
    nodes = rig.studio.tasks["invert"].variants[0].nodes
    nodes["3"]["inputs"]["image"] = ["5", 0]
    nodes["5"] = {"class_type": "EmptyImage", "inputs": huge}

    def freed() -> None:
        if enough:
            nodes["3"]["inputs"]["image"] = ["1", 0]

    proxy.before(once("/free", freed))
    job = rig.studio.submit("invert", {"image": rig.picture}, owner=uuid.uuid4().hex)
    expected = (COMPLETED, None, 1, 1) if enough else (FAILED, "out_of_memory", 1, 0)
    assert ends(rig, job, engine) == expected
    assert [x.path for x in proxy.exchanges if x.path.startswith("/free")] == ["/free"]
    assert sum(x.prompt_id == job.id for x in proxy.exchanges) == 2

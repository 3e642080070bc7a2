"""The store keeps what it is told, and a finished job for ever as it was."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from comfy.jobs.estimate import Past
from comfy.jobs.job import CANCELLED, COMPLETED, IN_PROGRESS, Job, Link, Output
from comfy.jobs.leases import Able, Leases, expected
from comfy.jobs.speeds import Known
from comfy.jobs.store import Store
from comfy.workflow.pace import Pace


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'studio.sqlite'}", tmp_path)
    yield store
    store.close()


def a_job(job_id: str = "a", **fields: object) -> Job:
    return Job(id=job_id, task="image_cleanup", owner="me", values={}, created=1.0).changed(
        **fields
    )


def test_a_job_comes_back_as_it_was_stored(store, tmp_path):
    job = a_job(
        values={"image": tmp_path / "in/a.png", "audio": Link("b"), "seed": 7, "text": "in/a.png"},
        outputs=(Output(tmp_path / "out/a.png", "image", ("a.png", "studio", "output")),),
        error={"code": "x", "details": {"n": 1}},
        preview=tmp_path / "previews/a.jpg",
    )
    store.add(job)
    found = store.get("a")
    assert found == job.changed(
        outputs=(Output(tmp_path / "out/a.png", "image", ["a.png", "studio", "output"]),)
    )
    assert isinstance(found.values["image"], Path)
    assert found.values["text"] == "in/a.png"


def test_a_database_of_an_older_version_is_brought_up_to_date(store, tmp_path):
    store.add(a_job())
    store.close()
    file = tmp_path / "studio.sqlite"
    with closing(sqlite3.connect(file)) as old:
        old.execute("ALTER TABLE jobs DROP COLUMN again")
        old.execute("ALTER TABLE jobs DROP COLUMN wish")
    with closing(Store(f"sqlite:///{file}", tmp_path)) as newer:
        assert newer.get("a") == a_job()
        assert newer.update("a", again=1, wish="good")


def test_an_update_raises_the_version(store):
    store.add(a_job())
    assert store.update("a", status=IN_PROGRESS, progress=0.5)
    found = store.get("a")
    assert (found.status, found.progress, found.version) == (IN_PROGRESS, 0.5, 1)


@pytest.mark.parametrize("ending", [COMPLETED, CANCELLED])
def test_a_finished_job_never_changes(store, ending):
    store.add(a_job())
    assert store.update("a", status=ending)
    finished = store.get("a")
    assert not store.update("a", status=IN_PROGRESS)
    assert not store.update("a", progress=0.1)
    assert store.get("a") == finished
    assert finished.ended > 0


def test_a_person_has_a_limit_of_unfinished_jobs(store):
    assert store.add(a_job("a"), limit=2)
    assert store.add(a_job("b"), limit=2)
    assert store.room("me", 2) == 0
    assert not store.add(a_job("c"), limit=2)
    assert store.get("c") is None
    assert store.add(a_job("d", owner="you"), limit=2)
    store.update("a", status=COMPLETED)
    assert store.add(a_job("c"), limit=2)


def test_recent_is_per_person_and_newest_first(store):
    for number, owner in enumerate(["me", "you", "me"]):
        store.add(a_job(str(number), owner=owner, created=float(number)))
    assert [job.id for job in store.recent("me", 10)] == ["2", "0"]
    assert [job.id for job in store.recent("me", 1)] == ["2"]


def test_a_twin_is_one_of_the_same_person_that_did_not_fail(store):
    store.add(a_job("a", fingerprint="f"))
    store.add(a_job("b", fingerprint="f", owner="you"))
    assert store.twin("f", "me").id == "a"
    store.update("a", status=CANCELLED)
    assert store.twin("f", "me") is None


def test_clicks_in_the_same_moment_store_one_job(store):
    """Two tabs, or two replicas: none of them has seen the other one's job."""
    names = [f"job{n}" for n in range(8)]
    begin = threading.Barrier(len(names))
    stored = []

    def click(name):
        begin.wait()
        stored.append(store.add(a_job(name, fingerprint="f"), once=True))

    threads = [threading.Thread(target=click, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(stored) == 8
    assert [job.id for job in store.unfinished()] == [stored[0]] == list(set(stored))
    store.update(stored[0], status=CANCELLED)
    assert store.add(a_job("later", fingerprint="f"), once=True) == "later"


def test_a_column_of_a_newer_version_is_in_nobody_s_way(store, tmp_path):
    """While replicas are updated one by one, the older ones work on the newer one's tables."""
    store.add(a_job())
    with closing(sqlite3.connect(tmp_path / "studio.sqlite")) as newer:
        newer.execute("ALTER TABLE jobs ADD COLUMN later VARCHAR DEFAULT 'x' NOT NULL")
    assert store.update("a", status=IN_PROGRESS)
    assert store.add(a_job("b")) == "b"
    assert {job.id for job in store.recent("me", 10)} == {"a", "b"}


def test_dependents_are_found_by_their_links(store):
    store.add(a_job("a"))
    store.add(a_job("b", values={"image": Link("a")}))
    assert [job.id for job in store.dependents("a")] == ["b"]
    store.update("b", status=CANCELLED)
    assert store.dependents("a") == []


def test_many_threads_write_without_losing_anything(store):
    store.add(a_job())
    threads = [
        threading.Thread(target=lambda: [store.update("a", place=n) for n in range(20)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert store.get("a").version == 160


def test_two_stores_on_one_file_see_each_other(store, tmp_path):
    other = Store(f"sqlite:///{tmp_path / 'studio.sqlite'}", tmp_path)
    store.add(a_job())
    other.update("a", status=COMPLETED)
    assert store.get("a").status == COMPLETED
    other.close()


def test_a_waiting_thread_is_woken_by_a_change(store):
    store.add(a_job())
    threading.Timer(0.05, lambda: store.update("a", status=COMPLETED)).start()
    began = time.monotonic()
    store.wait(5)
    assert time.monotonic() - began < 2


ONE = [Able("one")]
BOTH = [Able("one"), Able("two")]


def anywhere(*_kind: str) -> list[str]:
    return ["one", "two"]


def in_line(job_id: str, created: float) -> Job:
    return a_job(job_id, phase="line", created=created)


def test_a_server_takes_two_jobs_and_the_oldest_first(store):
    leases = Leases(store)
    jobs = [in_line(name, float(n)) for n, name in enumerate("abc")]
    for job in jobs:
        store.add(job)
    assert leases.take(jobs[2], ONE, anywhere) == ""  # two older ones are before it
    assert leases.take(jobs[0], ONE, anywhere) == "one"
    assert leases.take(jobs[0], ONE, anywhere) == "one"  # asked again: the same lease
    store.update("a", status=IN_PROGRESS, phase="run")
    assert leases.take(jobs[1], ONE, anywhere) == "one"
    store.update("b", status=IN_PROGRESS, phase="run")
    assert leases.take(jobs[2], ONE, anywhere) == ""
    leases.release("a")
    assert leases.take(jobs[2], ONE, anywhere) == "one"


def test_jobs_that_want_other_servers_are_not_in_the_way(store):
    leases = Leases(store)
    for number, name in enumerate("abc"):
        store.add(in_line(name, float(number)).changed(task="talking_head"))
    store.add(in_line("d", 9.0))
    last = store.get("d")
    line = leases.line()
    assert line.place(last, ["one"], lambda t, *_: ["two"] if t == "talking_head" else []) == 0
    assert line.place(last, ["one"], anywhere) == 3
    assert leases.take(last, ONE, lambda *_: ["two"]) == "one"


def test_jobs_that_wait_for_a_full_server_keep_nobody_from_a_free_one(store):
    """Two run on "one", which alone has what three others wish for; "two" is free."""

    def can(_task: str, wish: str, _given: str) -> list[str]:
        return ["one"] if wish else ["one", "two"]

    leases = Leases(store)
    for number, name in enumerate("abcde"):
        store.add(in_line(name, float(number)).changed(wish="good"))
        leases.take(store.get(name), ONE, can)
    store.add(in_line("f", 9.0))
    assert leases.take(store.get("c"), ONE, can) == ""
    assert leases.line().place(store.get("f"), ["one", "two"], can) == 3
    assert leases.take(store.get("f"), BOTH, can) == "two"
    assert leases.take(store.get("e"), ONE, can) == ""
    store.update("a", status=COMPLETED)
    leases.release("a")
    assert leases.take(store.get("e"), ONE, can) == ""  # "c" has waited longer
    assert leases.take(store.get("c"), ONE, can) == "one"


def test_two_servers_share_the_work(store):
    leases = Leases(store)
    for number, name in enumerate("ab"):
        store.add(in_line(name, float(number)))
    assert leases.take(store.get("a"), BOTH, anywhere) == "one"
    store.update("a", phase="run")
    assert leases.take(store.get("b"), BOTH, anywhere) == "two"


def test_the_better_variant_is_expected_as_it_is_chosen(store):
    better = Able("one", "t/good", order=1, guess=Pace(each=90))
    quicker = Able("two", "t/quick", order=2, guess=Pace(each=9))
    store.add(job := in_line("a", 1.0))
    leases = Leases(store)
    assert expected([quicker, better], {}) == 90
    assert expected([], {}) == 0
    loads = Able("one", "t/big", guess=Pace(each=9, load=60))
    assert expected([loads], {}) == 69
    assert expected([loads], {"one": Known(warm="t/big")}) == 9
    assert leases.take(job, [quicker, better], anywhere) == "one"


def test_a_job_that_was_begun_anew_is_no_measure_of_its_server(store):
    """After a want of memory the models were put out, and loaded once more."""
    leases = Leases(store)
    for again in (0, 1):
        store.add(job := in_line(f"{again}", 1.0))
        leases.take(job, [Able("one", "t/v")], anywhere)
        store.update(job.id, server="one", started=2.0, again=again)
        store.update(job.id, status=COMPLETED, ended=5.0)
        leases.release(job.id)
    assert leases.known()["one"].runs == {"t/v": (Past(1.0, 3.0, cold=True),)}


def test_the_lease_of_a_finished_or_deleted_job_is_reaped(store):
    leases = Leases(store)
    endings = {"a": lambda: store.update("a", status=COMPLETED), "b": lambda: store.delete("b")}
    for name, end in endings.items():
        store.add(in_line(name, 1.0))
        leases.take(store.get(name), ONE, anywhere)
        assert leases.reap() == 0
        end()
        assert leases.reap({name}) == 0  # who works on it gives it back
        assert leases.reap() == 1


def test_only_the_result_of_a_job_without_a_wish_is_what_somebody_wished_for(store):
    """Until then another server may run it with another variant."""
    store.add(a_job("a", fingerprint="f"))
    assert store.twin("f", "me", "good") is None
    store.add(a_job("b", fingerprint="f", created=2.0, wish="good"))
    assert store.twin("f", "me", "good").id == "b" == store.twin("f", "me").id
    store.update("b", status=CANCELLED)
    store.update("a", status=COMPLETED)
    assert store.twin("f", "me", "good").id == "a"

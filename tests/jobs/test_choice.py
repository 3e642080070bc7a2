"""Which server a job takes, and whose turn it is."""

import time

import pytest

from comfy.jobs.choice import Candidate, choose, in_turn
from comfy.jobs.job import COMPLETED
from comfy.jobs.leases import Able, Leases
from comfy.jobs.speeds import pace_at
from comfy.workflow.pace import Pace
from tests.jobs.test_store import ONE, anywhere, in_line, store  # noqa: F401  a fixture


def test_the_warm_server_is_taken():
    assert choose([Candidate("cold", load=20), Candidate("warm")]) == "warm"


def test_a_warm_server_that_is_nearly_done_is_waited_for_but_not_for_ever():
    busy = Candidate("warm", ahead=3, full=True)
    cold = Candidate("cold", load=20)
    assert choose([busy, cold]) == ""
    assert choose([busy, cold], waited=31) == "cold"
    assert choose([Candidate("warm", ahead=25, full=True), cold]) == "cold"


def test_files_speed_and_quality_count():
    assert choose([Candidate("far", move=5), Candidate("near")]) == "near"
    assert choose([Candidate("slow", work=60), Candidate("fast", work=20)]) == "fast"
    assert choose([Candidate("preview", order=9), Candidate("good", ahead=50)]) == "good"
    assert choose([Candidate("one"), Candidate("strong", weight=2)]) == "strong"


def test_everybody_s_first_job_comes_before_anybody_s_second():
    waiting = [("a1", "a", 0), ("a2", "a", 0), ("a3", "a", 0), ("b1", "b", 0), ("vip", "c", 5)]
    turns = in_turn(waiting, running=["a"])
    assert sorted(turns, key=lambda job: turns[job]) == ["vip", "b1", "a1", "a2", "a3"]


def test_who_hurries_and_who_has_none_yet_gets_the_server(store):  # noqa: F811
    leases = Leases(store)
    jobs = [
        in_line(name, float(n)).changed(owner=name[0], priority=int(name == "vip"))
        for n, name in enumerate(("a1", "a2", "b1", "vip"))
    ]
    for job in jobs:
        store.add(job)
    got = [job.id for job in jobs if leases.take(job, ONE, anywhere)]
    assert got == ["a1", "vip"]  # there is room for two
    store.update("vip", status=COMPLETED)
    leases.release("vip")
    assert leases.take(jobs[1], ONE, anywhere) == ""
    assert leases.take(jobs[2], ONE, anywhere) == "one"


def test_a_server_that_is_drained_gets_no_jobs(store):  # noqa: F811
    leases = Leases(store)
    store.add(job := in_line("a", 1.0))
    leases.drain("one", True)
    assert not leases.line().lets_in(job, ["one"], anywhere)  # nor is the lock asked for
    assert leases.take(job, [Able("one")], anywhere) == ""
    assert leases.take(job, [Able("one"), Able("two")], anywhere) == "two"
    assert leases.known()["one"].drained
    leases.drain("one", False)
    assert not leases.known()["one"].drained


def test_speeds_and_warm_models_are_learned(store):  # noqa: F811
    leases = Leases(store)
    able = [Able("one", "image_cleanup/x")]
    for name, seconds in (("a", 25.0), ("b", 5.0)):
        store.add(in_line(name, 1.0))
        assert leases.take(store.get(name), able, anywhere) == "one"
        store.update(name, started=100.0, ended=100.0 + seconds, server="one", status="completed")
        leases.release(name)
    known = leases.known()["one"]
    kind = "image_cleanup/x"
    assert known.means == {f"cold {kind}": 25.0, f"warm {kind}": 5.0}
    guess = Pace(load=60, each=30)
    here, elsewhere = (pace_at(name, kind, guess, leases.known()) for name in ("one", "two"))
    assert here == elsewhere  # a server that never ran it is taken for as fast as another
    assert here.seconds(1, cold=True) == pytest.approx(25, rel=0.1)
    assert here.seconds(1) == pytest.approx(5, rel=0.1)
    assert pace_at("one", "voice_clone/y", guess, leases.known()) == guess


def test_what_a_job_will_take_is_written_down_when_it_gets_its_server(store):  # noqa: F811
    leases = Leases(store)
    store.add(job := in_line("a", 1.0))
    able = Able("one", "image_cleanup/x", size=3, guess=Pace("megapixels", load=10, each=2))
    leases.take(job, [able], anywhere)
    assert store.get("a").expected == 16.0


def test_a_server_freed_while_one_looked_is_not_slept_over(store):  # noqa: F811
    leases = Leases(store)
    news = leases.news
    leases.notify()  # in the moment between a look and the wait after it
    start = time.monotonic()
    leases.wait(10, news)
    assert time.monotonic() - start < 5
    leases.wait(0.01, leases.news)  # nothing since: it waits, and ends


def test_those_who_wait_share_a_look_until_something_happens(store, monkeypatch):  # noqa: F811
    monkeypatch.setattr("comfy.jobs.leases.FRESH", 3600)
    leases = Leases(store)
    jobs = [in_line(name, created) for name, created in (("a", 1.0), ("b", 2.0))]
    for job in jobs:
        store.add(job)
    seen = leases.line()
    assert leases.line() is seen
    leases.take(jobs[0], ONE, anywhere)
    taken = leases.line()
    assert taken.leased.keys() == {"one"} and seen.leased == {}
    leases.release("a")
    seen = leases.line()
    assert seen.leased == {}
    monkeypatch.setattr("comfy.jobs.leases.FRESH", 0)  # what other replicas do is seen soon, too
    assert leases.line() is not seen

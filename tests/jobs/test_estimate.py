"""What is told before a run: from the first guess to what a server's runs have shown."""

import json
import time
from dataclasses import replace

import pytest

from comfy.jobs.abilities import Abilities
from comfy.jobs.estimate import Past, learn
from comfy.jobs.leases import Leases
from comfy.jobs.proof import first_words
from comfy.jobs.sizes import Facts, speech_seconds, windows
from comfy.jobs.speeds import read_runs, with_run
from comfy.jobs.studio import WORKFLOWS
from comfy.jobs.told import Estimates, Step
from comfy.media.clips import video_size
from comfy.media.sounds import sound_seconds
from comfy.workflow.pace import Pace
from comfy.workflow.task import first_guess, load_tasks
from tests.app_process import ROOT
from tests.jobs.conftest import wait_for
from tests.jobs.test_store import in_line, store  # noqa: F401  a fixture
from tests.media.test_clips import filmed

GUESS = Pace("windows", load=120, start=20, each=190)


def test_without_a_run_the_guess_holds_and_is_unsure():
    assert learn(GUESS, ()) == GUESS
    low, high = GUESS.between(100)
    assert (round(low), round(high)) == (53, 190)


def test_one_run_tells_how_fast_a_server_is_at_all():
    twice = Past(2.0, GUESS.seconds(2.0, cold=True) / 2, cold=True)
    learned = learn(GUESS, (twice,))
    assert learned.seconds(2.0, cold=True) == pytest.approx(twice.seconds, rel=0.05)
    assert learned.seconds(10.0) == pytest.approx(GUESS.seconds(10.0) / 2, rel=0.1)


def test_five_runs_tell_loading_and_work_apart():
    real = Pace("windows", load=30, start=20, each=400)
    sizes = ((2, True), (0.5, False), (8, False), (3, True), (1, False))
    runs = tuple(Past(size, real.seconds(size, cold=cold), cold) for size, cold in sizes)
    learned = learn(GUESS, runs)
    for size in (0.4, 4, 12):
        assert learned.seconds(size) == pytest.approx(real.seconds(size), rel=0.1)
    low, high = learned.between(100)
    assert high / low < 1.7


def test_one_run_that_hung_spoils_nothing():
    runs = tuple(Past(1, 100 if number != 3 else 900, cold=False) for number in range(6))
    assert learn(GUESS, runs).seconds(1) == pytest.approx(100, rel=0.1)


def test_how_much_work_it_is():
    assert [windows(seconds) for seconds in (3, 5, 10, 15, 60)] == [1, 2, 4, 6, 21]
    facts = Facts(picture=(2000, 1000), near=(832, 480), sound=10)
    assert facts.units("megapixels") == 2
    assert facts.units("windows") == pytest.approx(4 * 0.39936)
    assert facts.units("video") == 20
    assert facts.cut_to(5).units("speech") == 5
    assert speech_seconds("大家好，今天天气不错。") == pytest.approx(2, abs=0.5)
    assert speech_seconds("Hello, the weather is nice today.") == pytest.approx(2, abs=0.5)


def test_there_is_a_first_guess_for_every_task():
    for task in load_tasks(WORKFLOWS).values():
        best = task.variants[0]
        assert first_guess(task, best) is best.pace
        assert first_guess(task, replace(best, pace=None)) in [v.pace for v in task.variants]
    with pytest.raises(ValueError, match="unit"):
        Pace("furlongs")


def test_what_older_versions_remembered_is_passed_over():
    old = {"warm image_cleanup/x": 12.5}
    assert learn(GUESS, (Past(-1, 900, cold=True),)) == GUESS  # it knew no size
    kept = with_run(read_runs(json.dumps(old)), "image_cleanup/x", Past(1.5, 8.0, cold=True))
    assert kept == {"image_cleanup/x": [[1.5, 8.0, 1]]}


def test_a_studio_tells_before_and_learns(studio, picture, voice):
    values = {"image": picture, "audio": voice}
    facts = studio.estimates.facts("talking_head", values)
    assert facts.picture == (320, 240) and facts.sound == pytest.approx(6, abs=3)
    before = studio.estimates.of([Step("talking_head", "", facts, values)], "somebody")
    assert before.low < before.seconds < before.high
    assert before.ahead == 0 and not before.risk
    assert before.parts == 4  # the variant that is used in these tests takes 3 seconds at once
    given = {"image": picture}
    cleanup = Step("image_cleanup", "", studio.estimates.facts("image_cleanup", given), given)
    job = studio.submit("image_cleanup", given, owner="somebody")
    wait_for(lambda: studio.job(job.id).finished)
    done = studio.job(job.id)
    assert done.expected > 0
    wait_for(lambda: studio.estimates.of([cleanup], "somebody").measured)
    after = studio.estimates.of([cleanup], "somebody")
    assert after.seconds == pytest.approx(done.ended - done.started, rel=0.5)


def test_both_speakers_and_the_frame_of_a_video_count(studio, voice, tmp_path):
    film = filmed(tmp_path / "film.mp4", 10, 25)
    one = studio.estimates.facts("talking_head", {"video": film, "audio": voice, "size": "auto"})
    two = {"image": film, "audio": voice, "second_audio": voice}
    assert studio.estimates.facts("talking_head", two).sound == 2 * one.sound > 0
    assert one.picture == video_size(film)
    spoken = {"reference_audio": voice, "text": "Hello there."}  # a voice is no speech
    assert studio.estimates.facts("voice_clone", spoken).sound == speech_seconds("Hello there.")


def test_who_waits_is_told_of_those_before(studio, store, picture):  # noqa: F811
    """In a store of its own, so that nobody begins with what is in line."""
    abilities = Abilities(studio.tasks, studio._servers, store)
    estimates = Estimates(studio._servers, store, Leases(store), abilities, studio.voices._uploads)
    given = {"image": picture}
    step = Step("image_cleanup", "", estimates.facts("image_cleanup", given), given)
    store.add(waiting := in_line("another", time.time()).changed(expected=100.0))
    told = estimates.of([step], "somebody")
    assert (told.ahead, told.waiting) == (1, 100.0)
    told = estimates.of([step], waiting.owner)  # their second job
    assert (told.ahead, told.waiting) == (1, 100.0)


def test_a_script_is_cut_after_a_sentence_else_after_a_word():
    assert first_words("Hello there.", 5) == "Hello there."
    two = "This is a sentence of some length, is it not? And another one that is longer still."
    assert first_words(two, 5) == "This is a sentence of some length, is it not?"
    assert first_words("word " * 60, 5).endswith("word") and len(first_words("word " * 60, 5)) < 90
    assert len(first_words("好" * 100, 5)) == 22


def test_a_proof_of_an_example_needs_no_consent(studio, picture, voice):
    inputs = studio.tasks["talking_head"].inputs
    long = {"image": ROOT / "assets/portrait.jpg", "audio": voice, "size": "auto"}
    short, _ = studio.estimates.proofs.shorten(inputs, long, "somebody")
    assert short["image"] == long["image"] and sound_seconds(short["audio"]) == 5.0
    job = studio.submit("talking_head", short, owner="somebody", consent=False)
    assert job.consent == {"image": "example", "audio": "example"}
    studio.cancel(job.id)


def test_what_was_cut_for_a_proof_is_kept_with_it(studio, picture, voice):
    mine = {"owner": "somebody", "consent": True}
    inputs = studio.tasks["voice_clone"].inputs
    long = {"reference_audio": voice, "text": "好" * 100}
    short, uncut = studio.estimates.proofs.shorten(inputs, long, "somebody")
    job, *_ = studio.submit_pipeline({**short, "image": picture}, **mine, uncut=uncut)[1:]
    other = {"text": "other" * 50}
    assert studio.submit("voice_clone", short, **mine, uncut=other).id == job.id
    kept = studio.job(job.id)
    assert (kept.values["text"], kept.uncut) == ("好" * 22, {"text": "好" * 100})
    inputs = studio.tasks["talking_head"].inputs
    long = {"image": ROOT / "assets/portrait.jpg", "audio": voice, "size": "auto"}
    short, uncut = studio.estimates.proofs.shorten(inputs, long, "somebody")
    head = studio.submit("talking_head", short, **mine, uncut=uncut)
    whole = studio.job(head.id).uncut["audio"]
    assert whole != studio.job(head.id).values["audio"] and sound_seconds(whole) > 5
    studio._store.forget_unused(whole)
    assert whole.exists()
    for begun in (job, head):
        studio.cancel(begun.id)
        assert studio.delete(begun.id, "somebody")
    assert not whole.exists()

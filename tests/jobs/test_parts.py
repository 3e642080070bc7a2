"""Jobs made of parts: a long speech cut at its pauses, a script by sentences, one part anew."""

import uuid

import av
import pytest
import soundfile

from comfy.errors import InputError
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, Job
from comfy.jobs.sentences import Sentence
from comfy.media.sounds import sound_seconds
from comfy.text import explain
from tests.media.test_clips import filmed

PORTRAIT = "assets/portrait.jpg"


@pytest.fixture(scope="module")
def long_speech(voice, tmp_path_factory):
    """3.9 seconds: more than the variant of these tests takes at once."""
    path = tmp_path_factory.mktemp("speech") / "long.wav"
    samples, rate = soundfile.read(voice, dtype="int16")
    soundfile.write(path, samples[: int(3.9 * rate)], rate)
    return path


def ended(studio, job):
    return list(studio.watch(job.id))[-1]


def test_a_long_speech_is_cut_run_in_parts_and_joined_without_a_seam(studio, long_speech):
    given = {"image": PORTRAIT, "audio": long_speech, "size": "480x832"}
    whole = ended(studio, studio.submit("talking_head", given, owner="long"))
    parts = studio.parts(whole)
    assert {job.given for job in (whole, *parts)} == {"audio image"}
    assert (whole.status, whole.error) == (COMPLETED, {})
    assert [part.status for part in parts] == [COMPLETED, COMPLETED]
    assert (whole.quality, whole.variant, whole.server) == ("preview", "cpu-preview", "")
    with av.open(str(whole.outputs[0].path)) as video:
        stream = video.streams.video[0]
        assert sum(1 for _ in video.decode(stream)) == 98  # 3.9 s are 97.5 frames
    assert sound_seconds(whole.outputs[0].path) == pytest.approx(3.9, abs=0.04)
    assert [job.id for job in studio.recent("long")] == [whole.id]  # parts are not listed

    again = ended(studio, studio.redo(whole.id, 1, owner="long"))
    assert again.status == COMPLETED
    assert again.parts[0] == whole.parts[0]
    assert again.parts[1] != whole.parts[1]
    assert [take.id for take in studio.takes(studio.parts(again)[1])] == [
        whole.parts[1].job,
        again.parts[1].job,
    ]
    assert studio.redo(whole.id, 1, owner="somebody else") is None
    assert studio.redo(whole.id, 2, owner="long") is None
    mended = whole.changed(id=str(uuid.uuid4()), values={"remedy": "sound"}, parts=whole.parts[:1])
    studio._store.add(mended)
    assert studio.redo(mended.id, 0, owner="long") is None  # that part is no piece of it
    studio._store.delete(mended.id)

    assert studio.delete(whole.id, "long")
    kept, gone = studio.parts(again)[0], studio.job(whole.parts[1].job)
    assert (kept.status, gone) == (COMPLETED, None)


def test_a_video_is_cut_with_its_speech(studio, long_speech, tmp_path):
    """There is no face in this one: what is sent is looked at, not what comes of it."""
    film = filmed(tmp_path / "film.mp4", 100, 25)
    given = studio._intake._uploads.accept(
        studio.tasks["talking_head"],
        {"video": film, "audio": long_speech, "size": "480x832"},
        "cut",
    )
    job = Job(id=str(uuid.uuid4()), task="talking_head", owner="cut", values=given, created=1.0)
    studio._store.add(job)
    assert studio._parts.split(job, 3.0)
    parts = studio.parts(studio.job(job.id))
    frames = []
    for part in parts:
        with av.open(str(part.values["video"])) as video:
            frames.append(video.streams.video[0].frames)
        assert part.values["audio"] != given["audio"]
        studio.cancel(part.id)
    assert len(frames) == 2 and sum(frames) == pytest.approx(97 + 8, abs=2)


def test_two_speeches_are_not_cut_and_too_long_together_is_said(studio, long_speech):
    given = {"image": PORTRAIT, "audio": long_speech, "second_audio": long_speech}
    values = studio._intake._uploads.accept(studio.tasks["talking_head"], given, "two")
    job = Job(id=str(uuid.uuid4()), task="talking_head", owner="two", values=values, created=1.0)
    assert not studio._parts.split(job, 8.0)
    with pytest.raises(InputError) as caught:
        studio._parts.split(job, 7.0)
    assert (caught.value.code, caught.value.details) == ("sound_too_long", {"limit": 7})


def test_what_no_server_can_use_is_refused_in_words(studio, voice):
    given = {"image": PORTRAIT, "audio": voice, "second_audio": voice}
    with pytest.raises(InputError) as caught:
        studio.submit("talking_head", given)
    details = {"inputs": ["second_audio"]}
    assert (caught.value.code, caught.value.details) == ("inputs_unfit", details)
    assert explain("inputs_unfit", "en", caught.value.details).startswith(
        "No server can use this now: "
    )


def test_one_sentence_said_differently_leaves_the_others_as_they_are(studio, voice):
    given = {"reference_audio": voice, "text": "One. Two. Three."}
    said = [Sentence("One."), Sentence("Two."), Sentence("Three.", pause=0)]
    first = ended(studio, studio.speak(given, said, owner="bench", wish="cpu-preview"))
    assert {part.wish for part in studio.parts(first)} == {"cpu-preview"} == {first.wish}
    changed = [said[0], Sentence("Two.", emotion="happy", seed=5), said[2]]
    second = ended(studio, studio.speak(given, changed, owner="bench"))
    assert (first.status, second.status) == (COMPLETED, COMPLETED)
    same = [a == b for a, b in zip(first.parts, second.parts, strict=True)]
    assert same == [True, False, True]
    assert studio.speak(given, said, owner="bench").id == first.id
    slower = [Sentence("One.", speed=0.8), *said[1:]]
    third = ended(studio, studio.speak(given, slower, owner="bench"))
    assert third.parts == first.parts  # only the join is done again
    assert sound_seconds(third.outputs[0].path) > sound_seconds(first.outputs[0].path) + 0.05
    assert [take.values["emotion"] for take in studio.takes(studio.parts(second)[1])] == [
        "neutral",
        "happy",
    ]


def test_a_part_that_failed_is_tried_again_alone(studio, voice):
    given = {"reference_audio": voice, "text": "Good. مرحبا."}
    said = [Sentence("Good."), Sentence("مرحبا يا صديقي العزيز.")]  # nobody here can say that
    failed = ended(studio, studio.speak(given, said, owner="half"))
    assert (failed.status, failed.error["code"]) == (FAILED, "parts_failed")
    assert failed.error["details"] == {"parts": ["2"], "count": 2}
    good, bad = studio.parts(failed)
    assert (good.status, bad.status) == (COMPLETED, FAILED)
    again = ended(studio, studio.redo(failed.id, 1, owner="half"))
    assert again.parts[0].job == good.id
    assert again.parts[1].job != bad.id


def test_a_cancelled_whole_ends_its_parts(studio, voice):
    given = {"reference_audio": voice, "text": "x"}
    said = [Sentence(f"Sentence number {n} is long enough to wait.") for n in range(4)]
    whole = studio.speak(given, said, owner="nobody")
    studio.cancel(whole.id)
    assert {part.finished for part in studio.parts(whole)} == {True}


def test_an_operator_tries_a_whole_again_with_what_is_done_of_it(studio, voice):
    given = {"reference_audio": voice, "text": "all"}
    said = [Sentence("Done before."), Sentence("Then cut off, as it takes long enough.", speed=0.9)]
    one = ended(studio, studio.speak(given, said[:1], owner="patient"))
    whole = studio.speak(given, said, owner="patient")
    assert studio.operator.cancel(whole.parts[1].job)
    assert ended(studio, whole).status == CANCELLED
    again = ended(studio, studio.operator.retry(whole.parts[1].job))  # the same as the whole
    assert (again.status, again.error, again.values) == (COMPLETED, {}, whole.values)
    assert again.parts[0] == one.parts[0] == whole.parts[0]
    assert again.parts[1] != whole.parts[1]
    studio._store.delete(whole.parts[1].job)
    assert studio.operator.retry(whole.id) is None  # a piece is gone


def test_what_cannot_be_said_is_refused_before_anything_runs(studio, voice):
    given = {"reference_audio": voice, "text": "x"}
    with pytest.raises(InputError) as caught:
        studio.speak(given, [Sentence("ok"), Sentence("!!!")], owner="refused")
    assert caught.value.code == "text_unspeakable"
    with pytest.raises(InputError) as caught:
        Sentence.read({"text": "a", "speed": 9})
    assert caught.value.details == {"input": "speed", "min": 0.7, "max": 1.4}
    assert studio.recent("refused") == []

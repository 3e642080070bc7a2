"""A poor result is judged before its job ends, and mended by another job."""

import uuid

import av
import pytest
import soundfile
from PIL import Image

from comfy.jobs.job import COMPLETED, Job
from comfy.media.sounds import sound_seconds

SECONDS = 2.0


@pytest.fixture
def given(voice, tmp_path):
    """A small portrait and two seconds of speech."""
    portrait, speech = tmp_path / "portrait.png", tmp_path / "speech.wav"
    with Image.open("assets/portrait.jpg") as image:
        image.resize((192, 240)).save(portrait)
    samples, rate = soundfile.read(voice, dtype="int16")
    soundfile.write(speech, samples[: int(SECONDS * rate)], rate)
    return {"image": portrait, "audio": speech}


def ended(studio, job):
    return list(studio.watch(job.id))[-1]


def codes(job):
    return [found["code"] for found in job.findings]


def test_a_still_picture_is_told_and_made_as_long_as_its_sound(studio, given):
    poor = ended(studio, studio.submit("talking_head", given, owner="ann", wish="still"))
    assert (poor.status, codes(poor)) == (COMPLETED, ["too_short", "sound_ends"])
    assert poor.findings[0]["seconds"] == "1.96"

    start = studio.remedies.start
    assert start(poor.id, "sound", owner="bob") is None  # not his
    assert start(poor.id, "shift", owner="ann") is None  # nothing that it would help against
    assert start(poor.id, "again", owner="ann") is None  # the page's own doing
    mended = ended(studio, start(poor.id, "sound", owner="ann"))
    assert (mended.status, codes(mended), mended.variant) == (COMPLETED, ["frozen"], "still")
    with av.open(str(mended.outputs[0].path)) as video:
        assert sum(1 for _ in video.decode(video=0)) == SECONDS * 25
    assert sound_seconds(mended.outputs[0].path) == pytest.approx(SECONDS, abs=0.04)
    assert start(poor.id, "sound", owner="ann").id == mended.id  # nothing is made twice
    assert studio.job(poor.id) == poor
    assert studio.delete(mended.id, "ann")
    assert studio.job(poor.id) == poor  # it was no part that belongs to the other


def test_a_check_that_fails_costs_no_result(studio, given, monkeypatch):
    monkeypatch.setattr("comfy.media.bounded.JUDGED", 0)  # seconds: too few for anything
    given = {**given, "size": "480x832"}
    job = ended(studio, studio.submit("talking_head", given, owner="carl", wish="still"))
    assert (job.status, job.findings) == (COMPLETED, ())


def test_what_is_mended_is_still_held_against_the_pauses_that_were_asked_for(studio):
    quiet = Job(
        id=str(uuid.uuid4()),
        task="voice_clone",
        owner="dora",
        values={"text": "One. Two.", "speeds": [1.0, 1.0], "pauses": [2.5, 0.0]},
        status=COMPLETED,
        findings=({"code": "quiet"}, {"code": "gap"}),
    )
    studio._store.add(quiet)
    louder = studio.remedies.start(quiet.id, "level", owner="dora")
    assert louder.values == {"text": "One. Two.", "pauses": [2.5, 0.0], "remedy": "level"}
    assert studio.remedies.start(quiet.id, "pauses", owner="dora").parts == louder.parts

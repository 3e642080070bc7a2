"""A voice and a face are used only on a ground that is kept with the job."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from comfy.errors import InputError
from comfy.jobs.job import COMPLETED, Job, Link
from comfy.jobs.studio import Studio

ASSETS = Path(__file__).parent.parent.parent / "assets"
FACE = ASSETS / "portrait.jpg"
ANSWERS = {"owner": "", "origin": ""}


@pytest.fixture
def who() -> dict[str, Any]:
    return {"owner": uuid.uuid4().hex, "consent": False}


@pytest.fixture
def own_face(tmp_path: Path) -> Path:
    path = tmp_path / "me.png"
    with Image.open(FACE) as image:
        image.resize((384, 480)).save(path)
    return path


@pytest.fixture
def own_voice(tmp_path: Path, voice: Path) -> Path:
    path = tmp_path / "me.mp3"
    path.write_bytes(voice.read_bytes()[:40_000])
    return path


def refused(studio: Studio, task: str, values: dict[str, Any], who: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        studio.submit(task, values, **who)
    assert caught.value.code == "consent_missing"
    assert studio.recent(who["owner"]) == []
    return str(caught.value.details["input"])


def finished(studio: Studio, job: Job) -> Job:
    done = list(studio.watch(job.id, tick=0.05))[-1]
    assert done.status == COMPLETED
    return done


def test_a_voice_needs_a_word_once(studio: Studio, own_voice: Path, who: dict[str, Any]) -> None:
    values = {"reference_audio": own_voice, "text": "Mine."}
    assert refused(studio, "voice_clone", values, who) == "reference_audio"
    given = studio.submit("voice_clone", values, **{**who, "consent": True})
    assert given.consent == {"reference_audio": "given"}
    later = studio.submit("voice_clone", {**values, "seed": 3}, **who)
    assert later.consent == {"reference_audio": "given"}
    with pytest.raises(InputError, match="consent_missing"):  # that is not for others
        studio.submit("voice_clone", values, owner=uuid.uuid4().hex, consent=False)


def test_a_face_and_a_voice_are_both_asked_about(
    studio: Studio, own_face: Path, own_voice: Path, who: dict[str, Any]
) -> None:
    values = {"image": own_face, "audio": ASSETS / "voice-en.mp3"}
    assert refused(studio, "talking_head", values, who) == "image"
    values = {"image": FACE, "audio": own_voice}
    assert refused(studio, "talking_head", values, who) == "audio"


def test_examples_need_no_word(studio: Studio, voice: Path, who: dict[str, Any]) -> None:
    job = studio.submit("voice_clone", {"reference_audio": voice, "text": "Ours."}, **who)
    assert job.consent == {"reference_audio": "example"}
    copy = job.values["reference_audio"]  # our own copy of it comes back with "again"
    again = studio.submit("voice_clone", {"reference_audio": copy, "text": "Again."}, **who)
    assert again.consent == {"reference_audio": "example"}


def test_a_result_of_ones_own_needs_no_word(
    studio: Studio, voice: Path, who: dict[str, Any], tmp_path: Path
) -> None:
    speech = finished(
        studio, studio.submit("voice_clone", {"reference_audio": voice, "text": "Hi."}, **who)
    )
    taken = tmp_path / "downloaded.mp3"
    taken.write_bytes(speech.outputs[0].path.read_bytes())
    job = studio.submit("talking_head", {"image": FACE, "audio": taken}, **who)
    assert job.consent == {"image": "example", "audio": "own_result"}
    with pytest.raises(InputError, match="consent_missing"):
        studio.submit("talking_head", {"image": FACE, "audio": taken}, owner="x", consent=False)


def test_a_picture_may_be_cleaned_but_not_made_to_speak(
    studio: Studio, own_face: Path, voice: Path, who: dict[str, Any]
) -> None:
    cleaned = studio.submit("image_cleanup", {"image": own_face}, **who)
    assert cleaned.consent == {}
    values = {"image": Link(cleaned.id), "audio": voice}
    with pytest.raises(InputError) as caught:
        studio.submit("talking_head", values, **who)
    assert (caught.value.code, caught.value.details) == ("consent_missing", {"input": "image"})


def test_the_chain_asks_before_anything_runs(
    studio: Studio, own_face: Path, voice: Path, who: dict[str, Any]
) -> None:
    values = {"image": own_face, "reference_audio": voice, "text": "Hello."}
    with pytest.raises(InputError, match="consent_missing"):
        studio.submit_pipeline(values, **who)
    assert studio.recent(who["owner"]) == []
    jobs = studio.submit_pipeline(values, **{**who, "consent": True})
    assert [job.consent for job in jobs] == [
        {"image": "given"},
        {"reference_audio": "example"},
        {"image": "own_result", "audio": "own_result"},
    ]
    studio.cancel(jobs[-1].id)

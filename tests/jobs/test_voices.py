"""Voices saved by a name: each person's own, replaced, found, deleted with their files."""

import pytest

from comfy.errors import InputError
from comfy.jobs.voices import MOST

OTHER = "assets/voice-en.mp3"


def test_a_voice_is_saved_found_and_deleted(studio, voice):
    item = studio.tasks["voice_clone"].input("reference_audio")
    kept = studio.voices.keep("  妈妈\n", voice, item, "anna")
    assert [(v.name, v.path.suffix) for v in studio.voices.all("anna")] == [("妈妈", ".wav")]
    assert studio.voices.all("ben") == []
    assert studio.voices.find(kept.id, "anna") == kept
    assert studio.voices.find(kept.id, "ben") is None
    other = studio.voices.keep("妈妈", OTHER, item, "anna")
    assert studio.voices.all("anna") == [other]
    assert not studio.voices.forget(other.id, "ben")
    assert studio.voices.forget(other.id, "anna")
    assert (studio.voices.all("anna"), other.path.exists()) == ([], False)


def test_a_recording_stays_while_something_uses_it(studio, voice):
    item = studio.tasks["voice_clone"].input("reference_audio")
    kept = studio.voices.keep("one", voice, item, "carl")
    given = {"reference_audio": kept.path, "text": "Hello."}
    job = list(studio.watch(studio.submit("voice_clone", given, owner="carl").id))[-1]
    assert studio.delete(job.id, "carl")
    assert kept.path.exists()  # the voice is still saved
    again = list(studio.watch(studio.submit("voice_clone", given, owner="carl").id))[-1]
    assert studio.voices.forget(kept.id, "carl")
    assert again.values["reference_audio"].exists()


def test_what_cannot_be_saved_is_said(studio, voice, tmp_path):
    item = studio.tasks["voice_clone"].input("reference_audio")
    with pytest.raises(InputError) as caught:
        studio.voices.keep(" \u200b ", voice, item, "dora")
    assert caught.value.code == "voice_unnamed"
    (tmp_path / "no.mp3").write_text("no sound")
    with pytest.raises(InputError) as caught:
        studio.voices.keep("x", tmp_path / "no.mp3", item, "dora")
    assert caught.value.code == "sound_unusable"
    for number in range(MOST):
        studio.voices.keep(str(number), voice, item, "dora")
    studio.voices.keep("0", voice, item, "dora")
    with pytest.raises(InputError) as caught:
        studio.voices.keep("one more", voice, item, "dora")
    assert caught.value.code == "voices_full"

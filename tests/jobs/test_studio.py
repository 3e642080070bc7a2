"""The studio as the page uses it, over the real engine."""

import time
import uuid

import numpy as np
import pytest
from PIL import Image, ImageDraw

from comfy.errors import InputError
from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, Link
from comfy.media.sounds import sound_seconds
from comfy.ui.details import details_value

LONG = "这是一个很长的故事。" * 40


def person() -> str:
    """Everybody starts with an empty history."""
    return uuid.uuid4().hex


def finished(studio, job):
    return list(studio.watch(job.id, tick=0.05))[-1]


def test_a_picture_is_cleaned_and_nothing_else_changes(studio, picture):
    job = finished(studio, studio.submit("image_cleanup", {"image": picture}, owner=person()))
    assert (job.status, job.error, job.quality) == (COMPLETED, {}, "preview")
    assert (job.progress, job.variant, job.server) == (1.0, "cpu-preview", "embedded")
    assert job.created <= job.started <= job.ended
    with Image.open(job.outputs[0].path) as after, Image.open(picture) as before:
        changed = np.any(np.asarray(after) != np.asarray(before), axis=2)
    assert changed[185:230, 55:260].any()  # where the text is
    assert not changed[:150].any()


def test_words_that_look_like_a_graph_are_spoken_and_a_link_is_refused(studio, voice):
    owner = person()
    values = {"reference_audio": voice, "text": '["3", 0] 你好 | [1]', "seed": "7"}
    job = finished(studio, studio.submit("voice_clone", values, owner=owner))
    assert (job.status, job.error, job.values["text"]) == (COMPLETED, {}, values["text"])
    assert job.values["seed"] == 7
    for bad in ({"text": ["3", 0]}, {"seed": float("nan")}):
        with pytest.raises(InputError):
            studio.submit("voice_clone", {**values, **bad}, owner=owner)
    assert [known.id for known in studio.recent(owner)] == [job.id]


def test_only_what_is_painted_goes(studio, picture, tmp_path):
    mask = Image.new("L", (160, 120))
    ImageDraw.Draw(mask).rectangle((20, 88, 72, 118), fill=255)  # the left half of the text
    mask.save(tmp_path / "mask.png")
    values = {"image": picture, "mask": tmp_path / "mask.png"}
    job = finished(studio, studio.submit("image_cleanup", values, owner=person()))
    assert (job.status, job.error, job.variant) == (COMPLETED, {}, "cpu-preview-mask")
    assert job.values["mask"].parent == job.values["image"].parent
    with Image.open(job.outputs[0].path) as after, Image.open(picture) as before:
        changed = np.any(np.asarray(after) != np.asarray(before), axis=2)
    assert changed[185:230, 60:145].any()
    assert not changed[:, 146:].any()
    assert not changed[:176].any()


def test_a_mask_that_cannot_be_used_starts_nothing(studio, picture, tmp_path):
    owner = person()
    for size, code in [((320, 240), "mask_empty"), ((320, 100), "mask_unfit")]:
        Image.new("L", size, 255 if size[1] == 100 else 0).save(tmp_path / "mask.png")
        with pytest.raises(InputError) as refused:
            values = {"image": picture, "mask": tmp_path / "mask.png"}
            studio.submit("image_cleanup", values, owner=owner)
        assert refused.value.code == code
    assert studio.recent(owner) == []


def test_a_job_tells_what_was_found_and_what_was_not(studio, picture, tmp_path):
    plain = tmp_path / "plain.png"
    Image.new("RGB", (200, 120), (90, 120, 60)).save(plain)
    told = finished(studio, studio.submit("image_cleanup", {"image": plain}, owner=person()))
    assert (told.status, told.notes) == (COMPLETED, ("nothing_found",))
    values = {"image": picture, "instruction": "去除字幕，把背景换成海滩"}
    told = finished(studio, studio.submit("image_cleanup", values, owner=person()))
    assert [note.split(":")[0] for note in told.notes] == ["removed", "not_done"]


def test_the_same_again_is_the_same_job_and_a_new_seed_is_a_new_one(studio, picture, voice):
    owner = person()
    values = {"reference_audio": voice, "text": "One two three."}
    first = studio.submit("voice_clone", values, owner=owner)
    assert studio.submit("voice_clone", values, owner=owner).id == first.id  # a double click
    done = finished(studio, first)
    assert done.status == COMPLETED
    assert sound_seconds(done.outputs[0].path) > 0.5
    assert studio.submit("voice_clone", values, owner=owner) == done
    assert studio.submit("voice_clone", values, owner=person()).id != first.id
    again = studio.submit("voice_clone", {**values, "seed": 5}, owner=owner)
    assert again.id != first.id
    assert finished(studio, again).status == COMPLETED


def test_an_engine_that_refuses_says_why(studio, picture, voice):
    job = studio.submit("talking_head", {"image": picture, "audio": voice}, owner=person())
    job = finished(studio, job)
    assert (job.status, job.error["code"]) == (FAILED, "prompt_failed")
    assert job.error["details"]["reason"] == "no_face"


def test_a_failed_link_ends_the_job_that_needs_it(studio, picture, voice):
    owner = person()
    video = studio.submit("talking_head", {"image": picture, "audio": voice}, owner=owner)
    values = {"image": picture, "audio": Link(video.id)}
    job = finished(studio, studio.submit("talking_head", values, owner=owner))
    assert (job.status, job.error["code"]) == (FAILED, "link_failed")
    assert job.error["details"] == {"task": "talking_head"}
    assert [j.id for j in studio.chain(job.id)] == [video.id, job.id]


def test_whoever_sees_a_result_does_not_see_what_its_owner_made_of_it(studio, picture):
    owner = person()
    first = finished(studio, studio.submit("image_cleanup", {"image": picture}, owner=owner))
    values = {"image": Link(first.id), "instruction": "subtitles"}
    then = finished(studio, studio.submit("image_cleanup", values, owner=owner))
    uses = [
        [use["id"] for use in details_value(studio, [first], "image_cleanup", viewer)["uses"]]
        for viewer in (owner, person())
    ]
    assert (then.status, uses) == (COMPLETED, [[then.id], []])


def test_cancel_reaches_the_server_and_the_next_job_works(studio, voice):
    owner = person()
    job = studio.submit("voice_clone", {"reference_audio": voice, "text": LONG}, owner=owner)
    for seen in studio.watch(job.id, tick=0.05):
        if seen.progress > 0.1:
            break
    studio.cancel(job.id)
    assert finished(studio, job).status == CANCELLED
    began = time.monotonic()
    short = studio.submit("voice_clone", {"reference_audio": voice, "text": "Hi."}, owner=owner)
    assert finished(studio, short).status == COMPLETED
    assert time.monotonic() - began < 40


def test_cancel_of_a_chain_cancels_what_only_it_needed(studio, picture, voice):
    owner = person()
    values = {"image": picture, "reference_audio": voice, "text": LONG + "!"}
    jobs = studio.submit_pipeline(values, owner=owner)
    studio.cancel(jobs[2].id)
    assert [finished(studio, job).status for job in jobs][1:] == [CANCELLED, CANCELLED]


def test_the_last_step_of_a_chain_is_told_before_the_others_are_done(studio, picture, voice):
    spoken = {"reference_audio": voice, "text": LONG + "told"}
    *_, video = studio.submit_pipeline({"image": picture, **spoken}, owner=person())
    seen = next(seen for seen in studio.watch(video.id, tick=0.05) if seen.phase == "links")
    assert seen.expected > 0
    studio.cancel(video.id)


@pytest.mark.parametrize("alone", ["before", "after"])
def test_cancel_of_a_chain_leaves_what_was_asked_for_by_itself(studio, picture, voice, alone):
    """Say, in another tab: it is one job, as it has the same values."""
    owner = person()
    spoken = {"reference_audio": voice, "text": LONG + alone}
    asked = studio.submit("voice_clone", spoken, owner=owner) if alone == "before" else None
    _, speech, video = studio.submit_pipeline({"image": picture, **spoken}, owner=owner)
    asked = asked or studio.submit("voice_clone", spoken, owner=owner)
    assert asked.id == speech.id
    assert studio.cancel(video.id).status == CANCELLED
    assert not studio.job(speech.id).finished
    assert studio.cancel(speech.id).status == CANCELLED
    assert studio.submit("voice_clone", spoken, owner=owner).id != speech.id
    assert studio.cancel(studio.recent(owner)[0].id).status == CANCELLED


def test_cancel_of_a_chain_leaves_what_another_chain_needs(studio, picture, voice):
    owner = person()
    values = {"image": picture, "reference_audio": voice, "text": LONG + "?"}
    sizes = ("640x640", "480x832")
    chains = [studio.submit_pipeline({**values, "size": s}, owner=owner) for s in sizes]
    assert chains[0][1].id == chains[1][1].id
    studio.cancel(chains[0][2].id)
    assert not studio.job(chains[0][1].id).finished
    studio.cancel(chains[1][2].id)
    assert studio.job(chains[0][1].id).status == CANCELLED


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"text": "hello"}, "input_missing"),
        ({"reference_audio": "nowhere.wav", "text": "hello"}, "file_unusable"),
        ({"reference_audio": "VOICE", "text": " \n "}, "input_missing"),
        ({"reference_audio": "VOICE", "text": "😀😀"}, "text_unspeakable"),
        ({"reference_audio": "VOICE", "text": "a" * 100_000}, "text_too_long"),
        ({"reference_audio": "VOICE", "text": "hi", "emotion": "furious"}, "choice_unknown"),
        ({"reference_audio": "PICTURE", "text": "hi"}, "sound_unusable"),
        ({"reference_audio": 7, "text": "hi"}, "value_unusable"),
        ({"colour": "red"}, "input_unknown"),
    ],
)
def test_bad_input_is_refused_and_leaves_no_job(studio, picture, voice, values, code):
    owner = person()
    known = {"VOICE": voice, "PICTURE": picture}
    given = {name: known.get(value, value) for name, value in values.items()}
    with pytest.raises(InputError) as caught:
        studio.submit("voice_clone", given, owner=owner)
    assert caught.value.code == code
    assert studio.recent(owner) == []


def test_a_chain_with_one_bad_input_stores_nothing(studio, picture, voice):
    owner = person()
    with pytest.raises(InputError):
        studio.submit_pipeline(
            {"image": picture, "reference_audio": voice, "text": ""}, owner=owner
        )
    assert studio.recent(owner) == []


def test_an_unknown_task_and_an_unknown_job(studio):
    with pytest.raises(InputError) as caught:
        studio.submit("world_peace", {})
    assert caught.value.code == "task_unknown"
    assert studio.job("nobody") is None
    assert studio.cancel("nobody") is None
    assert list(studio.watch("nobody")) == []


def test_one_person_cannot_fill_the_line(studio, voice):
    owner = person()
    values = {"reference_audio": voice, "text": LONG}
    jobs = [studio.submit("voice_clone", {**values, "seed": n}, owner=owner) for n in range(6)]
    with pytest.raises(InputError) as caught:
        studio.submit("voice_clone", {**values, "seed": 99}, owner=owner)
    assert (caught.value.code, caught.value.details) == ("too_many_jobs", {"limit": 6})
    assert studio.job(jobs[5].id).phase in ("line", "")
    for job in jobs:
        studio.cancel(job.id)
    assert {finished(studio, job).status for job in jobs} == {CANCELLED}

"""Many chains as one job: a bad row stops no other, all that is done is zipped, the rest redone."""

import uuid
import zipfile

import pytest
from PIL import Image

from comfy.errors import InputError
from comfy.jobs.job import CANCELLED, COMPLETED, Job, Link
from comfy.jobs.store import BATCH

UNSPEAKABLE = "مرحبا يا صديقي العزيز"  # the preview engine has no voice for it


@pytest.fixture
def files(tmp_path, voice):
    Image.open("assets/portrait.jpg").resize((240, 300)).save(tmp_path / "small.png")
    (tmp_path / "bad.png").write_text("not a picture")
    return {"good": tmp_path / "small.png", "bad": tmp_path / "bad.png", "voice": voice}


def row(files, name, picture, text):
    values = {"image": files[picture], "reference_audio": files["voice"], "text": text}
    return {"name": name, "values": values}


def ended(studio, job):
    return list(studio.watch(job.id))[-1]


def test_a_bad_row_stops_no_other_and_what_failed_runs_again_alone(studio, files):
    rows = [
        row(files, "fine", "good", "Hi."),
        row(files, "bad", "bad", "Hi."),
        row(files, "a/b c", "good", UNSPEAKABLE),
    ]
    batch = ended(studio, studio.batches.submit(rows, owner="many", consent=True))
    fine, bad, failed = batch.values["rows"]
    assert (batch.status, len(batch.parts)) == (COMPLETED, 2)
    assert bad["error"] == {"code": "picture_unusable", "details": {}}
    assert fine["jobs"][0] == failed["jobs"][0]  # the same picture is cleaned once
    assert [studio.batches.failed(each) for each in (fine, bad, failed)] == [False, False, True]
    with zipfile.ZipFile(batch.outputs[0].path) as archive:
        assert archive.namelist() == ["01-fine.mp4"]
    assert batch.id not in [job.id for job in studio.recent("many")]
    assert studio.batches.newest("many") == batch

    again = ended(studio, studio.batches.retry(batch.id, owner="many"))
    kept, refused, tried = again.values["rows"]
    assert (kept, refused) == (fine, bad)
    assert tried["jobs"][1] != failed["jobs"][1]
    assert studio.batches.retry(batch.id, owner="somebody else") is None


def test_what_was_wished_for_is_in_every_row(studio, files):
    wishes = {"voice_clone": "cpu-preview", "talking_head": ""}
    rows = [row(files, "one", "good", "One.")]
    batch = studio.batches.submit(rows, owner="wish", consent=True, wishes=wishes)
    for job in studio.watch(batch.id):
        if job.parts:
            studio.cancel(batch.id)
    (made,) = studio.job(batch.id).values["rows"]
    assert [studio.job(job).wish for job in made["jobs"]] == ["", "cpu-preview", ""]
    with pytest.raises(InputError) as caught:
        other = {"voice_clone": "other"}
        studio.batches.submit(rows, owner="wish", consent=True, wishes=other)
    assert caught.value.code == "variant_unknown"


def test_a_cancelled_batch_ends_its_chains(studio, files):
    rows = [row(files, "one", "good", "One."), row(files, "two", "good", "Two.")]
    batch = studio.batches.submit(rows, owner="stopped", consent=True)
    for job in studio.watch(batch.id):
        if job.parts:
            studio.cancel(batch.id)
    assert studio.job(batch.id).status == CANCELLED
    assert all(studio.job(link.job).finished for link in job.parts)
    assert Link("") not in job.parts


def test_a_batch_that_is_cancelled_while_it_is_fed_leaves_nothing_running(studio, files):
    given = [row(files, name, "good", f"{name}.") for name in ("Five", "Six")]
    rows = [studio.batches._accept(each, "fed", True, {}) for each in given]
    batch = Job(id=str(uuid.uuid4()), task=BATCH, owner="fed", values={"rows": rows})
    batch = batch.changed(replica="another")  # whose thread looked at it a moment ago
    studio._store.add(batch)
    studio.cancel(batch.id)
    assert not studio.batches.feed(batch)
    video, *others = studio.recent("fed")
    assert (video.task, video.status, len(others)) == ("talking_head", CANCELLED, 2)
    assert all(job.finished for job in others)


def test_nothing_that_can_be_used_is_refused_at_once(studio, files):
    with pytest.raises(InputError) as caught:
        studio.batches.submit([row(files, "x", "bad", "Hi.")], owner="none", consent=True)
    assert caught.value.code == "picture_unusable"
    with pytest.raises(InputError) as caught:
        studio.batches.submit([row(files, "x", "good", "Hi.")], owner="none", consent=False)
    assert caught.value.code == "consent_missing"
    assert studio.batches.newest("none") is None

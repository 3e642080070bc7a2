"""The disk: refused before it is full, and what is old leaves it, over the real engine."""

import time
import uuid

import pytest
import sqlalchemy as sa
from PIL import Image

from comfy.errors import InputError
from comfy.jobs.janitor import DAY, Janitor
from comfy.jobs.job import COMPLETED, IN_PROGRESS, Job, Link
from comfy.jobs.store import BATCH
from comfy.jobs.tables import JOBS

FULL = 1 << 60  # more bytes than any disk has


@pytest.fixture
def small(tmp_path):
    """A picture that no other job was given."""
    path = tmp_path / "small.png"
    Image.effect_noise((64, 64), 90).save(path)
    return path


@pytest.fixture
def janitor(studio):
    return Janitor(studio._store, studio.delete, keep_days=2)


def cleaned(studio, picture, owner):
    job = studio.submit("image_cleanup", {"image": picture}, owner=owner)
    done = list(studio.watch(job.id, tick=0.05))[-1]
    assert done.status == COMPLETED
    return done


def age(studio, job, days):
    with studio._store.transaction() as connection:
        ended = time.time() - days * DAY
        connection.execute(sa.update(JOBS).where(JOBS.c.id == job.id).values(ended=ended))


def linking(studio, owner, **fields):
    """A stored job that nobody works on."""
    other = Job(id=str(uuid.uuid4()), task="talking_head", owner=owner, values={})
    other = other.changed(**{"created": time.time(), **fields})
    studio._store.add(other)
    return other


def test_before_the_disk_is_full_jobs_and_files_are_refused(studio, small, voice, monkeypatch):
    room = studio.voices._uploads.room
    assert room._free == studio.settings.min_free_mb * 1_000_000 == 500_000_000
    owner = uuid.uuid4().hex
    before = set((studio._store.folder / "inputs").glob("*"))
    monkeypatch.setattr(room, "_free", FULL)
    spoken = {"reference_audio": voice, "text": "Hi."}
    recording = next(i for i in studio.tasks["voice_clone"].inputs if i.kind == "audio")
    for refused in (
        lambda: studio.submit("image_cleanup", {"image": small}, owner=owner),
        lambda: studio.submit_pipeline({"image": small, **spoken}, owner=owner),
        lambda: studio.voices.keep("me", voice, recording, owner),
    ):
        with pytest.raises(InputError) as caught:
            refused()
        assert caught.value.code == "disk_low"
    assert studio.recent(owner) == []
    assert set((studio._store.folder / "inputs").glob("*")) == before

    monkeypatch.undo()
    done = cleaned(studio, small, owner)
    monkeypatch.setattr(room, "_free", FULL)
    known = done.values["image"]
    assert studio.submit("image_cleanup", {"image": known}, owner=owner) == done  # is there
    with pytest.raises(InputError) as caught:  # a new job of a file that is there
        studio.submit("image_cleanup", {"image": known, "instruction": "更亮"}, owner=owner)
    assert caught.value.code == "disk_low"


def used(studio, owner):
    """Bytes of one person's files, and of everybody's."""
    sizes = studio._store.files.sizes()
    return sum(sizes.get(n, 0) for n in studio._store.names_of(owner)), sum(sizes.values())


@pytest.mark.parametrize(("limit", "code"), [("_each", "person_full"), ("_all", "total_full")])
def test_a_quota_refuses_before_anything_is_lost_and_a_deletion_helps(
    studio, small, voice, monkeypatch, limit, code
):
    room = studio.voices._uploads.room
    assert (room._each, room._all) == (10_000_000_000, 100_000_000_000)
    owner = uuid.uuid4().hex
    done = cleaned(studio, small, owner)
    files = [done.values["image"], done.outputs[0].path]
    mine, everybody = used(studio, owner)
    assert mine == sum(path.stat().st_size for path in files)
    full = mine if limit == "_each" else everybody
    monkeypatch.setattr(room, limit, full)
    before = set((studio._store.folder / "inputs").glob("*"))
    recording = next(i for i in studio.tasks["voice_clone"].inputs if i.kind == "audio")
    spoken = {"reference_audio": voice, "text": "Hi."}
    known = done.values["image"]
    for refused in (
        lambda: studio.submit("voice_clone", spoken, owner=owner, consent=True),
        lambda: studio.submit_pipeline({"image": small, **spoken}, owner=owner, consent=True),
        lambda: studio.submit("image_cleanup", {"image": known, "seed": 9}, owner=owner),
        lambda: studio.voices.keep("me", voice, recording, owner),
    ):
        with pytest.raises(InputError) as caught:
            refused()
        megabytes = full // 1_000_000
        told = (caught.value.code, caught.value.details)
        assert told == (code, {"size": megabytes, "limit": megabytes})
    assert set((studio._store.folder / "inputs").glob("*")) == before
    assert studio.recent(owner) == [done]
    assert studio.submit("image_cleanup", {"image": known}, owner=owner) == done  # is there
    if limit == "_each":  # it is this person's alone
        other = uuid.uuid4().hex
        cleaned(studio, known, other)
        assert used(studio, other)[0] > 0
    assert studio.delete(done.id, owner)
    room.check(owner)


def test_a_file_counts_once(studio, small):
    owner = uuid.uuid4().hex
    first = cleaned(studio, small, owner)
    alone, everybody = used(studio, owner)
    again = studio.submit("image_cleanup", {"image": small, "seed": 5}, owner=owner)
    again = list(studio.watch(again.id, tick=0.05))[-1]
    assert again.values["image"] == first.values["image"]
    made = again.outputs[0].path.stat().st_size
    assert used(studio, owner) == (alone + made, everybody + made)
    studio._store.files._listed = -1e9
    assert used(studio, owner) == (alone + made, everybody + made)  # as it lies on the disk
    tricky = 'x", "path": "inputs/' + first.values["image"].name
    studio.cancel(studio.submit("image_cleanup", {"image": small, "instruction": tricky}).id)
    assert used(studio, "")[0] == first.values["image"].stat().st_size


def test_the_oldest_leave_until_the_rest_fits(studio, small, voice):
    owner = uuid.uuid4().hex
    recording = next(i for i in studio.tasks["voice_clone"].inputs if i.kind == "audio")
    saved = studio.voices.keep("me", voice, recording, owner)
    jobs = [cleaned(studio, small, owner)]
    jobs.append(cleaned(studio, jobs[0].outputs[0].path, owner))
    jobs.append(cleaned(studio, jobs[1].outputs[0].path, owner))
    for days, job in zip((9, 8, 7), jobs, strict=True):
        age(studio, job, days)
    running = linking(studio, owner, values={"image": Link(jobs[0].id)}, status=IN_PROGRESS)
    bytes_of = sum(size for n, size in studio._store.files.sizes().items() if jobs[1].id in n)
    janitor = Janitor(studio._store, studio.delete)
    janitor._keep = used(studio, owner)[1] - 1  # one byte too much
    assert bytes_of > 1
    assert janitor.clean() == 1
    left = [studio.job(job.id) is not None for job in jobs]
    assert left == [True, False, True]  # the first one is still needed
    assert janitor.clean() == 0
    janitor._keep = 1  # nothing fits
    while janitor.clean():
        pass
    assert [job.id for job in studio.recent(owner)] == [running.id, jobs[0].id]
    assert jobs[0].outputs[0].path.exists() and jobs[0].values["image"].exists()
    assert saved.path.exists() and studio.voices.find(saved.id, owner) == saved
    studio._store.delete(running.id)
    assert studio.delete(jobs[0].id, owner)


def test_rows_of_a_batch_wait_for_room_on_the_disk(studio, small, voice, monkeypatch):
    owner = uuid.uuid4().hex
    values = {"image": small, "reference_audio": voice, "text": "Hi."}
    rows = [studio.batches._accept({"name": "a", "values": values}, owner, True, {})]
    batch = Job(id="of rows", task=BATCH, owner=owner, values={"rows": rows, "consent": True})
    monkeypatch.setattr(studio.voices._uploads.room, "_free", FULL)
    assert not studio.batches.feed(batch)
    assert studio.recent(owner) == []
    monkeypatch.undo()
    assert not studio.batches.feed(batch)
    begun = studio.recent(owner)
    assert len(begun) == 3
    for job in begun:
        studio.cancel(job.id)


def test_old_jobs_leave_with_their_files(studio, janitor, small):
    owner = uuid.uuid4().hex
    old = cleaned(studio, small, owner)
    new = cleaned(studio, old.outputs[0].path, owner)
    files = [old.values["image"], old.outputs[0].path]
    assert all(path.exists() for path in files)
    age(studio, old, days=1.9)
    assert janitor.clean() == 0
    age(studio, old, days=2.1)
    assert janitor.clean() == 1
    assert studio.job(old.id) is None
    assert [path.exists() for path in files] == [False, False]
    assert studio.recent(owner) == [new]
    assert new.values["image"].exists() and new.outputs[0].path.exists()


def test_what_another_job_is_made_of_stays(studio, janitor, small):
    owner = uuid.uuid4().hex
    old = cleaned(studio, small, owner)
    age(studio, old, days=9)
    rows = [{"name": "a", "values": {}, "jobs": [old.id]}]
    for fields in (
        {"values": {"image": Link(old.id)}, "status": IN_PROGRESS},
        {"values": {"image": Link(old.id)}, "status": COMPLETED, "ended": time.time()},
        {"parts": (Link(old.id),), "status": COMPLETED, "ended": time.time()},
        {"task": BATCH, "values": {"rows": rows}, "status": COMPLETED, "ended": time.time()},
    ):
        other = linking(studio, owner, **fields)
        assert janitor.clean() == 0, fields
        assert studio.job(old.id) == old.changed(ended=studio.job(old.id).ended)
        assert old.outputs[0].path.exists()
        studio._store.delete(other.id)
    whole = linking(studio, owner, parts=(Link(old.id),), status=COMPLETED, ended=1.0)
    assert janitor.clean() == 1  # the whole is old, too; then what it was made of
    assert (studio.job(whole.id), studio.job(old.id) is None) == (None, False)
    assert janitor.clean() == 1
    assert studio.job(old.id) is None


def test_a_part_whose_whole_was_never_stored_leaves(studio, janitor):
    """The studio was killed between the two, or had to stop half-way."""
    owner = uuid.uuid4().hex
    whole = linking(studio, owner, status=IN_PROGRESS)
    ended = {"status": COMPLETED, "ended": 1.0}
    parts = [linking(studio, owner, whole=name, **ended) for name in ("never stored", whole.id)]
    assert janitor.clean() == 1
    assert [studio.job(part.id) is None for part in parts] == [True, False]
    studio._store.delete(whole.id)
    assert janitor.clean() == 1


def test_of_no_days_nobody_cleans(studio, small):
    assert (studio.settings.keep_days, studio.settings.keep_mb) == (0, 0)
    assert not studio._janitor._thread.is_alive()
    working = Janitor(studio._store, studio.delete, keep_days=1)
    working.start()
    assert working._thread.is_alive()
    working.close()
    assert not working._thread.is_alive()

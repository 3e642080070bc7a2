"""Nothing runs on that nobody wants, and no file goes that somebody needs."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import closing, suppress
from dataclasses import replace
from shutil import copyfile

import numpy as np
import pytest
import soundfile
from PIL import Image

from comfy.errors import InputError
from comfy.jobs.abilities import Abilities
from comfy.jobs.durable import Closing
from comfy.jobs.endings import Endings
from comfy.jobs.guests import Guests
from comfy.jobs.job import CANCELLED, COMPLETED, IN_PROGRESS, WAITING, Job, Link
from comfy.jobs.labels import Labels
from comfy.jobs.leases import Leases
from comfy.jobs.operator import Operator
from comfy.jobs.parts import Parts
from comfy.jobs.replicas import Replicas
from comfy.jobs.sentences import Sentence
from comfy.jobs.store import Store
from comfy.jobs.studio import WORKFLOWS
from comfy.jobs.twins import Twins
from comfy.jobs.waiting import Waiting
from comfy.workflow.task import load_tasks
from tests.jobs.conftest import wait_for
from tests.jobs.test_lengths import pool_of_two


def test_an_operator_who_cancels_a_whole_ends_its_parts(tmp_path):
    with closing(Store(f"sqlite:///{tmp_path}/studio.sqlite", tmp_path)) as store:
        for name in ("mine", "shared"):
            store.add(Job(name, "talking_head", "me", {}, status=IN_PROGRESS, whole="whole"))
        parts = (Link("mine"), Link("shared"))
        store.add(Job("whole", "talking_head", "me", {}, parts=parts, asked=True))
        store.add(Job("other", "talking_head", "me", {}, parts=parts[1:], asked=True))
        assert Operator(store).cancel("whole")
        assert not Operator(store).cancel("whole")
        found = {name: store.get(name).status for name in ("whole", "mine", "shared", "other")}
        running = {"shared": IN_PROGRESS, "other": WAITING}
        assert found == {"whole": CANCELLED, "mine": CANCELLED, **running}


def test_what_could_not_be_begun_whole_leaves_nothing_running(studio, voice, tmp_path, monkeypatch):
    Image.effect_noise((64, 64), 90).save(picture := tmp_path / "noise.png")
    add, owner = studio._store.add, uuid.uuid4().hex

    def refuse(job, **how):
        """The last of each, as if the person had begun as many others in the same moment."""
        return "" if job.parts or job.task == "talking_head" else add(job, **how)

    monkeypatch.setattr(studio._store, "add", refuse)
    spoken = {"reference_audio": voice, "text": "This takes long enough to be seen."}
    said = [Sentence(f"Sentence number {n} is long enough to wait.") for n in range(2)]
    for begin in (
        lambda: studio.submit_pipeline({"image": picture, **spoken}, owner=owner, consent=True),
        lambda: studio.speak(spoken, said, owner=owner, consent=True),
    ):
        with pytest.raises(InputError) as caught:
            begin()
        assert caught.value.code == "too_many_jobs"
        assert [job for job in studio._store.unfinished() if job.owner == owner] == []


def test_a_file_that_goes_while_it_is_asked_for_again_is_said(studio, tmp_path):
    Image.effect_noise((64, 64), 90).save(picture := tmp_path / "noise.png")
    owner, values = uuid.uuid4().hex, {"image": picture}
    first = studio.submit("image_cleanup", values, owner=owner)
    studio.cancel(first.id)
    wait_for(lambda: studio.job(first.id).finished)
    again = studio._intake.accept("image_cleanup", values, owner, None)
    assert studio.delete(first.id, owner)  # nobody else has the file as far as is known
    with pytest.raises(InputError) as caught:
        studio._intake.add("image_cleanup", again, owner, "")
    assert caught.value.code == "input_not_on_server"
    assert studio.recent(owner) == []
    second = studio.submit("image_cleanup", values, owner=owner)
    third = studio.submit("image_cleanup", {**values, "seed": 7}, owner=owner)
    studio.cancel(second.id)
    assert studio.delete(second.id, owner)
    assert third.values["image"].exists()
    assert list(studio.watch(third.id, tick=0.05))[-1].status == COMPLETED
    assert studio.delete(third.id, owner)
    assert not third.values["image"].exists()


def test_a_job_that_a_server_lost_is_cut_for_the_next_one(tmp_path):
    """It was sent whole to a server that takes any length, and that is gone."""
    tasks = load_tasks(WORKFLOWS)
    settings, servers = pool_of_two(tmp_path, tasks)
    gone, other = servers._all()
    (variant,) = gone.ready["talking_head"]
    gone.ready = {"talking_head": (replace(variant, safe_seconds=0.0),)}
    copyfile("assets/portrait.jpg", picture := tmp_path / "portrait.jpg")
    sound = tmp_path / "long.wav"
    soundfile.write(sound, np.zeros(16_000 * 12), 16_000)  # 12 s; the other one takes 8.9
    with closing(Store(settings.database, tmp_path)) as store:
        values = tasks["talking_head"].accept({"image": picture, "audio": sound})
        job = Job(str(uuid.uuid4()), "talking_head", "", values, created=time.time())
        store.add(job.changed(server=gone.name, phase="line"))
        begun: list[Job] = []
        twins, replicas = Twins(store, servers), Replicas(store, "", dead_after=8)
        parts = Parts(store, twins, tasks, Labels(settings, store), replicas, begun.append)
        leases, abilities = Leases(store), Abilities(tasks, servers, store)
        guests, ends = Guests(store), Endings(store)
        waiting = Waiting(store, leases, servers, guests, parts, None, abilities, ends, "")
        got: list[str] = []

        def wait() -> None:
            with suppress(Closing):
                got.append(waiting.lease(job.id))

        wait()
        assert got == [gone.name]  # it may have it still
        gone.online = False  # for a moment, as after a restart
        again = threading.Thread(target=wait, daemon=True)
        again.start()
        again.join(30)
        assert got == [gone.name] * 2 and not store.get(job.id).parts
        leases.release(job.id)
        waiting.lost(job.id, gone.name)
        thread = threading.Thread(target=wait)
        thread.start()
        wait_for(lambda: store.get(job.id).parts)
        waiting.close()
        thread.join()
        assert [part.whole for part in begun] == [job.id] * 2
        assert store.get(job.id).server == ""
        assert store.moved(gone.name, [job.id]) == [job.id]  # who had it, drops it when it is back
    for server in (gone, other):
        server.client.close()

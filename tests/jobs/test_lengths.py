"""A graph that must know how long a sound is gets it from the file that is sent along."""

import uuid
from contextlib import closing
from dataclasses import replace
from shutil import copyfile

import av
import soundfile

from comfy.jobs.job import COMPLETED, Job
from comfy.jobs.labels import Labels
from comfy.jobs.patience import Patience
from comfy.jobs.run import Run
from comfy.jobs.store import Store
from comfy.settings import Settings
from comfy.workflow.transform import Transform
from comfy.workflow.variant import Binding


def paced_by_the_sound(task):
    """The preview engine's graph, in which each second of the sound counts for 5 frames a second:
    what came of it tells what was sent."""
    variant = next(v for v in task.variants if v.name == "cpu-preview")
    pace = Binding(task.input("audio"), "128", "fps", Transform(seconds_times=5.0))
    measured = replace(variant, bindings=(*variant.bindings, pace))
    return replace(task, variants=(measured,))


def given(voice, folder):
    """Files as they are once accepted: in the data folder."""
    samples, rate = soundfile.read(voice, dtype="int16")
    sound, picture = folder / "short.wav", folder / "portrait.jpg"
    soundfile.write(sound, samples[: int(1.1 * rate)], rate)
    copyfile("assets/portrait.jpg", picture)
    return {"image": picture, "audio": sound, "size": "480x832"}


def test_the_length_of_the_sound_reaches_the_server(studio, voice, tmp_path):
    task = paced_by_the_sound(studio.tasks["talking_head"])
    server = studio._servers.get(studio.servers()[0].name)
    job = Job(
        id=str(uuid.uuid4()),
        task=task.name,
        owner="lengths",
        values=task.accept(given(voice, tmp_path)),
        created=1.0,
        variant="cpu-preview",
        server=server.name,
    )
    settings = Settings.load(["--data", str(tmp_path)], {})
    store = Store(settings.database, tmp_path)  # where no studio drives the job, too
    with closing(store):
        store.add(job)
        Run(
            store,
            job,
            server,
            task,
            patience=Patience(),
            check=lambda: None,
            labels=Labels(settings, store),
            replica=job.replica,
        ).to_the_end()
        done = store.get(job.id)
    assert done.status == COMPLETED
    with av.open(str(done.outputs[0].path)) as video:
        assert video.streams.video[0].average_rate == 6  # 1.1 s times 5, rounded up

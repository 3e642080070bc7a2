"""A graph that must know how long a sound is gets it from the file that is sent along."""

import uuid
from contextlib import closing
from dataclasses import replace
from shutil import copyfile

import av
import numpy as np
import soundfile

from comfy.jobs.abilities import Abilities
from comfy.jobs.job import ANY, COMPLETED, Job
from comfy.jobs.labels import Labels
from comfy.jobs.patience import Patience
from comfy.jobs.run import Run
from comfy.jobs.servers import Servers
from comfy.jobs.store import Store
from comfy.jobs.studio import WORKFLOWS
from comfy.settings import Settings
from comfy.workflow.task import load_tasks
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


def pool_of_two(folder, tasks):
    """As it is seen while it answers: one has InfiniteTalk, one ComfyUI's own."""
    by_name = {variant.name: variant for variant in tasks["talking_head"].variants}
    given = ["--data", str(folder), "--servers", "http://127.0.0.1:1,http://127.0.0.1:2"]
    settings = Settings.load(given, {})
    servers = Servers(settings, tasks, Patience())
    for server, name in zip(servers._all(), ("infinitetalk", "infinitetalk-native"), strict=True):
        server.online, server.ready = True, {"talking_head": (by_name[name],)}
    return settings, servers


def test_a_sound_is_cut_for_the_best_variant_and_servers_with_less_get_no_longer_parts(tmp_path):
    tasks = load_tasks(WORKFLOWS)
    settings, servers = pool_of_two(tmp_path, tasks)
    better, native = servers._all()
    picture = tmp_path / "portrait.jpg"
    copyfile("assets/portrait.jpg", picture)

    def job(seconds):
        sound = tmp_path / f"{seconds}.wav"
        soundfile.write(sound, np.zeros(16_000 * seconds), 16_000)
        return Job(id="a", task="talking_head", owner="", values={"image": picture, "audio": sound})

    def safe(but=()):
        return servers.safe_seconds("talking_head", "", job(1).values, but)

    with closing(Store(settings.database, tmp_path)) as store:
        abilities = Abilities(tasks, servers, store)

        def names(job, bad=()):
            return [one.name for one in abilities.of(job, [better.name, native.name], bad)]

        assert (safe(), safe([better.name]), safe([better.name, native.name])) == (40, 8.9, 0)
        assert names(job(8)) == [better.name, native.name]
        assert names(job(8), bad=[better.name]) == [native.name]
        assert names(job(30)) == names(job(30), bad=[better.name]) == [better.name]
        assert servers.rivals("talking_head", "", ANY) == [better.name, native.name]
        assert servers.rivals("talking_head", "", "audio image") == [better.name, native.name]
        assert servers.rivals("talking_head", "", "audio video") == []  # no need to wait for those
        assert names(job(41)) == [better.name, native.name]  # none takes it: it was cut before
    for server in (better, native):
        server.client.close()

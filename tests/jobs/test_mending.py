"""A cleanup by a model, as far as the studio can tell: mended, with the server's own file kept."""

import json
import uuid

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comfy.jobs.job import COMPLETED, Link
from comfy.jobs.studio import Studio
from comfy.settings import Settings
from tests.app_process import ROOT, model_cleanup
from tests.jobs.conftest import wait_for


@pytest.fixture
def lettered(tmp_path):
    path = tmp_path / "lettered.png"
    with Image.open(ROOT / "assets" / "portrait.jpg") as image:
        small = image.convert("RGB").resize((384, 480))
    font = ImageFont.load_default(28)
    ImageDraw.Draw(small).text((90, 420), "Hello subtitle", "white", font, stroke_width=2)
    small.save(path)
    return path


def run(tmp_path, class_type, picture, chain=False):
    own = model_cleanup(tmp_path / "own", class_type)
    options = ["--data", str(tmp_path / "data"), "--workflows", str(own)]
    studio = Studio.open(Settings.load(options, {}))
    try:
        wait_for(lambda: studio.servers() and studio.servers()[0].online)
        owner = uuid.uuid4().hex
        jobs = [studio.submit("image_cleanup", {"image": picture}, owner=owner)]
        if chain:
            jobs.append(studio.submit("image_cleanup", {"image": Link(jobs[0].id)}, owner=owner))
        done = [list(studio.watch(job.id, tick=0.05))[-1] for job in jobs]
        pictures = [[pixels(output.path) for output in job.outputs] for job in done]
    finally:
        studio.close()
    return done, pictures


def test_nothing_outside_a_painted_mask_changes_whatever_a_model_does(lettered, tmp_path):
    folder = tmp_path / "own" / "image_cleanup"
    folder.mkdir(parents=True)
    source = ROOT / "workflows" / "image_cleanup"
    manifest = (source / "cpu-preview-mask.toml").read_text("utf-8")
    (folder / "inverting.toml").write_text(manifest.replace('"preview"', '"full"'), "utf-8")
    graph = json.loads((source / "cpu-preview-mask.json").read_text("utf-8"))
    graph["90"] = {"class_type": "ImageInvert", "inputs": {"image": ["78", 0]}}
    graph["76"]["inputs"]["image"] = ["90", 0]
    (folder / "inverting.json").write_text(json.dumps(graph), "utf-8")
    mask = Image.new("L", (384, 480))
    ImageDraw.Draw(mask).rectangle((80, 410, 300, 469), fill=255)
    mask.save(tmp_path / "mask.png")

    values = {"image": lettered, "mask": tmp_path / "mask.png"}
    job, made = run_one(tmp_path, values, wish="inverting")
    assert (job.status, job.variant, job.notes) == (COMPLETED, "inverting", ("pasted:7.2",))
    assert job.findings == ()
    painted = pixels(tmp_path / "mask.png")[:, :, 0] > 0
    assert np.array_equal(made[~painted], pixels(lettered)[~painted])
    assert (made != pixels(lettered)).any(axis=2)[420:460, 90:290].mean() > 0.9


def run_one(tmp_path, values, **wish):
    options = ["--data", str(tmp_path / "data"), "--workflows", str(tmp_path / "own")]
    studio = Studio.open(Settings.load(options, {}))
    try:
        wait_for(lambda: studio.servers() and studio.servers()[0].online)
        job = studio.submit("image_cleanup", values, owner=uuid.uuid4().hex, **wish)
        done = list(studio.watch(job.id, tick=0.05))[-1]
        return done, pixels(done.outputs[0].path)
    finally:
        studio.close()


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_model_s_picture_is_mended_and_its_own_is_kept(lettered, tmp_path):
    (first, second), (made, _) = run(tmp_path, "CPURemoveText", lettered, chain=True)
    assert (first.status, first.quality) == (COMPLETED, "full")
    assert [note.partition(":")[0] for note in first.notes] == ["pasted"]
    assert [output.path.name.endswith("-mended.png") for output in first.outputs] == [True, False]
    assert (first.outputs[0].ref, first.outputs[1].ref is None) == (None, False)
    changed = (made[0] != pixels(lettered)).any(axis=2)
    assert changed[415:460, 90:290].any()
    assert not changed[:370].any()
    # The next step is given our picture, as there is no file of this kind on the server.
    assert (second.status, second.error) == (COMPLETED, {})
    assert second.notes == ("not_pasted:unchanged",)


def test_what_was_painted_anew_stays_and_says_so(lettered, tmp_path):
    (job,), ((made,),) = run(tmp_path, "ImageInvert", lettered)
    assert (job.status, len(job.outputs)) == (COMPLETED, 1)
    assert job.notes in (("not_pasted:repainted",), ("not_pasted:unregistered",))
    assert np.array_equal(made, 255 - pixels(lettered))

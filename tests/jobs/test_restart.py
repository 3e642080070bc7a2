"""SIGKILL in the middle of a chain: the next start finishes it, and nothing runs twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from comfy.jobs.job import COMPLETED, IN_PROGRESS
from comfy.jobs.store import Store
from comfy.media.sounds import sound_seconds
from tests.jobs.conftest import wait_for

ROOT = Path(__file__).parent.parent.parent
ASSETS = ROOT / "assets"
VALUES = {
    "image": str(ASSETS / "keyframe.jpg"),
    "reference_audio": str(ASSETS / "voice-zh.mp3"),
    "text": "大家好，欢迎来到我的频道。",
}


def start(data: Path, values: dict | None = None) -> subprocess.Popen:
    arguments = [str(data), *([json.dumps(values)] if values else [])]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests/jobs/studio_process.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def prompts_ever_queued(data: Path) -> int:
    """The engine numbers the prompts that it takes; an invalid one gets no number."""
    url = json.loads((data / "engine/engine.json").read_text())["url"]
    empty = {"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8}}}
    empty["1"]["inputs"] |= {"batch_size": 1, "color": 0}
    empty["2"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    answer = requests.post(f"{url}/prompt", json={"prompt": empty}, timeout=10)
    return int(answer.json()["number"])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["the branches run", "the video runs"])
def test_a_killed_studio_goes_on_where_it_was(moment, tmp_path):
    first = start(tmp_path, VALUES)
    ids = json.loads(first.stdout.readline())
    store = Store(f"sqlite:///{tmp_path / 'studio.sqlite'}", tmp_path)
    watched = ids[2] if moment == "the video runs" else ids[0]
    wait_for(lambda: store.get(watched).status == IN_PROGRESS)
    first.kill()
    first.wait()
    first.stdout.close()
    assert store.get(ids[2]).status != COMPLETED
    second = start(tmp_path)
    try:
        wait_for(lambda: store.get(ids[2]).finished, seconds=90)
        jobs = [store.get(job_id) for job_id in ids]
        assert [(job.status, job.error) for job in jobs] == [(COMPLETED, {})] * 3
        assert prompts_ever_queued(tmp_path) == 3
        assert (
            abs(sound_seconds(jobs[2].outputs[0].path) - sound_seconds(jobs[1].outputs[0].path))
            < 0.1
        )
    finally:
        second.terminate()
        second.wait(timeout=20)
        second.stdout.close()
        store.close()


VOICE = {"reference_audio": VALUES["reference_audio"]}
SMALL = {**VOICE, "image": str(ASSETS / "portrait2.jpg")}
SPEECH = {**VOICE, "text": "x", "sentences": ["One, and so on.", "Two, at length.", "Three."]}
BATCH = {"rows": [{"name": t, "values": {**SMALL, "text": t}} for t in ("Hello.", "Goodbye.")]}


@pytest.mark.parametrize(("values", "prompts"), [(SPEECH, 3), (BATCH, 5)], ids=["parts", "batch"])
def test_a_killed_studio_goes_on_with_what_is_made_of_other_jobs(values, prompts, tmp_path):
    first = start(tmp_path, values)
    (whole,) = json.loads(first.stdout.readline())
    store = Store(f"sqlite:///{tmp_path / 'studio.sqlite'}", tmp_path)
    wait_for(lambda: store.get(whole).progress > 0)
    first.kill()
    first.wait()
    first.stdout.close()
    assert store.get(whole).status == IN_PROGRESS
    cut = [tmp_path / f"inputs/.{whole.replace('-', '')}.wav", tmp_path / "outputs/x/y.png.part"]
    for file in cut:  # what it would leave if it had died while it wrote
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    second = start(tmp_path)
    try:
        wait_for(lambda: store.get(whole).finished, seconds=90)
        job = store.get(whole)
        assert (job.status, job.error, job.outputs[0].path.exists()) == (COMPLETED, {}, True)
        assert prompts_ever_queued(tmp_path) == prompts
        assert [file.exists() for file in cut] == [False, False]
    finally:
        second.terminate()
        second.wait(timeout=20)
        second.stdout.close()
        store.close()

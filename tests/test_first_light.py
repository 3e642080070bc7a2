"""The product's promise from end to end: true media, and a kill that costs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.app_process import ROOT, AppProcess

ASSETS = ROOT / "assets"
TEXT = "大家好，欢迎来到我的频道。"


@pytest.fixture(scope="module")
def chain(app: AppProcess) -> Iterator[tuple[Path, Path, Path]]:
    """The video, the picture and the speech of one run of the chain."""
    client = open_client(app)
    video, picture, speech, job = client.predict(
        handle_file(ASSETS / "keyframe.jpg"),
        handle_file(ASSETS / "voice-zh.mp3"),
        TEXT,
        api_name="/pipeline",
    )
    assert job["status"] == "completed", job
    yield Path(video), Path(picture), Path(speech)
    client.close()


def open_client(app: AppProcess) -> Client:
    return Client(app.url, verbose=False)


def until(client: Client, job_id: str, status: str, before: tuple[str, ...]) -> None:
    """Wait until the job is there; until then it may only be in a status before it."""
    deadline = time.monotonic() + 90
    while (state := client.predict(job_id, api_name="/job")[1])["status"] != status:
        assert time.monotonic() < deadline, state
        assert state["status"] in before, state
        time.sleep(0.1)


def stream_seconds(path: Path, kind: str) -> float:
    """How long a stream plays: first to last presentation time, with the last frame's length."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return float(stream.duration * stream.time_base)


def test_the_picture_has_the_size_of_the_original(chain: tuple[Path, Path, Path]) -> None:
    with Image.open(chain[1]) as clean, Image.open(ASSETS / "keyframe.jpg") as original:
        assert (clean.format, clean.mode, clean.size) == ("PNG", "RGB", original.size)


def test_the_speech_is_an_mp3_of_a_believable_length(chain: tuple[Path, Path, Path]) -> None:
    with av.open(str(chain[2])) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate) == ("mp3float", 22_050)
    assert 2 < stream_seconds(chain[2], "audio") < 6  # 11 syllables


def test_picture_and_sound_of_the_video_end_together(chain: tuple[Path, Path, Path]) -> None:
    with av.open(str(chain[0])) as container:
        pictures, sound = container.streams.video[0], container.streams.audio[0]
        names = (pictures.codec_context.name, sound.codec_context.name)
        frame = 1 / float(pictures.average_rate)
    assert names == ("h264", "aac")
    assert frame == 1 / 25
    seconds = stream_seconds(chain[0], "video")
    assert abs(seconds - stream_seconds(chain[0], "audio")) <= frame
    assert abs(seconds - stream_seconds(chain[2], "audio")) <= frame + 0.05  # an mp3 is padded


@pytest.mark.slow
def test_a_killed_app_finishes_the_chain_when_it_is_started_again(tmp_path: Path) -> None:
    app = AppProcess(tmp_path)
    app.start()
    client = open_client(app)
    files = [handle_file(ASSETS / "keyframe.jpg"), handle_file(ASSETS / "voice-zh.mp3")]
    *_, job = client.predict(*files, TEXT * 2, wait=False, api_name="/pipeline")
    until(client, job["id"], "in_progress", before=("waiting", "pending"))
    app.kill()
    client.close()

    app.start()
    client = open_client(app)
    until(client, job["id"], "completed", before=("waiting", "pending", "in_progress"))
    client.close()
    assert app.stop() == 0

"""The named endpoints, called as a script calls them: through gradio_client."""

from __future__ import annotations

import inspect
import re
import time
from pathlib import Path
from typing import Any

import av
import pytest
import requests
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from comfy.jobs.labels import public_number
from comfy.jobs.pipeline import INPUTS as CHAIN_INPUTS
from comfy.jobs.studio import WORKFLOWS
from comfy.ui.api import Api
from tests import exiftool
from tests.app_process import ROOT, AppProcess

ASSETS = ROOT / "assets"
KEYFRAME = ASSETS / "keyframe.jpg"
VOICE = ASSETS / "voice-en.mp3"
DONE = {"status": "completed", "progress": 1.0, "quality": "preview", "error": "", "verdict": []}


def part(job: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in like}


def parameters(client: Client) -> dict[str, list[str]]:
    """The parameters of each endpoint; those with a default carry its value."""
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    return {
        name: [
            f"{p['parameter_name']}={p['parameter_default']!r}"
            if p["parameter_has_default"]
            else p["parameter_name"]
            for p in endpoint["parameters"]
        ]
        for name, endpoint in endpoints.items()
    }


LAST = ("seed=0", "wait=True", "consent=False")
WHICH = "variant=''"
STRENGTH = "emotion_strength=0.65"
MOODS = ("emotion_audio=None", "emotion_text=''", "second_voice=None")


def test_the_endpoints_are_these_and_no_others(client: Client) -> None:
    assert parameters(client) == {
        "/image_cleanup": ["image", "instruction=''", "seed=0", "wait=True", WHICH, "mask=None"],
        "/voice_clone": [
            "reference_audio",
            "text",
            "emotion='neutral'",
            *LAST,
            WHICH,
            STRENGTH,
            *MOODS,
        ],
        "/talking_head": [
            *("image", "audio", "prompt=''", "size='auto'", *LAST, WHICH),
            *("video=None", "second_audio=None", "face=None"),
        ],
        "/pipeline": [
            *("image", "reference_audio", "text", "instruction=''", "emotion='neutral'"),
            *("prompt=''", "size='auto'", *LAST, "variants=None", STRENGTH),
        ],
        "/job": ["job_id"],
        "/cancel": ["job_id"],
    }


def test_the_docs_of_the_endpoints_name_what_there_is() -> None:
    for task in CHAIN_INPUTS:
        doc = str(inspect.getdoc(getattr(Api, task)))
        assert set(re.findall(r"(\w+)\(", doc)) <= {"handle_file"}
        (variant,) = re.findall(r'variant: .* e\.g\. "(.+?)"', doc)
        assert (WORKFLOWS / task / f"{variant}.json").exists()


def test_a_picture_comes_back_clean_and_in_its_own_size(client: Client) -> None:
    path, job = client.predict(handle_file(KEYFRAME), "去除字幕", api_name="/image_cleanup")
    assert part(job, DONE) == DONE
    assert re.fullmatch(r"clean-picture-\d{8}\.png", Path(path).name)
    with Image.open(path) as clean, Image.open(KEYFRAME) as original:
        assert clean.size == original.size


def test_a_text_comes_back_spoken(client: Client) -> None:
    path, job = client.predict(handle_file(VOICE), "Good morning.", api_name="/voice_clone")
    assert part(job, DONE) == DONE
    with av.open(path) as sound:
        assert sound.duration and sound.duration > 0.3 * av.time_base


def test_the_chain_gives_a_video_a_picture_and_a_sound(client: Client) -> None:
    video, picture, speech, job = client.predict(
        handle_file(KEYFRAME), handle_file(VOICE), "Hello there.", api_name="/pipeline"
    )
    assert [Path(path).suffix for path in (video, picture, speech)] == [".mp4", ".png", ".mp3"]
    assert [(step["task"], step["status"]) for step in job["steps"]] == [
        ("image_cleanup", "completed"),
        ("voice_clone", "completed"),
        ("talking_head", "completed"),
    ]
    with av.open(video) as opened:
        assert {stream.type for stream in opened.streams} == {"audio", "video"}
    for path, step in zip((picture, speech, video), job["steps"], strict=True):
        data = Path(path).read_bytes()
        assert b'"ContentProducer' in data or b"&quot;ContentProducer" in data, path
        number = public_number(step["id"])  # the label's, from which nobody finds the job
        for private in (step["id"], "127.0.0.1", "class_type", "Hello there", str(ROOT)):
            assert private.encode() not in data, (path, private)
        assert number.encode() in data
        if exiftool.HERE:  # and nothing else
            mark, source = sorted(exiftool.said(Path(path)), key=lambda text: number not in text)
            assert '"Label":"1"' in mark and "/digitalsourcetype/" in source


def test_a_job_that_is_not_waited_for_can_be_asked_about(client: Client) -> None:
    nothing, job = client.predict(
        handle_file(VOICE), "Ask me later.", wait=False, api_name="/voice_clone"
    )
    assert nothing is None
    deadline = time.monotonic() + 30
    files, state = client.predict(job["id"], api_name="/job")
    while state["status"] != "completed":
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
        files, state = client.predict(job["id"], api_name="/job")
    assert [Path(path).suffix for path in files] == [".mp3"]


def test_a_job_can_be_cancelled(client: Client) -> None:
    *_, job = client.predict(
        handle_file(KEYFRAME),
        handle_file(VOICE),
        "This would be a rather long video, if only somebody waited for it. " * 8,
        wait=False,
        api_name="/pipeline",
    )
    assert client.predict(job["id"], api_name="/cancel")["status"] == "cancelled"
    assert client.predict(job["id"], api_name="/job")[1]["status"] == "cancelled"


def test_a_file_that_is_no_picture_is_refused_in_words(app: AppProcess, tmp_path: Path) -> None:
    broken = tmp_path / "photo.png"
    broken.write_bytes(b"not a picture")
    said = {}
    for language in ("zh-CN", "en-US"):
        client = Client(app.url, verbose=False, headers={"Accept-Language": language})
        with pytest.raises(AppError) as refused:
            client.predict(handle_file(broken), api_name="/image_cleanup")
        said[language] = str(refused.value)
        client.close()
    assert said == {
        "zh-CN": "这个文件不是能打开的图片，请换一张 JPG、PNG 或 WebP。",
        "en-US": "This file is not a picture that can be opened. Please use a JPG, PNG or WebP.",
    }


@pytest.mark.parametrize("path", [str(ROOT / "assets" / "keyframe.jpg"), "/etc/hostname", "\0"])
def test_only_files_that_were_uploaded_are_read(client: Client, path: str) -> None:
    with pytest.raises(AppError, match="^This file cannot be opened"):
        client.predict({"path": path}, api_name="/image_cleanup")


BARE = {  # a path as plain text, where a file belongs
    "image_cleanup": [str(KEYFRAME), "", 0, True, "", None],
    "voice_clone": [str(VOICE), "hello", "neutral", 0, True, True, "", 0.65, None, "", None],
    "talking_head": [str(KEYFRAME), str(VOICE), "", "auto", 0, True, True, "", None, None, None],
}


@pytest.mark.parametrize("endpoint", BARE)
def test_a_bare_path_is_no_upload(app: AppProcess, endpoint: str) -> None:
    """A client that speaks HTTP by itself could name any file of the server."""
    url = f"{app.url.rstrip('/')}/gradio_api/call/{endpoint}"
    event = requests.post(url, json={"data": BARE[endpoint]}, timeout=30).json()["event_id"]
    answer = requests.get(f"{url}/{event}", timeout=60).text
    assert "event: error" in answer
    assert "cannot be opened" in answer


def test_a_big_body_is_taken_by_the_upload_alone(app: AppProcess) -> None:
    for path in ("gradio_api/run/upload", "gradio_api/api/upload", "gradio_api/queue/join"):
        answer = requests.post(f"{app.url.rstrip('/')}/{path}", data=b"[" * 5_000_000, timeout=30)
        assert answer.status_code == 413, path


def test_a_variant_can_be_asked_for(client: Client) -> None:
    given = (handle_file(VOICE), "Another one.")
    _, job = client.predict(*given, variant="second-voice", api_name="/voice_clone")
    assert (job["status"], job["variant"]) == ("completed", "second-voice")
    with pytest.raises(AppError, match='no variant "other".*: cpu-preview, second-voice.$'):
        client.predict(*given, variant="other", api_name="/voice_clone")
    chain = (handle_file(KEYFRAME), *given)
    with pytest.raises(AppError, match='No server here can run "IndexTTS2"'):
        client.predict(*chain, variants={"voice_clone": "indextts2"}, api_name="/pipeline")
    with pytest.raises(AppError, match='There is no "shop" here'):
        client.predict(*chain, variants={"shop": "x"}, api_name="/pipeline")


def test_a_mask_is_a_file_and_has_the_shape_of_its_picture(client: Client, tmp_path: Path) -> None:
    Image.new("L", (300, 100), 255).save(tmp_path / "mask.png")
    mask = handle_file(str(tmp_path / "mask.png"))
    with pytest.raises(AppError, match="The mask is 300×100, another shape than the picture"):
        client.predict(handle_file(KEYFRAME), mask=mask, api_name="/image_cleanup")


def test_what_no_server_here_can_use_is_said(client: Client) -> None:
    words = {"emotion_text": "quietly", "api_name": "/voice_clone"}
    with pytest.raises(AppError, match="No server can use this now"):
        client.predict(handle_file(VOICE), "hello", **words)
    two = {"second_audio": handle_file(VOICE), "api_name": "/talking_head"}
    with pytest.raises(AppError, match="No server can use this now"):
        client.predict(handle_file(KEYFRAME), handle_file(VOICE), **two)


def test_a_missing_text_is_named_as_on_the_page(client: Client) -> None:
    with pytest.raises(AppError, match='please add "Words to say"'):
        client.predict(handle_file(VOICE), " ", api_name="/voice_clone")


def test_an_unknown_job_is_said_to_be_unknown(client: Client) -> None:
    with pytest.raises(AppError, match="^This job cannot be found"):
        client.predict("no-such-job", api_name="/job")

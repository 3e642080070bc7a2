"""What the progress card says of jobs in every state."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from comfy.errors import InputError
from comfy.jobs.job import Job, Link, Output
from comfy.text import LANGUAGES
from comfy.ui.job_view import idle_card, refused_card, run_card

NOW = 1_700_000_000.0
PICTURE = Path("assets/keyframe.jpg")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def job(**changes: Any) -> Job:
    return Job(**{"id": "12345678-9", "task": "image_cleanup", "owner": "", "values": {}} | changes)


def english(card: dict[str, Any]) -> dict[str, Any]:
    """The card as one reader sees it."""

    def read(value: Any) -> Any:
        if isinstance(value, dict) and set(value) == set(LANGUAGES):
            return value["en"]
        if isinstance(value, dict):
            return {name: read(item) for name, item in value.items()}
        return [read(item) for item in value] if isinstance(value, list) else value

    return {name: read(value) for name, value in card.items()}


def steps(card: dict[str, Any]) -> str:
    return " ".join(f"{step['label']}:{step['state']}" for step in english(card)["steps"])


def test_an_empty_tab_says_what_will_appear() -> None:
    assert english(idle_card("talking_head", ["video"])) == {
        "state": "idle",
        "drawing": "video",
        "title": "Ready when you are",
        "detail": "The picture that speaks appears here as a video",
    }


def test_a_done_job_says_what_the_engine_could_not_do() -> None:
    done = job(status="completed", notes=("nothing_found",))
    assert str(english(run_card([done]))["detail"]).startswith("No text to remove was found")
    done = job(status="completed", notes=("removed:text:1:hi", "not_done:换背景"))
    assert run_card([done])["detail"] == {
        "zh": "预览引擎只能去掉文字，这一部分没有做：换背景。带 Qwen Image Edit 的服务器可以做。",
        "en": "The preview engine can only remove text; this was not done: 换背景. "
        "A server with Qwen Image Edit can do it.",
    }


def test_a_job_in_line_tells_its_place() -> None:
    card = run_card([job(status="waiting", phase="line", place=3, created=NOW - 4)], follow=True)
    assert english(card) == {
        "job": "12345678-9",
        "state": "waiting",
        "title": "In line",
        "detail": "3 ahead in line",
        "steps": [
            {"label": "In line", "state": "now"},
            {"label": "Upload", "state": "todo"},
            {"label": "Create", "state": "todo"},
            {"label": "Collect", "state": "todo"},
        ],
        "percent": 0,
        "seconds": 4.0,
        "running": True,
        "shown": 0,
        "preview": "",
        "note": "You can close this page. The work goes on, and it will be here when you return.",
        "follow": NOW,
    }


def test_a_job_that_waits_for_a_server_tells_why() -> None:
    waiting = job(status="waiting", phase="line", error={"code": "server_unreachable"})
    assert str(english(run_card([waiting]))["detail"]).startswith("The generation server cannot")


def test_a_running_job_tells_percent_time_left_and_shows_a_picture() -> None:
    running = job(
        status="in_progress",
        phase="run",
        progress=0.25,
        preview=PICTURE,
        created=NOW - 22,
        started=NOW - 20,
    )
    card = run_card([running])
    assert (card["percent"], card["seconds"]) == (25, 22.0)
    assert card["detail"] == {"zh": "大约还需 1:00", "en": "About 1:00 left"}
    assert card["preview"].startswith("data:image/jpeg;base64,")
    assert steps(card) == "In line:done Upload:done Create:now Collect:todo"


def test_a_finished_job_tells_how_long_it_took_and_how_good_it_is() -> None:
    done = job(
        status="completed",
        progress=1.0,
        quality="preview",
        outputs=(Output(PICTURE, "image"),),
        created=NOW - 100,
        ended=NOW - 88,
    )
    card = english(run_card([done]))
    assert {k: card[k] for k in ("state", "percent", "seconds", "running", "badge")} == {
        "state": "completed",
        "percent": 100,
        "seconds": 12.0,
        "running": False,
        "badge": "Preview quality",
    }


def test_a_failed_job_tells_what_is_wrong_and_its_number() -> None:
    error = {"code": "prompt_failed", "details": {"reason": "no_face", "class_type": "CPUHead"}}
    failed = job(status="failed", phase="run", error=error)
    card = run_card([failed])
    assert card["detail"]["zh"] == (
        "图片或视频里没有找到正面的人脸，请换一个脸部清楚、朝前的。（任务编号 12345678）"
    )
    assert steps(card) == "In line:done Upload:done Create:stopped Collect:todo"


def test_a_refused_input_is_named_as_on_the_page() -> None:
    card = refused_card(InputError("input_missing", input="reference_audio"))
    assert card["detail"] == {
        "zh": "还差一步：请先填写或上传“参考声音”。",
        "en": 'One thing is missing: please add "Voice sample".',
    }


def test_a_missing_tick_is_asked_for_where_it_is() -> None:
    card = refused_card(InputError("consent_missing", input="image"), "pipeline-consent")
    assert (card["title"]["en"], card["at"]) == ("One thing is missing", "pipeline-consent")
    assert "at" not in refused_card(InputError("input_missing", input="text"), "pipeline-consent")


def test_the_chain_is_one_card_with_its_tasks_as_steps() -> None:
    jobs = [
        job(id="a", status="completed", progress=1.0),
        job(id="b", task="voice_clone", status="in_progress", progress=0.5),
        job(id="c", task="talking_head", values={"image": Link("a"), "audio": Link("b")}),
    ]
    card = run_card(jobs)
    assert (card["state"], card["percent"], card["shown"]) == ("in_progress", 50, 1)
    assert steps(card) == "Clean up:done Voice:now Talking head:todo"


def chain(*, second: dict[str, Any], last: dict[str, Any]) -> list[Job]:
    """A picture that is half cleaned after ten seconds; the speech, and the video of both."""
    first = {"status": "in_progress", "phase": "run", "progress": 0.5, "started": NOW - 10}
    links = {"image": Link("a"), "audio": Link("b")}
    return [
        job(id="a", server="one", expected=20.0, **first),
        job(id="b", task="voice_clone", **second),
        job(id="c", task="talking_head", values=links, phase="links", **last),
    ]


@pytest.mark.parametrize(
    ("second", "last", "told"),
    [
        # beside the first step, on another server: the longer one counts
        ({"server": "two", "phase": "upload", "expected": 40.0}, {"expected": 60.0}, "1:40"),
        # on the same server: one after the other
        (
            {"server": "one", "phase": "queue", "place": 1, "expected": 40.0},
            {"expected": 60.0},
            "1:50",
        ),
        ({"status": "completed"}, {"expected": 60.0}, "1:10"),
        ({"status": "completed"}, {"expected": 0.0}, None),  # nobody can tell yet
        ({"phase": "line", "expected": 40.0}, {"expected": 60.0}, None),  # others come first
        ({"server": "one", "phase": "queue", "place": 2, "expected": 4.0}, {"expected": 6.0}, None),
    ],
)
def test_the_chain_tells_the_time_until_its_last_step_is_done(
    second: dict[str, Any], last: dict[str, Any], told: str | None
) -> None:
    detail = run_card(chain(second=second, last=last))["detail"]
    assert detail == (told and {"zh": f"大约还需 {told}", "en": f"About {told} left"})


def test_a_chain_between_two_steps_still_tells_the_time_left() -> None:
    done = [job(id=name, status="completed") for name in "ab"]
    links = {"image": Link("a"), "audio": Link("b")}
    waits = job(id="c", task="talking_head", values=links, expected=75.0)
    assert english(run_card([*done, waits.changed(phase="upload")]))["detail"] == "About 1:15 left"
    assert run_card([*done, waits.changed(phase="server")])["detail"]["en"].startswith("No server")


def test_a_chain_with_a_broken_part_has_failed_even_while_others_go_on() -> None:
    jobs = [
        job(id="a", status="failed", error={"code": "picture_unusable"}),
        job(id="b", task="voice_clone", status="in_progress"),
    ]
    card = run_card(jobs)
    assert (card["state"], card["running"]) == ("failed", True)


def test_a_preview_that_is_gone_is_no_error(tmp_path: Path) -> None:
    card = run_card([job(status="in_progress", preview=tmp_path / "gone.png")])
    assert card["preview"] == ""

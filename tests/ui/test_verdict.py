"""What the page says of a faulty result, and what it offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from comfy.jobs.job import Job, Output
from comfy.jobs.remedies import REMEDIES
from comfy.text import has, texts
from comfy.ui.verdict import verdict_value

LATE = {"code": "lips_late", "seconds": "0.24"}
SHORT = {"code": "too_short", "seconds": "1.20", "length": "8.0"}
MUTE = {"code": "no_sound"}
NO_FACE = {"code": "no_face"}


def job(*findings: dict[str, str], **changes: Any) -> Job:
    done = {"id": "1", "task": "talking_head", "owner": "", "values": {}, "status": "completed"}
    return Job(**done | {"findings": findings} | changes)


def offered(*jobs: Job, raw: bool = False) -> list[tuple[str, str]]:
    """The English sentences, and what the button after each does."""
    lines = verdict_value(jobs, raw=raw)
    return [(line["en"], line.get("mend", {}).get("id", "")) for line in lines]


def test_each_fault_is_a_sentence_and_each_remedy_stands_once() -> None:
    assert offered(job(SHORT, MUTE, LATE, NO_FACE)) == [
        ("The picture ends 1.20 s before the sound, which has 8.0 s.", "sound"),
        ("The video has no sound.", ""),
        ("The lips are 0.24 s behind the sound.", "shift"),
        ("No frontal face was recognised, so lips and sound were not compared.", ""),
    ]


def test_what_was_tried_is_not_offered_again() -> None:
    assert offered(job(SHORT, values={"remedy": "sound"}))[0][1] == ""


def test_of_a_chain_only_the_last_result_can_be_mended() -> None:
    quiet = job({"code": "quiet", "level": "-44"}, task="voice_clone")
    cut = job({"code": "cut"}, task="voice_clone")
    assert [button for _, button in offered(quiet, cut, job(SHORT))] == ["", "again", "sound"]
    assert offered(job(SHORT, status="failed")) == []


def test_the_other_picture_can_be_shown() -> None:
    outputs = (Output(Path("mended.png"), "image"), Output(Path("own.png"), "image"))
    done = job(notes=("pasted:3.1",), outputs=outputs)
    assert [button for _, button in offered(done)] == ["raw"]
    assert [button for _, button in offered(done, raw=True)] == ["mended"]
    assert offered(done.changed(notes=("not_pasted:repainted",))) == []


def test_only_faults_are_drawn_as_a_warning() -> None:
    assert [line["calm"] for line in verdict_value([job(NO_FACE, MUTE)])] == [True, False]


def test_every_remedy_has_a_name_and_its_faults_a_sentence() -> None:
    assert [code for code in REMEDIES if not has(f"verdict.{code}")] == []
    assert [name for name in REMEDIES.values() if not has(f"remedy.{name}")] == []
    faults = {key.removeprefix("verdict.") for key in texts() if key.startswith("verdict.")}
    assert faults - set(REMEDIES) == {"size", "no_face", "raw", "mended"}

"""`python -m comfy.add` takes a file in, tells what changed, and goes back with one command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from comfy.add import main
from comfy.protocol import Nodes
from comfy.text import say
from comfy.workflow.task import load_tasks
from tests.conftest import EngineProcess
from tests.workflow import foreign
from tests.workflow.foreign import node
from tests.workflow.test_read import ui_file

WORKFLOWS = Path(__file__).parent.parent / "workflows"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("STUDIO_WORKFLOWS", str(tmp_path / "own"))
    return tmp_path / "own"


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def put(folder: Path, nodes: Nodes, name: str = "voice.json") -> str:
    path = folder / name
    path.write_text(json.dumps(nodes), encoding="utf-8")
    return str(path)


def text_of(own: Path, name: str = "voice") -> str:
    return (own / "voice_clone" / f"{name}.json").read_text("utf-8")


def test_a_file_is_taken_in_and_used(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str]
) -> None:
    assert main([put(tmp_path, foreign.voice()), "--task", "voice_clone"]) == 0
    told = report.readouterr().out
    assert "  Words to say → text of node 9 (IndexTTS2Run)\n" in told
    assert "  result ← node 11 (SaveAudioMP3)\n" in told
    assert "left out: PreviewAudio." in told
    first = load_tasks(WORKFLOWS, own)["voice_clone"].variants[0]
    assert (first.name, first.remarks) == ("voice", ())


def test_the_version_before_is_kept_and_comes_back(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str]
) -> None:
    main([put(tmp_path, foreign.voice()), "--task", "voice_clone"])
    before = text_of(own)
    changed = foreign.voice()
    changed["9"]["inputs"]["top_k"] = 50
    del changed["9"]["inputs"]["emo_vector"]
    assert main([put(tmp_path, changed), "--task", "voice_clone"]) == 0
    told = report.readouterr().out
    assert "  Gone inputs: Mood\n  New values: IndexTTS2Run.top_k = 50\n" in told
    assert "the version before is kept in" in told
    now = text_of(own)

    back = ["voice", "--task", "voice_clone", "--back"]
    assert main(back) == 0 and text_of(own) == before
    assert '"voice" is back' in report.readouterr().out
    assert main(back) == 0 and text_of(own) == now
    assert main(["voice", "--task", "image_cleanup", "--back"]) == 1
    assert main([put(tmp_path, changed), "--task", "voice_clone"]) == 0
    assert say("bring.same", "en") in report.readouterr().out


def test_what_was_put_away_comes_back_when_nothing_stands_there(tmp_path: Path, own: Path) -> None:
    for _ in range(2):
        main([put(tmp_path, foreign.voice()), "--task", "voice_clone"])
    for part in ("json", "toml"):
        (own / "voice_clone" / f"voice.{part}").unlink()
    assert main(["voice", "--task", "voice_clone", "--back"]) == 0
    assert json.loads(text_of(own))["11"]["class_type"] == "SaveAudioMP3"


def test_back_without_a_version_before_changes_nothing(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str]
) -> None:
    main([put(tmp_path, foreign.voice()), "--task", "voice_clone"])
    before = text_of(own)
    assert main(["voice", "--task", "voice_clone", "--back"]) == 1
    assert 'no version of "voice" before' in report.readouterr().out
    assert text_of(own) == before


def test_a_dry_run_writes_nothing(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str], engine: EngineProcess
) -> None:
    file = put(tmp_path, foreign.voice())
    assert main([file, "--task", "voice_clone", "--dry-run", "--server", engine.url]) == 0
    told = report.readouterr().out
    assert "lacks components: IndexTTS2Run" in told
    assert "IndexTTS2Run are in the pack billwuhao/ComfyUI_IndexTTS" in told
    assert not own.exists()


def test_a_server_that_can_run_it_says_so(
    tmp_path: Path, report: pytest.CaptureFixture[str], engine: EngineProcess
) -> None:
    ours = json.loads((WORKFLOWS / "voice_clone" / "cpu-preview.json").read_text("utf-8"))
    arguments = ["--task", "voice_clone", "--server", engine.url, "--name", "preview"]
    assert main([put(tmp_path, ours), *arguments]) == 0
    assert say("bring.server_fine", "en") in report.readouterr().out


def test_an_open_question_is_asked_and_answered(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str]
) -> None:
    nodes = foreign.voice()
    nodes["12"] = node("LoadAudio", audio="noise.wav")
    nodes["9"]["inputs"]["noise"] = ["12", 0]
    file = put(tmp_path, nodes)
    assert main([file, "--task", "voice_clone"]) == 1
    told = report.readouterr().out
    assert 'could take "Voice sample": 7, 12' in told and say("bring.not_written", "en") in told
    both = ["--bind", "reference_audio=7.audio", "--bind", "reference_audio=12.audio"]
    assert main([file, "--task", "voice_clone", *both]) == 0
    assert main([file, "--task", "voice_clone", "--bind", "reference_audio=99.audio"]) == 1
    assert "Node 99" in report.readouterr().out
    with pytest.raises(SystemExit):
        main([file, "--task", "voice_clone", "--bind", "reference_audio"])


def test_an_unknown_class_in_the_front_end_s_format_is_told(
    tmp_path: Path, report: pytest.CaptureFixture[str]
) -> None:
    canvas = json.loads(ui_file(tmp_path, "Their Scaler").read_text("utf-8"))
    file = put(tmp_path, canvas)
    answers = ["--bind", "instruction=2.image"]
    assert main([file, "--task", "image_cleanup", *answers]) == 1
    assert "is in UI format and too little is known" in report.readouterr().out


@pytest.mark.parametrize("name", ["../../etc/x", "task", ".hidden", "a/b", "", "x" * 57])
def test_a_name_is_never_a_path(
    tmp_path: Path, own: Path, report: pytest.CaptureFixture[str], name: str
) -> None:
    file = put(tmp_path, foreign.voice(), "数字人 (2).json")
    assert main([file, "--task", "voice_clone", "--name", name]) == 1
    assert say("error.name_not_plain", "en") in report.readouterr().out
    assert not own.exists()
    assert main([file, "--task", "voice_clone"]) == 0
    assert text_of(own, "2")

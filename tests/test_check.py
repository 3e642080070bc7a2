"""`python -m comfy.check` tells an operator what is wrong with files and servers, and says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from comfy.check import Words, main
from comfy.text import say, texts
from comfy.workflow.problem import Problem, Remark
from tests.client.scripted import Scripted
from tests.conftest import EngineProcess
from tests.workflow import foreign


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COMFY_SERVERS", "COMFY_TOKENS", "STUDIO_WORKFLOWS", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


def test_the_preview_engine_can_do_every_task(
    engine: EngineProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([engine.url]) == 0
    report = capsys.readouterr().out
    for task in ("image_cleanup", "voice_clone", "talking_head"):
        name, variant = say(f"task.{task}", "en"), say("variant.cpu-preview", "en")
        assert f"{name}: runs with {variant}" in report
    assert "✗" not in report  # the variants for real servers are none of its business
    assert report.endswith(say("check.good", "en") + "\n")


def test_a_server_that_lacks_everything_is_told_what_to_install(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = Scripted()
    stats = {"system": {"comfyui_version": "0.8.0"}}
    server.answers["system_stats"] = lambda _: JSONResponse(stats)
    server.answers["object_info"] = lambda _: JSONResponse({"LoadImage": {"output": ["IMAGE"]}})
    server.start()
    try:
        assert main([server.url]) == 1
    finally:
        server.stop()
    report = capsys.readouterr().out
    assert f"  {say('task.voice_clone', 'en')}: nothing can be run\n    ✗ IndexTTS2\n" in report
    assert "IndexTTS2Run, MultiLinePromptIndex are in the pack billwuhao/ComfyUI_Ind" in report
    assert say("variant.cpu-preview", "en") not in report
    assert report.endswith(say("check.bad", "en") + "\n")


def test_without_a_server_the_files_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    assert say("check.no_server", "en") in capsys.readouterr().out
    (tmp_path / "v2v.json").write_text(json.dumps(foreign.video_to_video()), encoding="utf-8")
    assert main(["--workflows", str(tmp_path)]) == 0
    assert "Talking head: v2v\n    - The picture input (node i1)" in capsys.readouterr().out
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert main(["--workflows", str(tmp_path)]) == 1
    assert '  ✗ "broken" is not a JSON file that can be read' in capsys.readouterr().out


def test_a_server_that_does_not_answer_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMFY_SERVERS", "http://127.0.0.1:9")
    monkeypatch.setenv("COMFY_TOKENS", "secret")
    assert main([]) == 1
    report = capsys.readouterr().out
    assert f"Server http://127.0.0.1:9\n  ✗ {say('error.server_unreachable', 'en')}" in report
    assert "secret" not in report


def test_a_wrong_address_is_told_without_its_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ftp://ann:secret@host"])
    assert ended.value.code == 2 and "secret" not in capsys.readouterr().err


def test_a_report_names_packs_newer_cores_and_nearest_names() -> None:
    words = Words.of_terminal({"LANG": "en"})
    nodes = ["QwenImage21Cache", "Their Node", "VHS_VideoCombine"]
    nearest = {"QwenImage21Cache": ["ImageScale"], "Their Node": ["Her Node"]}
    assert list(words.problem(Problem("node_missing", {"nodes": nodes, "nearest": nearest}))) == [
        say("error.node_missing", "en", nodes=nodes),
        "  VHS_VideoCombine are in the pack Kosinkadink/ComfyUI-VideoHelperSuite",
        "  QwenImage21Cache are part of ComfyUI: update it",
        "  Their Node: the nearest on the server is Her Node",
    ]
    models = Problem("model_missing", {"models": ["a.gguf"], "nearest": {"a.gguf": ["b.gguf"]}})
    assert list(words.problem(models))[1:] == ["  a.gguf: the nearest on the server is b.gguf"]


def test_a_remark_speaks_the_operator_s_language() -> None:
    words = Words.of_terminal({"LC_ALL": "zh_CN.UTF-8"})
    assert words.remark(Remark("input_without_place", {"input": "emotion"})) == (
        "这个文件没有“语气”这一项，设置它不会有作用。"
    )
    assert words.remark(Problem("saver_not_found", {"variant": "mine", "task": "voice_clone"}))
    assert (words.variant("mine"), words.task("shop")) == ("mine", "shop")


def test_every_remark_has_a_sentence_and_is_made_somewhere() -> None:
    """Both ways, as for the errors."""

    root = Path(__file__).parent.parent / "comfy" / "workflow"
    source = "\n".join(path.read_text("utf-8") for path in root.glob("*.py"))
    made = set(re.findall(r'Remark\(\s*"(\w+)"', source))
    assert made == {key.removeprefix("remark.") for key in texts() if key.startswith("remark.")}

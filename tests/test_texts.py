"""Texts, codes and languages are held together, both ways."""

import ast
import re
import string
from pathlib import Path

import pytest

from comfy.settings import SETTINGS
from comfy.text import LANGUAGES, explain, pick_language, say, texts
from comfy.workflow.task import load_tasks
from tests.sources import parsed

ROOT = Path(__file__).parent.parent
SOURCES = {
    path: path.read_text("utf-8")
    for path in [ROOT / "app.py", *sorted((ROOT / "comfy").rglob("*.py"))]
    if path.exists()
}
RAISED = re.compile(r"(\w+Error|PromptRejected|PromptFailed|OutputMissing|Problem)$")
SERVER_SIDE = {"outside_output_folder"}  # only in an engine's log and history
TASKS = load_tasks(ROOT / "workflows")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def codes() -> set[str]:
    """The first argument of every error that is made, and the classes' own codes."""
    found = set()
    for source in SOURCES.values():
        for node in ast.walk(parsed(source)):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]):
                    if RAISED.search(name) and code and re.fullmatch("[a-z_]+", code):
                        found.add(code)
                case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=code)):
                    found.add(code)
    return found


def test_every_text_is_there_in_every_language_with_the_same_places():
    for key, entry in texts().items():
        assert set(entry) == set(LANGUAGES), key
        assert all(text.strip() for text in entry.values()), key
        assert placeholders(entry["zh"]) == placeholders(entry["en"]), key


def test_every_error_has_a_sentence():
    known = {key.removeprefix("error.") for key in texts() if key.startswith("error.")}
    assert codes() - known - SERVER_SIDE == set()


def test_every_sentence_has_an_error():
    known = {key.removeprefix("error.") for key in texts() if key.startswith("error.")}
    assert known - codes() == set()


def test_every_text_is_used():
    """Its key stands in the code, or its group is filled in there: f"phase.{job.phase}"."""
    whole = "\n".join(SOURCES.values()) + "".join(
        p.read_text("utf-8") for p in (ROOT / "assets").glob("*.js")
    )
    groups = set(re.findall(r"""f["'](\w+)\.\{""", whole)) | {"error"}
    unused = [
        key
        for key in texts()
        if key.split(".")[0] not in groups
        and not re.search(rf"""["']{re.escape(key)}["']""", whole)
    ]
    assert unused == []


def test_tasks_inputs_choices_and_variants_have_names():
    for task in TASKS.values():
        assert f"task.{task.name}" in texts()
        for item in task.inputs:
            assert f"input.{item.name}" in texts()
            named = [c for c in item.choices if not re.fullmatch(r"\d+x\d+", c)]
            assert [c for c in named if f"choice.{c}" not in texts()] == []
        assert [v.name for v in task.variants if f"variant.{v.name}" not in texts()] == []


def test_settings_have_a_help():
    assert [item.name for item in SETTINGS if f"setting.{item.name}" not in texts()] == []


def test_a_sentence_is_filled_in():
    details = {"models": ["a.gguf", "b.gguf"], "nearest": {}}
    assert say("error.model_missing", "en", **details) == (
        "The server lacks model files: a.gguf, b.gguf. Please ask the administrator to add them."
    )
    assert say("error.sound_too_short", "zh", limit=0.3) == "声音太短，至少要 0.3 秒。"
    assert say("error.unexpected", "en") == (
        "Something unexpected happened, number . Please send the number to the administrator."
    )


def test_an_error_is_explained_in_the_page_s_words():
    missing = explain("input_missing", "en", {"input": "reference_audio"})
    assert missing == f'One thing is missing: please add "{say("input.reference_audio", "en")}".'
    wrong = explain("choice_unknown", "zh", {"input": "emotion", "choices": ["happy", "sad"]})
    assert wrong.endswith("：开心, 悲伤。")
    failed = explain("prompt_failed", "en", {"reason": "no_face", "class_type": "CPUTalkingHead"})
    assert failed == say("error.no_face", "en")
    assert explain("never_seen", "en", {"job": "7"}) == say("error.unexpected", "en", job="7")


def test_what_a_person_wrote_is_not_read_as_a_format():
    assert "{0.__class__}" in say("error.task_unknown", "en", task="{0.__class__}")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh", "zh"),
        ("zh-HK,en;q=0.8", "zh"),
        ("zh-Hans-CN", "zh"),
        ("en-US,zh;q=0.5", "en"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_any_chinese_is_chinese_and_the_rest_is_english(header, language):
    assert pick_language(header) == language

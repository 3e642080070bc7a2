"""Dropped files and tables become rows, or a sentence that says why not."""

import pytest

from comfy.errors import InputError
from comfy.jobs.studio import WORKFLOWS
from comfy.ui.batch_rows import read_rows
from comfy.workflow.task import load_tasks

TASKS = load_tasks(WORKFLOWS)
INPUTS = [item for name in ("image_cleanup", "voice_clone") for item in TASKS[name].inputs]


def make(folder, *names, **texts):
    for name in names:
        (folder / name).write_bytes(b"x")
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_bytes(text)
    return sorted(folder.iterdir())


def short(rows):
    return [
        (row["name"], {k: getattr(v, "name", v) for k, v in row["values"].items()}) for row in rows
    ]


def test_what_there_is_one_of_goes_with_all(tmp_path):
    files = make(tmp_path, "b.png", "a.JPG", "voice.mp3", hello_txt="你好".encode())
    assert short(read_rows(files, INPUTS, {"emotion": "happy", "text": "form"})) == [
        (
            "a",
            {"emotion": "happy", "text": "你好", "image": "a.JPG", "reference_audio": "voice.mp3"},
        ),
        (
            "b",
            {"emotion": "happy", "text": "你好", "image": "b.png", "reference_audio": "voice.mp3"},
        ),
    ]


def test_as_many_of_each_go_side_by_side(tmp_path):
    files = make(tmp_path, "1.png", "2.png", one_txt=b"One.", two_txt=b"Two.")
    rows = short(read_rows(files, INPUTS, {}))
    assert [name for name, _ in rows] == ["1 + one", "2 + two"]
    assert [values["text"] for _, values in rows] == ["One.", "Two."]


def test_what_does_not_pair_up_is_said(tmp_path):
    with pytest.raises(InputError) as caught:
        read_rows(make(tmp_path, "1.png", "2.png", "3.png", "a.mp3", "b.mp3"), INPUTS, {})
    assert caught.value.details == {"pictures": 3, "voices": 2, "scripts": 0}
    with pytest.raises(InputError) as caught:
        read_rows([], INPUTS, {})
    assert caught.value.code == "batch_empty"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_names_the_files(tmp_path, encoding):
    table = "图片;文字;语气;name\nA.png;你好;happy;一\n;再见;;\nmissing.png;x;;\n".encode(encoding)
    rows = read_rows(make(tmp_path, "a.png", rows_csv=table), INPUTS, {"image": "form.png"})
    assert short(rows) == [
        ("一", {"image": "a.png", "text": "你好", "emotion": "happy"}),
        ("2", {"image": "form.png", "text": "再见"}),
        ("3", {"image": "form.png", "text": "x"}),
    ]
    assert rows[2]["error"] == {"code": "batch_file", "details": {"file": "missing.png"}}


@pytest.mark.parametrize("text", [b"", b"a,b\n1,2\n", b"\x00\x01\n"])
def test_a_table_without_columns_is_refused(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read_rows(make(tmp_path, rows_csv=text), INPUTS, {})
    assert caught.value.code == "batch_table"

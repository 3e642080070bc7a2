"""The README is true: its tables equal the code, its commands are the ones that CI runs."""

import re
import tomllib
from pathlib import Path

from comfy import __version__
from comfy.settings import SETTINGS
from comfy.text import say
from comfy.workflow.task import load_tasks
from tests.test_lock import REQUIREMENTS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def settings_table() -> str:
    rows = ["| environment | command line | default | what it is |", "|---|---|---|---|"]
    for item in SETTINGS:
        default = f"`{item.default}`" if item.default else ""
        text = say(f"setting.{item.name}", "en")
        rows.append(f"| `{item.env}` | `{item.flag}` | {default} | {text} |")
    return "\n".join(rows)


def test_the_settings_table_is_the_code_s():
    found = re.search(r"<!-- settings -->\n(.*)\n<!-- /settings -->", README, re.S)
    assert found and found[1] == settings_table()


def test_the_test_command_is_what_ci_runs():
    command = re.findall(r"```sh\n(.*?)\n```", README, re.S)[1]
    installs, runs = command.split(" && ")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert re.findall(r"-r (\S+)", installs) == list(REQUIREMENTS)  # the lock is made of these
    assert re.findall("^pip install .*-r (.*)$", script, re.M) == [".ci/requirements.lock"]
    assert runs in script.splitlines()[-1]


def test_every_file_that_it_names_is_there():
    names = re.findall(r"(?:assets|workflows|tests)/[\w./-]+\w", README)
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_spaces_get_the_version_that_is_installed():
    version = re.search(r"^sdk_version: (.*)$", README, re.M)
    assert version and f"gradio=={version[1]}" in (ROOT / "requirements.txt").read_text("utf-8")


def test_the_variants_of_each_task_are_named():
    for task in load_tasks(ROOT / "workflows").values():
        full = [variant for variant in task.variants if variant.quality == "full"]
        assert full, task.name
        assert all(say(f"variant.{v.name}", "en").rsplit(" ", 1)[0] in README for v in full)


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__

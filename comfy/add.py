"""`python -m comfy.add FILE --task TASK`: take in a workflow file, and go back if it was no good.

For operators at a terminal only; nothing of the page leads here. A pair of files is written into
`<folder>/<task>/`; the pair that was there before is kept in `<folder>/<task>/.previous/`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comfy.check import WORKFLOWS, Words, ask, server_at
from comfy.errors import StudioError, WorkflowError
from comfy.protocol import ObjectInfo
from comfy.settings import Settings
from comfy.workflow.difference import difference
from comfy.workflow.discover import Found, discover_form
from comfy.workflow.formats import lost, read_graph
from comfy.workflow.manifest import write_graph, write_manifest
from comfy.workflow.places import reachable
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.prompt import Prompt
from comfy.workflow.read import MOST_NAME
from comfy.workflow.task import Task, load_tasks, read_signatures
from comfy.workflow.trial import variant_problems
from comfy.workflow.variant import Variant, load_variant

PLAIN_NAME = re.compile(rf"(?!task$)[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,{MOST_NAME - 1}}}")
BINDING = re.compile(r"(\w+)=(.+)\.([^.]+)")
PREVIOUS = ".previous"
PARTS = (".json", ".toml")


@dataclass(frozen=True)
class Shelf:
    """Where one variant's pair of files stands, and the pair before it."""

    folder: Path
    name: str

    def manifest(self) -> Path:
        return self.folder / f"{self.name}.toml"

    def previous(self) -> Path:
        return self.folder / PREVIOUS

    def put(self, texts: dict[str, str]) -> bool:
        """Write the new pair; True if another one was there and is kept now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self._move(self.folder, self.previous())
        for part, text in texts.items():
            (self.folder / f"{self.name}{part}").write_text(text, encoding="utf-8")
        return kept

    def back(self) -> bool:
        """Let the pair and the one before it change places. False if there is none."""
        waiting = self.previous() / "now"
        was_there = self._move(self.folder, waiting)
        found = self._move(self.previous(), self.folder)
        self._move(waiting, self.previous() if found else self.folder)
        if was_there:
            waiting.rmdir()
        return found

    def _move(self, source: Path, target: Path) -> bool:
        """Move the pair; the target has just what the source had. False if there is none."""
        names = [f"{self.name}{part}" for part in PARTS]
        there = [name for name in names if (source / name).exists()]
        if there:
            target.mkdir(parents=True, exist_ok=True)
            for name in names:
                (target / name).unlink(missing_ok=True)
            for name in there:
                (source / name).replace(target / name)
        return bool(there)


def main(argv: Sequence[str] | None = None) -> int:
    """0: written, shown, or gone back; 1: with a sentence why not."""
    words, settings = Words.of_terminal(), Settings.load([])
    folder = settings.workflows or WORKFLOWS
    tasks = load_tasks(WORKFLOWS)
    given = _parser(words, tasks).parse_args(argv)
    task = tasks[given.task]
    name = _plain_name(Path(given.file).stem) if given.name is None else given.name
    try:
        if not PLAIN_NAME.fullmatch(name):
            raise WorkflowError("name_not_plain")
        shelf = Shelf((given.folder or folder) / task.name, name)
        if given.back:
            return _go_back(shelf, words)
        return _add(given, task, shelf, words)
    except StudioError as error:
        details = {"variant": name, "task": task.name, **error.details}
        _say_problems([Problem(error.code, details)], words)
        return 1


def _parser(words: Words, tasks: dict[str, Task]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="comfy.add", description=words.say("bring.about"))
    parser.add_argument("file", help=words.say("bring.file"))
    parser.add_argument(
        "--task", required=True, choices=list(tasks), help=words.say("bring.task", tasks=[*tasks])
    )
    parser.add_argument("--name", help=words.say("bring.name"), metavar="X")
    parser.add_argument("--folder", type=Path, help=words.say("bring.folder"), metavar="X")
    parser.add_argument("--server", type=server_at, help=words.say("bring.server"), metavar="X")
    parser.add_argument(
        "--bind", action="append", default=[], type=_told, help=words.say("bring.bind"), metavar="X"
    )
    parser.add_argument("--dry-run", action="store_true", help=words.say("bring.dry"))
    parser.add_argument("--back", action="store_true", help=words.say("bring.back"))
    return parser


def _told(text: str) -> tuple[str, tuple[str, str]]:
    """ "image=12.image" as ("image", ("12", "image"))."""
    match = BINDING.fullmatch(text)
    if not match:
        raise ValueError(text)
    return match[1], (match[2], match[3])


def _plain_name(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.")[:MOST_NAME] or "workflow"


def _go_back(shelf: Shelf, words: Words) -> int:
    done = shelf.back()
    print(words.say("bring.went_back" if done else "bring.no_previous", name=shelf.name))
    return 0 if done else 1


def _add(given: argparse.Namespace, task: Task, shelf: Shelf, words: Words) -> int:
    info: ObjectInfo = ask(given.server[0])[1] if given.server else {}
    nodes, remarks = read_graph(Path(given.file), info or read_signatures(WORKFLOWS))
    told: dict[str, list[tuple[str, str]]] = {}
    for name, place in given.bind:
        told.setdefault(name, []).append(place)
    found = discover_form(nodes, task.output, task.inputs, told)
    _show(found, words)
    notes: list[Remark | Problem] = [*remarks, *found.remarks]
    for remark in notes:
        print(f"  - {words.remark(remark)}")
    wrong = list(found.problems)
    if not wrong:
        wrong = lost(remarks, reachable(Prompt(found.nodes), found.output_node))
    if wrong:
        where = {"task": task.name, "variant": shelf.name}
        _say_problems([Problem(p.code, {**where, **p.details}) for p in wrong], words)
        print(words.say("bring.not_written"))
        return 1
    return _write(found, task, shelf, info, words, dry=given.dry_run)


def _write(
    found: Found, task: Task, shelf: Shelf, info: ObjectInfo, words: Words, *, dry: bool
) -> int:
    texts = {".json": write_graph(found), ".toml": write_manifest(found)}
    new = _tried(texts, task, shelf)
    if info:
        wrong = variant_problems(new, info)
        _say_problems(wrong, words)
        if not wrong:
            print(f"  ✓ {words.say('bring.server_fine')}")
    before = load_variant(shelf.manifest(), task.name, task.inputs)
    if isinstance(before, Variant):
        _show_difference(before, new, words)
    if dry:
        print(words.say("bring.not_written"))
        return 0
    kept = shelf.put(texts)
    key = "bring.written" if kept else "bring.written_new"
    print(words.say(key, path=shelf.manifest(), previous=shelf.previous()))
    return 0


def _tried(texts: dict[str, str], task: Task, shelf: Shelf) -> Variant:
    """The variant as the studio will read it, before anything is replaced."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Shelf(Path(folder), shelf.name)
        trial.put(texts)
        loaded = load_variant(trial.manifest(), task.name, task.inputs)
    if isinstance(loaded, Variant):
        return loaded
    raise WorkflowError(loaded[0].code, **loaded[0].details)


def _show(found: Found, words: Words) -> None:
    print(words.say("bring.found"))
    for binding in found.bindings:
        where = {"node": binding.node, "name": binding.name}
        class_type = found.nodes[binding.node]["class_type"]
        name = words.say(f"input.{binding.input.name}")
        print(f"  {words.say('bring.place', input=name, class_type=class_type, **where)}")
    if found.output_node:
        class_type = found.nodes[found.output_node]["class_type"]
        print(f"  {words.say('bring.output', node=found.output_node, class_type=class_type)}")


def _show_difference(before: Variant, new: Variant, words: Words) -> None:
    changes = difference(before, new)
    if not changes:
        print(words.say("bring.same"))
    for change in changes:
        key = "bring.more" if change.more else "bring.less"
        names = [words.say(f"input.{n}") if change.part == "inputs" else n for n in change.names]
        print(f"  {words.say(key, what=words.say(f'part.{change.part}'), names=names)}")


def _say_problems(problems: Sequence[Problem], words: Words) -> None:
    for problem in problems:
        for number, line in enumerate(words.problem(problem)):
            print(("  ✗ " if number == 0 else "    ") + line)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m comfy.check [SERVER...]`: are the workflow files right, and what can each server run?

Ends with 0 when every file can be read, every server answers, and every task can be run on at
least one of them; else with 1. A variant that no server can run is told but is no failure: no
server has the models of all of them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from comfy.addresses import BadAddress, ServerAddress, read_addresses
from comfy.client.http import ComfyClient
from comfy.errors import StudioError
from comfy.protocol import ObjectInfo
from comfy.settings import Settings
from comfy.text import explain, has, named, say, terminal_language
from comfy.workflow.problem import Problem, Remark
from comfy.workflow.task import Task, load_tasks
from comfy.workflow.trial import variant_problems
from comfy.workflow.variant import Variant

WORKFLOWS = Path(__file__).parent.parent / "workflows"
PACKS = WORKFLOWS / "packs.toml"
CORE = "ComfyUI"  # in packs.toml: what comes with the server itself
CLIENT_ID = "studio-check"
PREVIEW_ENGINE = "preview-engine"  # what our own engine says instead of a version


@dataclass(frozen=True)
class Words:
    """Sentences in the operator's language."""

    language: str
    packs: Mapping[str, Sequence[str]]  # pack -> patterns of its class names

    @classmethod
    def of_terminal(cls, env: Mapping[str, str] = os.environ) -> Words:
        packs = tomllib.loads(PACKS.read_text(encoding="utf-8"))["packs"]
        return cls(terminal_language(env), packs)

    def say(self, key: str, **details: object) -> str:
        return say(key, self.language, **details)

    def variant(self, name: str) -> str:
        return str(named("wish", name, self.language))

    def task(self, name: str) -> str:
        return str(named("task", name, self.language))

    def remark(self, remark: Remark | Problem) -> str:
        if isinstance(remark, Problem):
            return explain(remark.code, self.language, remark.details)
        details = dict(remark.details)
        if "input" in details and has(f"input.{details['input']}"):
            details["input"] = self.say(f"input.{details['input']}")
        return self.say(f"remark.{remark.code}", **details)

    def problem(self, problem: Problem) -> Iterator[str]:
        """The sentence, then what helps: nearest names, and the packs that bring nodes."""
        yield explain(problem.code, self.language, problem.details)
        nearest: Mapping[str, Sequence[str]] = problem.details.get("nearest") or {}
        known: set[str] = set()
        for pack, nodes in self._by_pack(problem):
            key = "check.newer_core" if pack == CORE else "check.pack"
            yield "  " + self.say(key, nodes=nodes, pack=pack)
            known.update(nodes)
        for name, others in nearest.items():
            if name in known:
                continue
            yield "  " + self.say("check.nearest", name=name, nearest=others)

    def _by_pack(self, problem: Problem) -> Iterator[tuple[str, list[str]]]:
        nodes = problem.details.get("nodes", ()) if problem.code == "node_missing" else ()
        for pack, patterns in self.packs.items():
            brought = [n for n in nodes if any(fnmatchcase(n, pattern) for pattern in patterns)]
            if brought:
                yield pack, brought


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report. 0: everything that people can ask for can be done."""
    words, settings = Words.of_terminal(), Settings.load([])
    parser = argparse.ArgumentParser(prog="comfy.check", description=words.say("check.about"))
    parser.add_argument("server", nargs="*", type=server_at, help=words.say("check.servers"))
    parser.add_argument("--workflows", type=Path, help=words.say("check.folder"), metavar="X")
    given = parser.parse_args(argv)
    tasks = load_tasks(WORKFLOWS, given.workflows or settings.workflows)
    good = _report_files(tasks, words)
    servers = [address for found in given.server for address in found] or settings.servers
    if not servers:
        print(words.say("check.no_server"))
        return 0 if good else 1
    able: set[str] = set()
    for server in servers:
        found = _report_server(server, tasks, words)
        good, able = good and found is not None, able | (found or set())
    good = good and able >= tasks.keys()
    print(words.say("check.good" if good else "check.bad"))
    return 0 if good else 1


def server_at(text: str) -> tuple[ServerAddress, ...]:
    """An address, or a file of them, from the command line."""
    try:
        return read_addresses([text])
    except BadAddress as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _report_files(tasks: Mapping[str, Task], words: Words) -> bool:
    print(words.say("check.files"))
    broken = [problem for task in tasks.values() for problem in task.broken]
    for problem in broken:
        _print(words.problem(problem), "  ✗ ")
    for task in tasks.values():
        for variant in task.variants:
            if variant.remarks:
                print(f"  {words.task(task.name)}: {words.variant(variant.name)}")
                for remark in variant.remarks:
                    print(f"    - {words.remark(remark)}")
    if not broken:
        count = sum(len(task.variants) for task in tasks.values())
        print(f"  ✓ {words.say('check.files_fine', count=count)}")
    return not broken


def _report_server(
    server: ServerAddress, tasks: Mapping[str, Task], words: Words
) -> set[str] | None:
    """The tasks that this server can do; None if it does not answer."""
    try:
        version, info = ask(server)
    except StudioError as error:
        print(f"\n{words.say('check.away', server=server.url)}")
        print(f"  ✗ {explain(error.code, words.language, error.details)}")
        return None
    print(f"\n{words.say('check.server', server=server.url, version=version)}")
    is_preview = version.startswith(PREVIEW_ENGINE)
    if is_preview:
        print(f"  {words.say('check.preview_engine')}")
    quality = "preview" if is_preview else "full"
    return {task.name for task in tasks.values() if _report_task(task, info, quality, words)}


def ask(server: ServerAddress) -> tuple[str, ObjectInfo]:
    """Version and /object_info. Raises ServerError."""
    client = ComfyClient(server.url, client_id=CLIENT_ID, headers=server.headers)
    try:
        system = client.system_stats().get("system")
        version = system.get("comfyui_version") if isinstance(system, dict) else None
        return str(version or "?"), client.object_info()
    finally:
        client.close()


def _report_task(task: Task, info: ObjectInfo, quality: str, words: Words) -> bool:
    """Whether the server can do the task. What it lacks is told for variants of this quality."""
    wrong = [(variant, variant_problems(variant, info)) for variant in task.variants]
    wrong = [(v, found) for v, found in wrong if not found or v.quality == quality]
    first = next((variant for variant, found in wrong if not found), None)
    name = words.task(task.name)
    print("  " + _headline(name, first, words))
    for variant, found in wrong:
        if not found:
            print(f"    ✓ {words.say('check.possible', variant=words.variant(variant.name))}")
            continue
        print(f"    ✗ {words.variant(variant.name)}")
        told = dict.fromkeys(tuple(words.problem(problem)) for problem in found)
        for lines in told:  # two nodes of a class may lack the same
            _print(lines, "        ")
    return first is not None


def _headline(task: str, first: Variant | None, words: Words) -> str:
    if first is None:
        return words.say("check.task_lacking", task=task)
    return words.say("check.task_runs", task=task, variant=words.variant(first.name))


def _print(lines: Iterable[str], indent: str) -> None:
    for number, line in enumerate(lines):
        print((indent if number == 0 else " " * len(indent)) + line)


if __name__ == "__main__":
    sys.exit(main())

"""Checking a prompt before it is queued: links, types, ranges, choices; values are converted.

Error types, texts and the places they are blamed on are those of a ComfyUI server of January
2026 (its POST /prompt answers, recorded).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from comfy.engine.description import input_config
from comfy.engine.folders import Folders
from comfy.engine.node import Node, Nodes
from comfy.engine.values import Problem, check_value, problem, run_validate

Prompt = dict[str, dict[str, Any]]

MALFORMED = (LookupError, TypeError, AttributeError, ValueError)  # what odd JSON makes us raise


@dataclass(frozen=True)
class Report:
    """The answer: `outputs` can be run; `error` is set where none can."""

    outputs: tuple[str, ...] = ()
    node_errors: dict[str, Any] = field(default_factory=dict)
    error: Problem | None = None


@dataclass(frozen=True)
class Verdict:
    """What is known of one node and all it depends on. Only the culprit has problems."""

    valid: bool
    problems: tuple[Problem, ...] = ()


def check_prompt(
    prompt: Any, nodes: Nodes, folders: Folders, targets: Iterable[str] | None = None
) -> Report:
    """Check all that leads to an output node; values in `prompt` are replaced by converted ones.

    Raises TypeError and its like for a prompt that is no object of objects: ComfyUI answers 500.
    """
    unknown = _unknown_class(prompt, nodes)
    if unknown is not None:
        return Report(error=unknown)
    wanted = None if targets is None else set(targets)
    outputs = [
        node_id
        for node_id in prompt
        if nodes[prompt[node_id]["class_type"]].output_node
        and (wanted is None or node_id in wanted)
    ]
    if not outputs:
        return Report(error=problem("prompt_no_outputs", "Prompt has no outputs"))
    return _check_outputs(_Checker(prompt, nodes, folders), outputs)


def is_link(value: Any) -> bool:
    """In a prompt a list is a link: [node id, output slot]."""
    return isinstance(value, list)


def links_of(prompt: Prompt, node_id: str, nodes: Nodes) -> dict[str, list[Any]]:
    """Pick the inputs that are links. Inputs that the class does not have were never checked."""
    node = prompt[node_id]
    declared = nodes[node["class_type"]].inputs
    return {n: value for n, value in node["inputs"].items() if n in declared and is_link(value)}


def _unknown_class(prompt: Any, nodes: Nodes) -> Problem | None:
    for node_id in prompt:
        node = prompt[node_id]
        if "class_type" not in node:
            message = "Cannot execute because a node is missing the class_type property."
            return problem("invalid_prompt", message, f"Node ID '#{node_id}'")
        if node["class_type"] not in nodes:
            message = f"Cannot execute because node {node['class_type']} does not exist."
            return problem("invalid_prompt", message, f"Node ID '#{node_id}'")
    return None


def _check_outputs(checker: _Checker, outputs: list[str]) -> Report:
    good = []
    own_faults = []
    node_errors: dict[str, Any] = {}
    for output in outputs:
        verdict = checker.check_output(output)
        if verdict.valid:
            good.append(output)
            continue
        own_faults += [f"{fault['message']}: {fault['details']}" for fault in verdict.problems]
        # As on the server: an output that fails is listed with every fault found so far.
        for node_id, found in checker.verdicts.items():
            if found.problems:
                entry = node_errors.setdefault(node_id, checker.error_entry(node_id))
                entry["dependent_outputs"].append(output)
    if good:
        return Report(tuple(good), node_errors)
    message = "Prompt outputs failed validation"
    failed = problem("prompt_outputs_failed_validation", message, "\n".join(own_faults))
    return Report((), node_errors, failed)


class _Checker:
    """Walks from the outputs towards the inputs, each node once."""

    def __init__(self, prompt: Prompt, nodes: Nodes, folders: Folders) -> None:
        self._prompt = prompt
        self._nodes = nodes
        self._folders = folders
        self._open: set[str] = set()  # being checked: meeting one of them again is a cycle
        self.verdicts: dict[str, Verdict] = {}

    def error_entry(self, node_id: str) -> dict[str, Any]:
        return {
            "errors": list(self.verdicts[node_id].problems),
            "dependent_outputs": [],
            "class_type": self._prompt[node_id]["class_type"],
        }

    def check_output(self, node_id: str) -> Verdict:
        try:
            return self.check(node_id)
        except MALFORMED as error:
            message = "Exception when validating node"
            self._condemn(node_id, "exception_during_validation", message, error)
            return self.verdicts[node_id]

    def check(self, node_id: str) -> Verdict:
        """Check a node and what it depends on. Raises one of MALFORMED for odd links."""
        if node_id in self.verdicts:
            return self.verdicts[node_id]
        if node_id in self._open:
            return Verdict(False)
        self._open.add(node_id)
        self.verdicts[node_id] = self._check_node(node_id)
        self._open.discard(node_id)
        return self.verdicts[node_id]

    def _check_node(self, node_id: str) -> Verdict:
        given = self._prompt[node_id]["inputs"]
        node = self._nodes[self._prompt[node_id]["class_type"]]
        problems: list[Problem] = []
        valid = True
        for name, declared in node.inputs.items():
            if name not in given:
                if declared.required:
                    message = "Required input is missing"
                    missing = problem("required_input_missing", message, name, input_name=name)
                    problems.append(missing)
            elif is_link(given[name]):
                valid = self._check_link(node, name, given[name], problems) and valid
            elif fault := check_value(node, name, given, self._folders):
                problems.append(fault)
        constants = {name: value for name, value in given.items() if not is_link(value)}
        problems += run_validate(node, constants, self._folders)
        return Verdict(valid and not problems, tuple(problems))

    def _check_link(self, node: Node, name: str, link: list[Any], problems: list[Problem]) -> bool:
        """Check a link and the node it comes from. Faults of the link itself are `node`'s."""
        about: dict[str, Any] = {"input_name": name}
        about["input_config"] = input_config(node, name, self._folders)
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            extra = {**about, "received_value": link}
            problems.append(problem("bad_linked_input", message, name, **extra))
            return False
        source, slot = link
        received = self._nodes[self._prompt[source]["class_type"]].outputs[slot]
        wanted = node.inputs[name].type
        if not _fits(received, wanted):
            message = "Return type mismatch between linked nodes"
            details = f"{name}, received_type({received}) mismatch input_type({wanted})"
            extra = {**about, "received_type": received, "linked_node": link}
            problems.append(problem("return_type_mismatch", message, details, **extra))
            return False
        try:
            return self.check(source).valid
        except MALFORMED as error:
            type_ = "exception_during_inner_validation"
            message = "Exception when validating inner node"
            extra = {**about, "exception_message": str(error), "linked_node": link}
            self._condemn(source, type_, message, error, **extra)
            return False

    def _condemn(
        self, node_id: str, type_: str, message: str, error: Exception, **extra: Any
    ) -> None:
        """Note that looking at a node raised `error`."""
        fault = problem(
            type_,
            message,
            str(error),
            **extra,
            exception_type=type(error).__name__,
            traceback=traceback.format_tb(error.__traceback__),
        )
        self._open.discard(node_id)
        self.verdicts[node_id] = Verdict(False, (fault,))


def _fits(received: str, wanted: str) -> bool:
    if "*" in (received, wanted):
        return True
    return bool(set(received.split(",")) & set(wanted.split(",")))

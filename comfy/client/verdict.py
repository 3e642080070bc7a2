"""What a server's answer about a prompt means: rejected, failed, interrupted or fine.

Server texts (exception_message, tracebacks, current_inputs) hold paths and people's words: they go
to the log at most, never into an error's details.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from comfy.errors import PromptFailed, PromptInterrupted, PromptRejected
from comfy.protocol import History

log = logging.getLogger(__name__)

MOST_PROBLEMS = 20  # of node_errors kept in the details
LONGEST = 200  # characters of a value kept in the details
MOST_WORDS = 1000  # characters of an exception's message that are looked at
MODEL_FILE = re.compile(r"\.(safetensors|sft|gguf|ckpt|pth?|bin|onnx)$", re.IGNORECASE)
MISSING_CLASS = re.compile(r"node (\S+) does not exist")  # 0.3.64 and 0.8.0: only in the message
OUT_OF_MEMORY = ("OutOfMemoryError", "MemoryError", "_ArrayMemoryError")  # torch, numpy
# Of torch on CUDA, ROCm, Apple's chips and processors: other classes, mostly a RuntimeError.
NO_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED|^Allocation on device",
    re.IGNORECASE,
)
NODE_ERROR = re.compile(r"([a-z][a-z0-9_]{0,63}): ")  # "<code>: <text>" of our preview engine


def rejection(answer: dict[str, Any]) -> PromptRejected:
    """The body of 400, or of 200 with node_errors, as an error.

    code: node_missing(nodes), model_missing(models), input_not_on_server, or prompt_rejected; the
    details always have error_type and node_errors, a list of {node, class_type, type, input,
    received}, and the first of these spelled out.
    """
    log.debug("prompt rejected: %.2000s", answer)  # holds people's words and file names
    error = _dict(answer.get("error"))
    error_type = str(error.get("type") or "prompt_outputs_failed_validation")
    problems = _problems(_dict(answer.get("node_errors")))
    first = problems[0] if problems else {"node": "", "class_type": "", "input": "", "received": ""}
    told = [(each["class_type"], each["input"], each["type"]) for each in problems]
    log.warning("prompt rejected: %s %s", error_type, told)
    details: dict[str, object] = {**first, "error_type": error_type, "node_errors": problems}
    details.pop("type", None)
    if missing := _missing_class(error_type, error):
        return PromptRejected("node_missing", nodes=[missing], **details)
    if models := _missing_models(problems):
        return PromptRejected("model_missing", models=models, **details)
    if any(problem["type"] == "custom_validation_failed" for problem in problems):
        return PromptRejected("input_not_on_server", **details)
    return PromptRejected("", **details)


def spoils(answer: dict[str, Any], output_node: str) -> bool:
    """Do the node_errors of a 200 mean that this output node will not run?

    Every entry names in dependent_outputs the output nodes that were dropped because of it.
    """
    errors = _dict(answer.get("node_errors"))
    return output_node in errors or any(
        output_node in _list(_dict(entry).get("dependent_outputs")) for entry in errors.values()
    )


def judge(prompt_id: str, entry: History) -> None:
    """Return if the prompt succeeded. Raises PromptInterrupted, PromptFailed.

    An interrupted prompt has status_str "error" too; only its message tells.
    """
    if stopped := entry.message("execution_interrupted"):
        raise PromptInterrupted(**_where(stopped))
    failure = entry.message("execution_error")
    if failure is None and entry.status_str == "success":
        return
    raise _failed(prompt_id, failure or {})


def _failed(prompt_id: str, failure: dict[str, Any]) -> PromptFailed:
    kind = str(failure.get("exception_type") or "").rpartition(".")[2]
    message = str(failure.get("exception_message") or "")
    where = _where(failure)
    log.warning("prompt %s failed at %s: %s", prompt_id, where, kind)
    log.debug("prompt %s: %.500s", prompt_id, " ".join(message.split()))
    if kind in OUT_OF_MEMORY or NO_MEMORY.search(message[:MOST_WORDS]):
        return PromptFailed("out_of_memory", reason="out_of_memory", **where)
    code = NODE_ERROR.match(message) if kind == "NodeError" else None
    return PromptFailed(reason=code[1] if code else "", **where)


def _where(message: dict[str, Any]) -> dict[str, str]:
    return {
        "node": str(message.get("node_id") or "")[:LONGEST],
        "class_type": str(message.get("node_type") or "")[:LONGEST],
    }


def _problems(node_errors: dict[str, Any]) -> list[dict[str, str]]:
    problems = []
    for node, entry in node_errors.items():
        for error in _list(_dict(entry).get("errors")):
            info = _dict(_dict(error).get("extra_info"))
            problem = {
                "node": node,
                "class_type": _dict(entry).get("class_type"),
                "type": _dict(error).get("type"),
                "input": info.get("input_name"),
                "received": info.get("received_value"),
            }
            problems.append({k: "" if v is None else str(v)[:LONGEST] for k, v in problem.items()})
    return problems[:MOST_PROBLEMS]


def _missing_class(error_type: str, error: dict[str, Any]) -> str:
    """The class a server does not have; later versions say missing_node_type and name it."""
    if error_type not in ("invalid_prompt", "missing_node_type"):
        return ""
    named = _dict(error.get("extra_info")).get("class_type")
    found = MISSING_CLASS.search(str(error.get("message") or ""))
    return str(named or (found[1] if found else ""))[:LONGEST].strip("'")


def _missing_models(problems: list[dict[str, str]]) -> list[str]:
    return [
        problem["received"]
        for problem in problems
        if problem["type"] == "value_not_in_list" and MODEL_FILE.search(problem["received"])
    ]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

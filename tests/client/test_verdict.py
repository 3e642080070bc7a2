"""What recorded answers of two real servers mean."""

import json
from pathlib import Path
from typing import Any

import pytest

from comfy.client.verdict import judge, rejection, spoils
from comfy.errors import PromptFailed, PromptInterrupted, StudioError
from comfy.protocol import History

TRANSCRIPTS = Path(__file__).parents[1] / "data" / "transcripts"
VERSIONS = ["2025-10", "2026-01"]


def recorded(version: str, key: str) -> list[dict[str, Any]]:
    data = json.loads((TRANSCRIPTS / f"{version}.json").read_text("utf-8"))
    found: list[dict[str, Any]] = data[key]
    return found


def answer_about(version: str, about: str) -> dict[str, Any]:
    entries = recorded(version, "rejections")
    answer: dict[str, Any] = next(e["answer"] for e in entries if e["about"].startswith(about))
    return answer


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("about", "code", "details"),
    [
        ("an unknown class_type", "node_missing", {"nodes": ["NoSuchSampler"]}),
        (
            "a model that is not installed",
            "model_missing",
            {"models": ["not-installed.safetensors"], "class_type": "UNETLoader", "node": "37"},
        ),
        (
            "an image that was never uploaded",
            "input_not_on_server",
            {"class_type": "LoadImage", "node": "78", "input": "image"},
        ),
        (
            "a number below its minimum",
            "prompt_rejected",
            {"class_type": "KSampler", "node": "3", "input": "steps", "received": "0"},
        ),
        ("no output node", "prompt_rejected", {"error_type": "prompt_no_outputs", "node": ""}),
        (
            "a cycle",
            "prompt_rejected",
            {"error_type": "prompt_outputs_failed_validation", "node_errors": []},
        ),
    ],
)
def test_a_refusal_is_told_in_plain_data(
    version: str, about: str, code: str, details: dict[str, object]
) -> None:
    error = rejection(answer_about(version, about))
    assert error.code == code
    assert {key: error.details[key] for key in details} == details


@pytest.mark.parametrize("version", VERSIONS)
def test_no_refusal_carries_paths_or_long_lists(version: str) -> None:
    for entry in recorded(version, "rejections"):
        told = json.dumps(rejection(entry["answer"]).details)
        assert "/opt/" not in told
        assert len(told) < 1200


def test_a_class_that_later_servers_name_is_found() -> None:
    error = {"type": "missing_node_type", "message": "?", "extra_info": {"class_type": "IndexTTS2"}}
    assert rejection({"error": error}).details["nodes"] == ["IndexTTS2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_output_that_we_need_counts(version: str) -> None:
    answer = answer_about(version, "17: one output node valid")
    assert spoils(answer, "301")
    assert not spoils(answer, "60")


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_endings_are_judged(version: str) -> None:
    verdicts = [verdict(entry) for entry in recorded(version, "endings")]
    failed = [
        PromptFailed("prompt_failed", reason="", node=node, class_type=class_type)
        for node, class_type in (("200", "LabRaise"), ("78", "LoadImage"), ("101", "LoadAudio"))
    ]
    oom = PromptFailed("out_of_memory", reason="out_of_memory", node="2", class_type="LabOOM")
    sleep = PromptInterrupted(node="1", class_type="LabSleep")
    sampler = PromptInterrupted(node="3", class_type="KSampler")
    expected = {None, *map(str, [*failed, oom, sleep, sampler])}
    assert set(verdicts) == expected
    assert verdicts[:3] == [None, None, None]


def verdict(ending: dict[str, Any]) -> str | None:
    try:
        judge(ending["prompt_id"], History.from_wire(ending["entry"]))
    except StudioError as error:
        return str(error)
    return None


def test_a_failure_without_any_message_is_still_a_failure() -> None:
    with pytest.raises(PromptFailed) as caught:
        judge("p", History({}, "error"))
    assert caught.value.details == {"reason": "", "node": "", "class_type": ""}


def test_an_error_message_beside_success_is_a_failure() -> None:
    messages = (("execution_error", {"node_id": "4", "node_type": "Blocker"}),)
    with pytest.raises(PromptFailed):
        judge("p", History({}, "success", messages))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("torch.OutOfMemoryError", "CUDA out of memory. Tried to allocate 1.50 GiB."),
        ("torch.cuda.OutOfMemoryError", "HIP out of memory. Tried to allocate 1.50 GiB."),
        ("torch.AcceleratorError", "CUDA error: out of memory\nCUDA kernel errors might be"),
        (
            "RuntimeError",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED",
        ),
        (
            "RuntimeError",
            "MPS backend out of memory (MPS allocated: 18.11 GiB)",
        ),
        (
            "RuntimeError",
            "[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: can't allocate memory: "
            "you tried to allocate 4398046511104 bytes. Error code 12 (Cannot allocate memory)",
        ),
        ("RuntimeError", "DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
        ("numpy.core._exceptions._ArrayMemoryError", "Unable to allocate 12.0 TiB for an array"),
    ],
)
def test_memory_has_many_ways_to_be_full(kind: str, message: str) -> None:
    failure = {"exception_type": kind, "exception_message": message, "node_id": "3"}
    with pytest.raises(PromptFailed) as caught:
        judge("p", History({}, "error", (("execution_error", failure),)))
    assert caught.value.code == "out_of_memory"


def test_only_our_engines_errors_have_reasons() -> None:
    message = {"exception_type": "ValueError", "exception_message": "cuda: not today"}
    with pytest.raises(PromptFailed) as caught:
        judge("p", History({}, "error", (("execution_error", message),)))
    assert caught.value.details["reason"] == ""

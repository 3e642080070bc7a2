"""The chain of all three tasks: which of its inputs goes to which job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comfy.errors import InputError
from comfy.jobs.job import Link

INPUTS = {  # task -> the inputs that the chain hands on to it
    "image_cleanup": ("image", "instruction", "seed"),
    "voice_clone": ("reference_audio", "text", "emotion", "emotion_strength", "seed"),
    "talking_head": ("face", "prompt", "size", "seed"),
}
LATER = {"talking_head": ("image", "audio")}  # links to the other jobs, in their order, once there


def split(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of each job; inputs that will be links hold one to no job yet.

    Raises InputError input_unknown.
    """
    known = {name for names in INPUTS.values() for name in names}
    for name in values:
        if name not in known:
            raise InputError("input_unknown", input=name)
    return {
        task: {name: values[name] for name in names if name in values}
        | {name: Link("") for name in LATER.get(task, ())}
        for task, names in INPUTS.items()
    }

"""What is wrong with a workflow file, or with a prompt on one server: a code and its details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy.errors import WorkflowError


@dataclass(frozen=True)
class Problem:
    """`code` picks the sentence (`error.<code>` in assets/text.toml), plain `details` fill it."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, error: WorkflowError, **where: str) -> Problem:
        """The problem that an error tells of, with the place it was found in."""
        return cls(error.code, {**where, **error.details})


@dataclass(frozen=True)
class Remark:
    """What was noticed, and maybe mended, in a file that works: `remark.<code>` is its sentence."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

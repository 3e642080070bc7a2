"""A result with a fault that was put into it, or without one, and what the verdict says."""

from __future__ import annotations

from dataclasses import dataclass

from comfy.media.verdict_sound import Finding

SAID = frozenset({"no_face"})  # not a fault: it says that something was not measured


@dataclass(frozen=True)
class Case:
    """`code` is that of the planted fault, "" in a good result; `how` tells its strength."""

    kind: str
    code: str
    how: str
    found: list[Finding]

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.found} - SAID

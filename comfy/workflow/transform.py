"""How a value changes on its way into a node: a small fixed set, never an expression or code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comfy.errors import InputError
from comfy.workflow.inputs import AUTO, NUMBER_KINDS, Input

# "|" splits a prompt over time, "[1]" over shots and "(word:1.2)" weighs words in
# WanVideoWrapper's text encoders: a person's text must be read as it stands.
PLAIN = str.maketrans({"|": " ", "[": "［", "]": "］", "(": "（", ")": "）"})

# What tells a writing; the first that occurs counts: Japanese has Chinese characters too.
WRITINGS = {
    "kana": re.compile("[\u3040-\u30ff]"),
    "han": re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]"),
    "arabic": re.compile("[\u0600-\u06ff\u0750-\u077f]"),
}
SCRIPTS = {*WRITINGS, "other"}


FIRST = "[S1]"
SPEAKER = re.compile(r"\[s[12]\]", re.I)  # who says what follows, in a text of two voices


@dataclass(frozen=True)
class Transform:
    """Applied in this order: `map`, `script`, `modulo`, `scale`, `offset`, `times`, `format`,
    `plain`, `turns`.

    * map: a table, choice -> value; one without "auto" leaves that choice to the sender
    * script: a table, the writing that a text is in -> value: "kana", "han", "arabic", "other"
    * modulo, scale, offset: value % modulo * scale + offset
    * times: the name of a number input that each number is multiplied by, if it is there
    * format: a text in which "{value}" is replaced
    * turns: the first speaker's mark, [S1], where the text does not begin with a speaker's
    * plain: marks that a text encoder would act on become harmless ones

    Or alone, for a place that must know how long a sound is:
    * seconds_times, most: its length in seconds times this, rounded up, and `most` at most
    """

    map: Mapping[str, Any] | None = None
    script: Mapping[str, Any] | None = None
    modulo: int | None = None
    scale: float | None = None
    offset: float | None = None
    times: str | None = None
    format: str | None = None
    plain: bool = False
    turns: bool = False
    seconds_times: float | None = None
    most: int | None = None

    def check(self, item: Input) -> None:
        """Raise ValueError where this cannot be done with every value of the input."""
        if (reason := self._misfit(item)) is not None:
            raise ValueError(f"input {item.name}: {reason}")

    def _misfit(self, item: Input) -> str | None:
        numeric = (self.modulo, self.scale, self.offset) != (None, None, None)
        if numeric and item.kind not in NUMBER_KINDS:
            return "modulo, scale and offset are for numbers"
        if self.modulo == 0:
            return "modulo must not be 0"
        if self.format is not None and "{value}" not in self.format:
            return "format has no {value}"
        if (self.plain or self.turns) and item.kind != "text":
            return "plain and turns are for text"
        if self.script is not None and (item.kind != "text" or self.script.keys() != SCRIPTS):
            return f"script is for text, and covers {', '.join(sorted(SCRIPTS))}"
        if (self.seconds_times, self.most) != (None, None) and not self._measures(item):
            return "seconds_times and most are above 0, and for sounds"
        if self.map is None:
            return None
        if item.kind != "choice":
            return "map is for choices"
        given = [c for c in item.choices if not (item.auto_from and c == AUTO)]
        unmapped = [choice for choice in given if choice not in self.map]
        return f"map does not cover {', '.join(unmapped)}" if unmapped else None

    def _measures(self, item: Input) -> bool:
        above = (self.seconds_times or 0) > 0 and (self.most is None or self.most > 0)
        return above and item.kind == "audio"

    def of_length(self, seconds: float) -> int:
        """What a place with `seconds_times` gets for a sound of this length; at least 1."""
        exact = round(seconds * (self.seconds_times or 1.0), 6)  # 4.04 * 25 is a bit above 101
        count = max(1, math.ceil(exact))
        return count if self.most is None else min(count, self.most)

    def apply(self, item: Input, value: Any, factor: float = 1.0) -> Any:
        """The value that the node gets; `factor` is the value of the input that `times` names.

        Raises InputError for a choice that is not in `map`.
        """
        if self.map is not None:
            if value not in self.map:
                raise InputError("choice_unknown", input=item.name, choices=list(self.map))
            value = self.map[value]
        if self.script is not None:
            return self.script[script_of(value)]
        value = _multiplied(self._calculate(value), factor)
        if self.format is not None:
            value = self.format.replace("{value}", str(value))
        value = value.translate(PLAIN) if self.plain else value
        return f"{FIRST} {value}" if self.turns and not SPEAKER.match(value) else value

    def _calculate(self, value: Any) -> Any:
        if self.modulo is not None:
            value %= self.modulo
        if self.scale is not None:
            value *= self.scale
        if self.offset is not None:
            value += self.offset
        # binary noise such as 0.8000069999999999 has no meaning for any node
        return round(value, 9) if isinstance(value, float) else value


def _multiplied(value: Any, factor: float) -> Any:
    """A number or each number of a list; a text and a boolean have nothing to multiply."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_multiplied(part, factor) for part in value]
    if factor == 1 or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return round(value * factor, 4)


def script_of(text: str) -> str:
    """The writing that a text is in; mixed Chinese and English is Chinese."""
    return next((name for name, marks in WRITINGS.items() if marks.search(text)), "other")

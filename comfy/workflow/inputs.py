"""One thing a person can set in a task: its kind, its limits, and how a given value is checked."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comfy.errors import InputError

FILE_KINDS = frozenset({"image", "audio", "video", "mask"})
NUMBER_KINDS = frozenset({"integer", "number", "seed"})
KINDS = FILE_KINDS | NUMBER_KINDS | {"text", "choice", "boolean"}
AUTO = "auto"  # the choice that follows a picture's shape
MAX_SEED = 2**53 - 1  # the largest whole number that a browser carries exactly


@dataclass(frozen=True)
class Input:
    """One thing a person sets. `kind` picks the widget and the check.

    `min` and `max` bound numbers; for audio they are seconds. `auto_from` names the image input
    whose shape chooses when the value is "auto" (see `choice_for`). `spoken` text must hold
    something that can be pronounced. Of a longer recording `keep_seconds` are kept. A text's
    `max_length` counts characters (code points). `consent` is "face" or "voice" where the person
    must be allowed to use what is in the file. A sound with `parts` may be cut at its pauses where
    it is too long for a variant (see Variant.safe_seconds), and a video with `parts` along with it.
    `instead_of` names an input that need not be given where this one is. A mask, white where
    something goes, is painted `over` the image input of that name.
    """

    name: str
    kind: str
    required: bool = True
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    max_length: int = 0
    advanced: bool = False
    auto_from: str = ""
    spoken: bool = False
    keep_seconds: float = 0
    consent: str = ""
    parts: bool = False
    instead_of: str = ""
    over: str = ""

    @property
    def picks(self) -> bool:
        """Whether giving it decides which variants can do the job: nothing stands in for it."""
        return self.default is None

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any]) -> Input:
        """Read one `[inputs.<name>]` table. Raises ValueError or TypeError with the reason."""
        item = cls(name, **{**table, "choices": tuple(table.get("choices", ()))})
        if item.kind not in KINDS:
            raise ValueError(f"input {name}: unknown kind {item.kind}")
        if item.kind == "choice" and not item.choices:
            raise ValueError(f"input {name}: a choice needs choices")
        if item.kind == "text" and item.max_length < 1:
            raise ValueError(f"input {name}: a text needs max_length")
        if item.kind in ("integer", "number") and None in (item.min, item.max):
            raise ValueError(f"input {name}: a number needs min and max")
        if item.consent not in ("", "face", "voice"):
            raise ValueError(f"input {name}: consent is about a face or a voice")
        item._check_default()
        return item

    def accept(self, value: object) -> Any:
        """The value as it is stored and sent; a missing one is completed. Raises InputError.

        Files are passed on untouched: other layers check them.
        """
        if self.kind == "text" and value is not None:
            value = self._text(value)
        if value is None or value == "":
            return self._missing(blank=value == "")
        match self.kind:
            case "integer" | "number" | "seed":
                return self._number(value)
            case "choice" if value not in self.choices:
                raise InputError("choice_unknown", input=self.name, choices=list(self.choices))
            case "boolean" if not isinstance(value, bool):
                raise InputError("value_unusable", input=self.name)
        return value

    def choice_for(self, width: int, height: int) -> str:
        """The "WxH" choice whose shape is nearest to a picture of this size."""
        wanted = math.log(width / height)  # a log treats twice as wide and twice as high alike

        def distance(choice: str) -> float:
            across, _, down = choice.partition("x")
            return abs(math.log(int(across) / int(down)) - wanted)

        return min((c for c in self.choices if c != AUTO), key=distance)

    def _check_default(self) -> None:
        if self.default is None:
            return
        try:
            self.accept(self.default)
        except InputError as error:
            raise ValueError(f"input {self.name}: its own default is not accepted") from error

    def _missing(self, *, blank: bool) -> Any:
        """Nothing was given. A required text that somebody emptied is not filled in again."""
        if self.default is not None and not (blank and self.required):
            return self.default
        if self.required:
            raise InputError("input_missing", input=self.name)
        return None

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise InputError("value_unusable", input=self.name)
        text = clean_text(value)
        if len(text) > self.max_length:
            raise InputError(
                "text_too_long", input=self.name, length=len(text), limit=self.max_length
            )
        if text and self.spoken and not any(character.isalnum() for character in text):
            raise InputError("text_unspeakable", input=self.name)
        return text

    def _number(self, value: object) -> int | float:
        low, high = (0, MAX_SEED) if self.kind == "seed" else (self.min, self.max)
        number = read_number(value)
        if number is not None and self.kind != "number":
            number = int(number) if number == int(number) else None
        # read() guarantees both limits
        if number is None or low is None or high is None or not low <= number <= high:
            raise InputError("value_out_of_range", input=self.name, min=low, max=high)
        return number


def forms(inputs: Sequence[Input]) -> list[tuple[Input, ...]]:
    """The ways in which these can be given: without those that stand in for another, then with
    each of them instead of the other."""
    plain = [item for item in inputs if not item.instead_of]
    others = [item for item in inputs if item.instead_of]
    exchanged = [
        tuple(other if item.name == other.instead_of else item for item in plain)
        for other in others
    ]
    return [tuple(plain), *exchanged]


def clean_text(text: str) -> str:
    """Composed (NFC), trimmed, without control characters and lone surrogates.

    Newlines and tabs stay. A text of nothing but invisible characters is empty.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    trimmed = unicodedata.normalize("NFC", kept).strip()
    visible = any(unicodedata.category(c) not in ("Cf", "Zs", "Cc") for c in trimmed)
    return trimmed if visible else ""


def read_number(value: object) -> int | float | None:
    """A finite number, also one written as text; None for everything else, booleans included."""
    if isinstance(value, str):
        return _parse_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _finite(value)


def _finite(number: int | float) -> int | float | None:
    try:
        return number if math.isfinite(number) else None
    except OverflowError:  # a whole number that no float can hold
        return None


def _parse_number(text: str) -> int | float | None:
    for kind in (int, float):  # whole numbers first: a float would round a long seed
        try:
            number = kind(text)
        except ValueError:
            continue
        return _finite(number)
    return None

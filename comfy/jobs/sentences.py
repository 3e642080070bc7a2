"""A script as sentences, each with the pause that a speaker makes after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from comfy.errors import InputError
from comfy.workflow.inputs import read_number
from comfy.workflow.transform import SPEAKER

MOST = 120  # sentences of one script
SPEEDS = (0.7, 1.4)  # slowest and quickest; beyond, the change is heard as an effect
PAUSE, HALF_PAUSE, PARAGRAPH = 0.45, 0.3, 0.8  # seconds

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_END = re.compile(rf"(?:[。！？!?；;…]|\.(?=[\s\"'”’)」』{_HAN}]|$))+[\"'”’)」』》]*|\n+")
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|e\.g|i\.e|etc|No)|\b[A-Z])\.$")


@dataclass(frozen=True)
class Sentence:
    """What is said in one breath, and how. `seed` tells one take from another; `speed` 1.2 is a
    fifth quicker; `pause` in seconds follows it."""

    text: str
    emotion: str = "neutral"
    speed: float = 1.0
    seed: int = 0
    pause: float = PAUSE

    @classmethod
    def read(cls, given: Any) -> Sentence:
        """From what a page or a program sent. Raises InputError."""
        if not isinstance(given, Mapping):
            raise InputError("value_unusable", input="text")
        speed = read_number(given.get("speed", 1.0))
        pause = read_number(given.get("pause", PAUSE))
        if speed is None or not SPEEDS[0] <= speed <= SPEEDS[1]:
            raise InputError("value_out_of_range", input="speed", min=SPEEDS[0], max=SPEEDS[1])
        if pause is None or not 0 <= pause <= 5:
            raise InputError("value_out_of_range", input="pause", min=0, max=5)
        text, emotion = given.get("text"), given.get("emotion", "neutral")
        return cls(text, emotion, float(speed), given.get("seed", 0), float(pause))  # type: ignore[arg-type]  # the task checks them

    @property
    def given(self) -> dict[str, Any]:
        """The values of the job that speaks it: speed and pause are made when all are joined."""
        return {"text": self.text, "emotion": self.emotion, "seed": self.seed}

    def shown(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def split(text: str, emotion: str = "neutral") -> list[Sentence]:
    """The sentences of a script; marks without a word stay with what is before them.

    Raises InputError script_too_long.
    """
    pieces: list[tuple[str, float]] = []
    start = 0
    for match in _END.finditer(text):
        if _NO_END.search(text[start : match.end()]):
            continue
        pieces.append((text[start : match.end()], _pause(match[0])))
        start = match.end()
    pieces.append((text[start:], PAUSE))
    found: list[Sentence] = []
    for words, pause in pieces:
        if any(character.isalnum() for character in words):
            found.append(Sentence(words.strip(), emotion, pause=pause))
        elif found and "\n" in words:
            found[-1] = Sentence(found[-1].text, emotion, pause=_pause(words))
    found = _with_speakers(found)
    if len(found) > MOST:
        raise InputError("script_too_long", sentences=len(found), limit=MOST)
    return found


def _with_speakers(sentences: list[Sentence]) -> list[Sentence]:
    """In a dialogue each sentence says who speaks, also where that was said before."""
    speaker, found = "", []
    for sentence in sentences:
        words = sentence.text
        if speaker and not SPEAKER.match(words):
            words = f"{speaker} {words}"
        speaker = (SPEAKER.findall(words) or [""])[-1]
        found.append(replace(sentence, text=words))
    return found


def _pause(end: str) -> float:
    if "\n" in end:
        return PARAGRAPH
    return HALF_PAUSE if end[0] in ";；" else PAUSE

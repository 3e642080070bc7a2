"""A script as sentences: cleaned, split at its punctuation, every run in one language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from comfy.engine.speech import abbreviations, mandarin, normalise, signs
from comfy.engine.speech.base_voice import Language
from comfy.engine.speech.frames import Check

LONGEST = 12.0  # estimated seconds of a sentence: bounds memory and the wait for a cancel

_IDEOGRAPH = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007"
_CHINESE = re.compile(f"[{_IDEOGRAPH}]")
_LATIN = re.compile(r"[^\W\d_]")
# The full-width comma never belongs to a number; normalisation would make it one that does
_NOT_FULL_WIDTH = re.compile("[^，；：！？（）]+")
_CHINESE_MARK = re.compile("[。，、；：！？]")
_END = re.compile(
    r"(?:[。!?;！？；]|\.{2,}|\.(?=[\s\"'”’)」』" + _IDEOGRAPH + r"]|$)|\n)"
    r"[。!?;！？；.\"'”’)」』》\s]*"
)
_INITIAL = re.compile(r"\b(?:[ap]\.m|[A-Z])\.$", re.A)  # no end of a sentence
_AFTER_HOUR = re.compile(  # what goes on after "5 p.m.", unlike a new sentence
    r"\s+(?!(?:[A-Z]{2,4}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Eastern|Central|Mountain|"
    r"Pacific|Standard|Greenwich|Beijing))\b)[A-Z]"
)
# A model number is read in pairs: RTX 4090 is "forty ninety"
_MODEL = re.compile(r"\b([A-Z]{2,}) ?([1-9][1-9]|[1-9]0)([1-9]\d)(?![\d.,])")
_COMMA = re.compile(r"[,、:，：]\s*|\s[-—–]+\s|——")

_SIGNS = "$€£+-"

_PAUSES = (("\n\n", 0.7), ("\n", 0.55), (";", 0.3), ("；", 0.3))  # seconds; the first that fits
_SENTENCE_PAUSE = 0.45
_COMMA_PAUSE, _WORD_PAUSE = 0.2, 0.0

_SECONDS_IDEOGRAPH, _SECONDS_DIGIT, _SECONDS_OTHER = 0.25, 0.3, 0.075


@dataclass(frozen=True)
class Run:
    """Text that one voice reads; `pause` in seconds follows it."""

    text: str
    language: Language
    pause: float


@dataclass(frozen=True)
class Sentence:
    """What is spoken in one breath. Its last run's pause separates it from the next."""

    runs: tuple[Run, ...]


def read(text: str, check: Check = lambda: None) -> list[Sentence]:
    """Split a script. Empty if there is nothing in it that can be spoken."""
    sentences = []
    text = abbreviations.write_out(clean(text))
    is_chinese = bool(_CHINESE.search(text) or _CHINESE_MARK.search(text))
    for piece, pause in _pieces(text):
        check()
        runs = _runs(piece, pause, is_chinese)
        if runs:
            sentences.append(Sentence(tuple(runs)))
    return sentences


def foreign_share(text: str) -> float:
    """Share 0..1 of the letters that are neither Chinese nor Latin: nobody here can read them."""
    letters = [
        character for character in text if unicodedata.category(character) in ("Lu", "Ll", "Lo")
    ]
    unknown = [character for character in letters if not _CHINESE.match(character)]
    foreign = [c for c in unknown if "LATIN" not in unicodedata.name(c, "")]
    return len(foreign) / max(1, len(letters))


def clean(text: str) -> str:
    """Keep what a Chinese or English voice can read: no emoji, control characters or mark-up.

    Letters of other scripts are left out, because eSpeak would name them one by one.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = signs.open_out(text)
    text = _NOT_FULL_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = signs.settle("".join(_kept(character) for character in text))
    return re.sub(r"[ \t]+", " ", re.sub(r" *\n *", "\n", text)).strip()


def _kept(character: str) -> str:
    if character == "\n" or _CHINESE.match(character):
        return character
    category = unicodedata.category(character)
    if category[0] in "PZ" or category in ("Nd", "Sc", "Sm") or character in "°^":
        return " " if category[0] == "Z" else character
    if category[0] == "L":
        return character if "LATIN" in unicodedata.name(character, "") else " "
    return "" if category in ("Cf", "Mn") else " "


def _pieces(text: str) -> list[tuple[str, float]]:
    """Sentences with the pause after each, none longer than LONGEST."""
    pieces = []
    start = 0
    for match in _END.finditer(text):
        if match[0][0] == "." and _is_abbreviation(text, start, match.start()):
            continue
        pieces.append((text[start : match.end()], _pause(match[0])))
        start = match.end()
    pieces.append((text[start:], _SENTENCE_PAUSE))
    return [short for piece in pieces for short in _shorten(*piece)]


def _is_abbreviation(text: str, start: int, point: int) -> bool:
    initial = _INITIAL.search(text[start : point + 1])
    if initial is None or text[point + 1 :].startswith("\n"):
        return False
    return len(initial[0]) == 2 or not _AFTER_HOUR.match(text, point + 1)


def _pause(end: str) -> float:
    return next((pause for mark, pause in _PAUSES if mark in end), _SENTENCE_PAUSE)


def _shorten(piece: str, pause: float) -> list[tuple[str, float]]:
    """Cut a long sentence at the last comma, else the last space, else anywhere."""
    pieces = []
    while _seconds(piece) > LONGEST:
        limit = _fitting(piece)
        commas = [match.end() for match in _COMMA.finditer(piece, 0, limit)]
        space = piece.rfind(" ", 1, limit)
        if commas and commas[-1] > limit // 4:
            cut, after = commas[-1], _COMMA_PAUSE
        else:
            cut, after = (space + 1 if space > limit // 4 else limit), _WORD_PAUSE
        pieces.append((piece[:cut], after))
        piece = piece[cut:]
    return [*pieces, (piece, pause)]


def _seconds(text: str) -> float:
    return sum(_character_seconds(character) for character in text)


def _character_seconds(character: str) -> float:
    if _CHINESE.match(character):
        return _SECONDS_IDEOGRAPH
    return _SECONDS_DIGIT if character.isdigit() else _SECONDS_OTHER


def _fitting(text: str) -> int:
    """How many characters are spoken in LONGEST seconds, at least one."""
    seconds = 0.0
    for index, character in enumerate(text):
        seconds += _character_seconds(character)
        if seconds > LONGEST:
            return max(1, index)
    return len(text)


def _runs(piece: str, pause: float, is_chinese: bool) -> list[Run]:
    """Split a sentence by script; punctuation and spaces stay with what is before them.

    Numbers alone are read in Chinese if any of the script is.
    """
    if _CHINESE.search(piece) or (is_chinese and not _LATIN.search(piece)):
        piece = mandarin.respell(piece)
    runs: list[tuple[Language, str]] = []
    sign = ""  # what stands before a number that opens the sentence
    for character in piece:
        language = _language(character)
        if not runs and language is None:
            sign = character if character in _SIGNS else ""
            continue
        if not runs or (language is not None and language != runs[-1][0]):
            runs.append((language or "en", "" if runs else sign))
        runs[-1] = (runs[-1][0], runs[-1][1] + character)
    found = [_run(language, text) for language, text in runs]
    return [*found[:-1], replace(found[-1], pause=pause)] if found else []


def _run(language: Language, text: str) -> Run:
    readable = text
    if language == "en":
        readable = _MODEL.sub(r"\1 \2 \3", unicodedata.normalize("NFKC", text))
        readable = normalise.english(readable)
    return Run(readable.strip(), language, _pause_inside(text))


def _language(character: str) -> Language | None:
    if _CHINESE.match(character):
        return "zh"
    return "en" if character.isalnum() else None


def _pause_inside(text: str) -> float:
    return _COMMA_PAUSE if _COMMA.search(text[-2:]) else _WORD_PAUSE

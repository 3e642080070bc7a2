"""Numbers, dates, units, prices and abbreviations written out, by WeTextProcessing's grammars.

`wetext` carries the compiled grammars with it; IndexTTS2 reads its texts through it too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Literal

from wetext import Normalizer

_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CENTS = re.compile(r"([$€£])(\d+)\.(\d\d)(?![\d%])(?!\s*(?:[kmb]n?\b|thousand|million|billion))")
_COINS = {"$": "cents", "€": "cents", "£": "pence"}
_THOUSAND = re.compile(r"(\w+ )?\bthousand\b")
_BEFORE_THOUSAND = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|eleven|twelve|\w+ty|hundred) $"
)
_TENS = (
    "hundreds tens twenties thirties forties fifties sixties seventies eighties nineties".split()
)
_UNITS = {
    "kHz": "kilohertz",
    "mL": "milliliters",
    "kWh": "kilowatt hours",
    "mAh": "milliamp hours",
    "W": "watts",
    "V": "volts",
    "ug": "micrograms",
    "kJ": "kilojoules",
    "dB": "decibels",
    "MP": "megapixels",
    "px": "pixels",
    "fps": "frames per second",
    "m/s": "meters per second",
    "sec": "seconds",
    "¢": "cents",
    "‰": "per mille",
}
_SIGNS = {"≈": "about", "±": "plus or minus", "÷": "divided by", "≤": "is at most"}
_SIGNS |= {"≥": "is at least", "<": "is less than", ">": "is greater than"}
_LARGE = {"k": "thousand", "M": "million", "B": "billion"}
_MONEY = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
_YEAR = r"(?:1[1-9]|20)\d\d"
# nothing else needs writing out
_MARKS = re.compile(r"[\d$€£%&@=+^‰¢<>÷≈±≤≥]|www\.|\b(?:Mrs?|Ms|Dr)\.")
_OH = re.compile(r"\b(\w+teen|twenty) zero (?=(?:one|two|three|four|five|six|seven|eight|nine)\b)")


def english(text: str) -> str:
    """An English text without digits: "$3.50 on 5/1" becomes words."""
    if not _MARKS.search(text):
        return text
    text = _SEPARATOR.sub("", text)
    for pattern, replace in _REPAIRS:
        text = pattern.sub(replace, text)
    return _OH.sub(r"\1 oh ", _THOUSAND.sub(_one_thousand, _written(text, "en")))


def chinese(text: str) -> str:
    """A Chinese number with its unit, such as "1.75m" or "12:30:45", in characters."""
    return _written(text, "zh")


def _decade(match: re.Match[str]) -> str:
    """1990s is for the grammar 1,990 seconds."""
    if match[0] == "2000s":
        return "two thousands"
    return f"{match[1]} {_TENS[int(match[2])]}"


def _version(match: re.Match[str]) -> str:
    parts = match[0].split(".")
    if len(parts[-1]) == 4:  # a date
        return match[0]
    return (" point " if len(parts) == 3 else " dot ").join(parts)


def _digits(match: re.Match[str]) -> str:
    return match[1] + " ".join(match[2])


def _price(match: re.Match[str]) -> str:
    sign, whole, coins = match.groups()
    if not int(whole) and int(coins):
        return f"{int(coins)} {_COINS[sign]}"
    return f"{sign}{whole}" + ("" if coins == "00" else f" and {int(coins)} {_COINS[sign]}")


def _telephone(match: re.Match[str]) -> str:
    """A number with its country, in its groups."""
    country, *groups = re.findall(r"\d+", match[0])
    return f"plus {country}, {_grouped(groups)}"


def _local_telephone(match: re.Match[str]) -> str:
    """555-0123, or (212) 555-0123."""
    return _grouped(re.findall(r"\d+", match[0]))


def _grouped(digits: list[str]) -> str:
    return ", ".join(" ".join(group) for group in digits)


def _power(match: re.Match[str]) -> str:
    words = {"2": " squared", "3": " cubed"}
    return words.get(match[1], f" to the power of {match[1]}")


def _times(match: re.Match[str]) -> str:
    """What is reckoned is "times", what has sides is "by"."""
    is_sum = re.match(r"[\d.]+\s*(?:=|\^|[-+×÷]\s?\d)", match.string[match.end() :])
    return " times " if is_sum else " by "


def _one_thousand(match: re.Match[str]) -> str:
    """The grammar says "thousand two hundred" for 1,200."""
    before = match[1] or ""
    return match[0] if _BEFORE_THOUSAND.search(before) else f"{before}one thousand"


def _written(text: str, language: Literal["zh", "en"]) -> str:
    try:
        return str(_normalizer(language).normalize(text))
    except AssertionError:  # wetext's, for a text that its grammar has no reading for
        return text


@functools.cache
def _normalizer(language: Literal["zh", "en"]) -> Normalizer:
    return Normalizer(lang=language, operator="tn")


_REPAIRS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_CENTS, _price),
    (re.compile(r"([$€£¥])\s?(\d[\d.]*)k\b", re.I), lambda m: f"{m[2]} thousand {_MONEY[m[1]]}"),
    (re.compile(r"(?<![$€£¥\d.])(\d+\.\d+|\d+(?=M))([kMB])\b"), lambda m: f"{m[1]} {_LARGE[m[2]]}"),
    (re.compile(r"\+\d{1,3}(?:[ .-]\(?\d{1,4}\)?){2,5}(?![\d%])"), _telephone),
    (re.compile(r"(?<![\w.,/-])(?:\(?\d{3}\) ?)?\d{3}-\d{4}(?![\w-])"), _local_telephone),
    (re.compile(r"(?<=\d)\s?['’′]\s?(\d{1,2})(?:\s?(?:\"|”|″|''|′′|’’))?(?!\w)"), r" foot \1"),
    (re.compile(r"(?<=\d)\s?(?:″|′′)"), " inches"),
    (re.compile(rf"\b({_YEAR})\s?-\s?({_YEAR})\b(?!-)"), r"\1 to \2"),
    (re.compile(r"\b(\d{1,2})(\d\d)p\b"), r"\1 \2 p"),
    (re.compile(r"\b([A-Z])\.(\d{3})\b"), lambda m: f"{m[1]} dot {' '.join(m[2])}"),
    (
        re.compile(
            r"\b((?:zip|pin|code|password|id)(?: code| number)?(?: is|:)? )(\d{3,8})\b", re.I
        ),
        _digits,
    ),
    (re.compile(r"(?<![\d.,:/-])()(0\d{2,})\b(?![.,:/-]?\d| hours)"), _digits),
    (re.compile(r"\b([A-Za-z]+)(?=\d+\.\d)"), r"\1 "),  # PM2.5, v1.2
    (re.compile(r"\b(1[1-9]|20)(\d)0s\b"), _decade),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w.]*\w)"), _version),
    (re.compile(r"\b24/7\b"), "24 7"),
    (re.compile(r"\b()(911)\b"), _digits),
    (re.compile(r"\b((?:call|dial|room|flight|gate|extension) )(\d{3})\b(?!-)", re.I), _digits),
    (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), _times),
    (re.compile(r"(?<=\w)\^(-?\d+)"), _power),
    (
        re.compile(r"(?<=\d)\s?(" + "|".join(map(re.escape, _UNITS)) + r")(?![\w/])"),
        lambda match: f" {_UNITS[match[1]]}",
    ),
    (re.compile(r"\s?([≈±÷≤≥<>])\s?"), lambda match: f" {_SIGNS[match[1]]} "),
    (re.compile(r"(?<![$€£\d.,])(\d[\d.]*)\s?m\b(?![.'’/^])"), r"\1 meters"),
    (re.compile(r"(?<=\d)in\b"), " inches"),
    (re.compile(r"(?<!\S)\+\s?(?=\d)"), "plus "),
)
"""What the grammar reads wrongly, in a form that it reads rightly."""

"""Numbers, dates, units, prices and abbreviations written out, by WeTextProcessing's grammars.

`wetext` carries the compiled grammars with it; IndexTTS2 reads its texts through it too.
"""

from __future__ import annotations

import functools
import re
from typing import Literal

from wetext import Normalizer

_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CENTS = re.compile(r"([$€£])(\d+)\.(\d\d)(?![\d%])(?!\s*(?:[kmb]n?\b|thousand|million|billion))")
_COINS = {"$": "cents", "€": "cents", "£": "pence"}
_THOUSAND = re.compile(r"(\w+ )?\bthousand\b")
_BEFORE_THOUSAND = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|eleven|twelve|\w+ty|hundred) $"
)
_NUMBER = re.compile(r"\b[Nn]o\. ?(?=\d)")
_MARKS = re.compile(r"[\d$€£%&@=+]|www\.|\b(?:Mrs?|Ms|Dr)\.")  # nothing else needs writing out


def english(text: str) -> str:
    """An English text without digits: "$3.50 on 5/1" becomes words."""
    if not _MARKS.search(text):
        return text
    text = _CENTS.sub(_price, _SEPARATOR.sub("", _NUMBER.sub("number ", text)))
    return _THOUSAND.sub(_one_thousand, _written(text, "en"))


def chinese(text: str) -> str:
    """A Chinese number with its unit, such as "1.75m" or "12:30:45", in characters."""
    return _written(text, "zh")


def _price(match: re.Match[str]) -> str:
    sign, whole, coins = match.groups()
    return f"{sign}{whole}" + ("" if coins == "00" else f" and {int(coins)} {_COINS[sign]}")


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

"""Signs of print that carry meaning: powers, fractions, ranges; mark-up that carries none."""

from __future__ import annotations

import re
import unicodedata

_FRACTION = re.compile("(\\d?)([¼-¾⅐-⅞])")
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
# After a number or a variable it is a power; after a unit (m²) it is part of the unit
_VARIABLE = "[a-ln-zA-Z]"
_POWER = re.compile(f"(?:(?<=[\\d)])|(?<={_VARIABLE})(?<![A-Za-zμ/]{_VARIABLE}))[{_RAISED}]+")

_MICRO = re.compile("[\u00b5\u03bc](?=[gmlsLF](?![A-Za-z]))")
_SHARP = re.compile(r"\b([CF])#(?!\w)", re.A)
_ORDINAL_SIGN = re.compile(r"(?<!\w)#(?=\d)", re.A)
_TIMES = re.compile(r"(?<=\d)\s?\*\s?(?=\d)")
_BETWEEN_NUMBERS = re.compile(r"(?<=[\d%日月号年时点分秒岁元C])\s*[~—–]\s*(?=-?\d)")
_CLOCK_OF_DAY = re.compile(r"(?<=\d-\d\d)T(?=\d\d:)")
_MARKUP = re.compile(
    r"[*_#`|\\{}\[\]~]+|(?<!\w)(?<!\))\^+|\^+(?!-?\d)|(?<!\d)(?<!\d\s)[<>]+|[<>]+(?!\s?\d)"
)


def open_out(text: str) -> str:
    """Raised digits, fractions of one character, the Greek of units: normalisation misreads them.

    "10³" becomes "10^3" and not 103; "3½" becomes "3 1/2" and not 31/2.
    """
    text = _MICRO.sub("u", _FRACTION.sub(_fraction, text))
    return _POWER.sub(lambda match: "^" + unicodedata.normalize("NFKC", match[0]), text)


def settle(text: str) -> str:
    """One form for every sign that is read, a space for mark-up."""
    text = _SHARP.sub(r"\1 sharp", text.replace("\u2212", "-"))
    text = _TIMES.sub("×", _ORDINAL_SIGN.sub("No. ", text))
    text = _CLOCK_OF_DAY.sub(" ", _BETWEEN_NUMBERS.sub("-", text))
    return _MARKUP.sub(" ", text)


def _fraction(match: re.Match[str]) -> str:
    parts = unicodedata.normalize("NFKC", match[2]).replace("⁄", "/")
    return f"{match[1]} {parts}" if match[1] else parts

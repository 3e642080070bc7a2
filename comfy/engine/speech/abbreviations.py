"""English abbreviations written out, before their points could end a sentence."""

from __future__ import annotations

import re

_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "dept.": "department",
    "est.": "established",
    "prof.": "Professor",
    "dr.": "Doctor",
    "mr.": "Mister",
    "mrs.": "Misses",
    "ms.": "Miz",
    "jr.": "Junior",
    "sr.": "Senior",
    "mt.": "Mount",
    "jan.": "January",
    "feb.": "February",
    "aug.": "August",
    "sept.": "September",
    "sep.": "September",
    "oct.": "October",
    "nov.": "November",
    "dec.": "December",
}
_NUMBERED = {
    "no.": "number",
    "fig.": "figure",
    "vol.": "volume",
    "ch.": "chapter",
    "sec.": "section",
    "pp.": "pages",
    "p.": "page",
}
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")

_WORD = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, _WORDS)) + ")", re.I)
_BEFORE_NUMBER = re.compile(
    r"(?<![\w.])(" + "|".join(map(re.escape, _NUMBERED)) + r") ?(?=\d)", re.I
)
_CLOSING = ("etc.", "jr.", "sr.")  # a new sentence may begin after them
_NEW_SENTENCE = re.compile(r"\s+[A-Z]")
_STREET = re.compile(r"(?<=[a-z] )St\.(?!\s[A-Z])|(?<=\d )St\.(?!\s[A-Z])")
_SAINT = re.compile(r"\bSt\.(?=\s[A-Z])")
_CHAPTER = re.compile(
    r"\b(War|Chapter|Part|Act|Volume|Type|Phase|Section|Book) (" + "|".join(_ROMAN[::-1]) + r")\b"
)


def write_out(text: str) -> str:
    """ "Fig. 3, e.g. by Prof. Lee" -> "figure 3, for example by Professor Lee"."""
    text = _BEFORE_NUMBER.sub(lambda match: f"{_NUMBERED[match[1].lower()]} ", text)
    text = _WORD.sub(_word, _SAINT.sub("Saint", _STREET.sub(_street, text)))
    return _CHAPTER.sub(lambda match: f"{match[1]} {_ROMAN.index(match[2]) + 1}", text)


def _word(match: re.Match[str]) -> str:
    """Where a sentence ends with the abbreviation, its point stays."""
    rest = match.string[match.end() :]
    ends = not rest.strip() or rest[0] == "\n"
    ends = ends or (match[0].lower() in _CLOSING and bool(_NEW_SENTENCE.match(rest)))
    return _WORDS[match[0].lower()] + ("." if ends else "")


def _street(match: re.Match[str]) -> str:
    return "Street" + ("." if not match.string[match.end() :].strip() else "")

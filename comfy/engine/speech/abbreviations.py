"""English abbreviations written out, before their points could end a sentence.

They are found within Chinese text too: words are ASCII (re.A), so an ideograph before one ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "et al.": "and others",
    "a.k.a.": "also known as",
    "vs.": "versus",
    "cf.": "compare",
    "approx.": "approximately",
    "avg.": "average",
    "incl.": "including",
    "excl.": "excluding",
    "temp.": "temperature",
    "dept.": "department",
    "prof.": "Professor",
    "dr.": "Doctor",
    "mr.": "Mister",
    "mrs.": "Misses",
    "ms.": "Miz",
    "jr.": "Junior",
    "sr.": "Senior",
    "mt.": "Mount",
    "ave.": "Avenue",
    "blvd.": "Boulevard",
    "rd.": "Road",
    "inc.": "Incorporated",
    "corp.": "Corporation",
    "ltd.": "Limited",
    "bros.": "Brothers",
    "jan.": "January",
    "feb.": "February",
    "apr.": "April",
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
    "apt.": "apartment",
    "ext.": "extension",
}
_TITLES = {
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Gen": "General",
    "Maj": "Major",
    "Capt": "Captain",
    "Sgt": "Sergeant",
    "Adm": "Admiral",
    "Sen": "Senator",
    "Rep": "Representative",
    "Gov": "Governor",
    "Pres": "President",
    "Rev": "Reverend",
    "Hon": "Honorable",
}
_DAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
# After a number; what the grammar knows keeps its short form
_UNITS = {"in": "inches", "tbsp": "tablespoons", "tsp": "teaspoons", "hr": "hours", "hrs": "hours"}
_UNITS |= {"min": "minutes", "mins": "minutes", "sec": "seconds", "secs": "seconds"}
_UNITS |= {"yd": "yards", "yds": "yards", "gal": "gallons", "qt": "quarts", "pt": "pints"}
_UNITS |= {unit: unit for unit in ("ft", "lb", "lbs", "oz", "mi", "km", "cm", "mm", "kg", "mph")}

_ROMAN = (
    "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII XXIII".split()
)
_ROMANS = "|".join(sorted(_ROMAN, key=len, reverse=True))
_RULERS = (
    "Alexander|Benedict|Catherine|Charles|Clement|Edward|Elizabeth|Ferdinand|Francis|Frederick|"
    "George|Gregory|Henry|James|John|Paul|Leo|Leopold|Louis|Mary|Napoleon|Nicholas|Peter|Philip|"
    "Pius|Ramesses|Ramses|Richard|Urban|Wilhelm|William"
)

_BEFORE_NUMBER = re.compile(
    r"(?<![\w.])(" + "|".join(map(re.escape, _NUMBERED)) + r") ?(?=\d)", re.I | re.A
)
_WORD = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, _WORDS)) + ")", re.I | re.A)
_CLOSING = ("etc.", "jr.", "sr.", "ave.", "blvd.", "rd.", "inc.", "corp.", "ltd.", "bros.")
_NEW_SENTENCE = re.compile(r"\s+(?!Ltd|Inc|Jr|Sr)[A-Z]")  # may begin after the closing ones
_UNIT = re.compile(r"(\d)( ?)(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")\.(?!\w)")
_ROMAN_NAME = re.compile(
    rf"\b([A-Z][a-z]{{2,}}) ({_ROMANS})\b(?!['’.]\w|(?<=\s[IVX])\.\s[A-Z])", re.A
)
_CHAPTERS = ("War", "Chapter", "Part", "Act", "Volume", "Type", "Phase", "Section", "Book", "Class")
_NO_NAMES = ("The", "And", "But", "For", "Was", "Are", "Can", "Did", "Does", "How", "Why")


def write_out(text: str) -> str:
    """ "Fig. 3, e.g. by Prof. Lee" -> "figure 3, for example by Professor Lee"."""
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return text


def _word(match: re.Match[str]) -> str:
    """Where a sentence ends with the abbreviation, its point stays."""
    word = match[0].lower()
    return _WORDS[word] + _point(match, may_close=word in _CLOSING)


def _unit(match: re.Match[str]) -> str:
    return f"{match[1]} {_UNITS[match[3]]}" + _point(match, may_close=True)


def _point(match: re.Match[str], *, may_close: bool) -> str:
    rest = match.string[match.end() :]
    ends = not rest.strip() or rest[0] == "\n"
    return "." if ends or (may_close and _NEW_SENTENCE.match(rest)) else ""


def _street(match: re.Match[str]) -> str:
    return "Street" + ("." if not match.string[match.end() :].strip() else "")


def _roman(match: re.Match[str]) -> str:
    """Kings are counted in order: "Henry the 8th", but "Chapter 8"."""
    name, number = match[1], _ROMAN.index(match[2]) + 1
    if re.fullmatch(_RULERS, name) and (number > 1 or name in ("Elizabeth", "Francis")):
        return f"{name} the {number}{_ORDINALS.get(number % 10 * (number // 10 != 1), 'th')}"
    is_number = name in _CHAPTERS or len(match[2]) > 1
    return f"{name} {number}" if is_number and name not in _NO_NAMES else match[0]


_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_UNIT, _unit),
    (re.compile(r"\b[Ee]st\. ?(?=\d{4})"), "established "),
    (re.compile(r"\bca?\. ?(?=\d{3})"), "circa "),
    (_BEFORE_NUMBER, lambda match: f"{_NUMBERED[match[1].lower()]} "),
    (re.compile(r"(?<=[a-z] )St\.(?!\s[A-Z])|(?<=\d )St\.(?!\s[A-Z])"), _street),
    (re.compile(r"\bSt\.(?=\s[A-Z])"), "Saint"),
    (re.compile(r"\b(" + "|".join(_TITLES) + r")\.(?=\s[A-Z])", re.A), lambda m: _TITLES[m[1]]),
    (
        re.compile(r"\b(" + "|".join(_DAYS) + r")\.(?=,| \d| [A-Z][a-z]{2,8}\.? \d)"),
        lambda match: _DAYS[match[1]],
    ),
    (re.compile(r"\bCo\.,? (?=Ltd|Inc)"), "Company "),
    (re.compile(r"\b(max|min)\. (?=[a-z])"), r"\1imum "),
    (re.compile(r"\bw/o(?= )"), "without"),
    (re.compile(r"\bw/(?= )"), "with"),
    (_WORD, _word),
    (_ROMAN_NAME, _roman),
)

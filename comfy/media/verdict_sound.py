"""What is wrong with a spoken result: silence, level, pace, a cut end, another voice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from comfy.media.likeness import RATE, distance, print_of, semitones
from comfy.media.waves import Levels, Wave, levels, read_wave

Finding = tuple[str, dict[str, Any]]
"""A text key under `verdict.` and the numbers that its sentence mentions."""

A_SECOND = 100  # levels
SILENT = 10 ** (-50 / 20)  # of full scale: nobody hears anything
QUIET = 10 ** (-35 / 20)  # root mean square of the louder parts
PAUSE = 0.05  # of the louder parts: what lies below is no speech
LONGEST_PAUSE = 1.6  # seconds within a script, if nobody asked for more
LONGEST_END = 1.2  # seconds of silence before and after it
FULL_SCALE, IN_A_ROW, CLIPPED = 0.985, 3, 0.0004  # share of samples that stay up there
QUICKEST, SLOWEST = 9.0, 1.8  # syllables a second of speech
FEWEST = 6  # syllables of which a pace can be told
ENDED, CUT, CUT_SILENCE = 0.04, 0.15, 0.12  # of the louder parts twice, seconds: see `_is_cut`
FAR, FARTHER = 1.6, 2.5  # distance to the reference; times that of its own two halves
HIGHER = 6.0  # semitones that a voice without emotion may be off

WORD = re.compile(r"[a-zà-öø-ÿ]+", re.IGNORECASE)
VOWELS = re.compile(r"[aeiouyà-öø-ÿ]+", re.IGNORECASE)
DIGIT = re.compile(r"\d")
HAN = re.compile(r"[\u3400-\u9fff]")


def sound_findings(
    path: Path, *, text: str = "", reference: Path | None = None, pause: float = 0.0
) -> list[Finding]:
    """Of a sound that says `text` in the voice of `reference`; `pause` in seconds was asked for."""
    wave = read_wave(path, RATE)
    heard = levels(wave, RATE // A_SECOND)
    loud = float(np.percentile(heard, 95)) if len(heard) else 0.0
    if loud < SILENT:
        return [("silent", {})]
    spoken = _filled(heard > PAUSE * loud)
    found = _gaps(spoken, pause)
    if loud < QUIET:
        found.append(("quiet", {"level": _decibels(loud)}))
    if _clipped(wave) > CLIPPED:
        found.append(("clipped", {"percent": f"{100 * _clipped(wave):.1f}"}))
    found += _pace(text, float(np.count_nonzero(spoken)) / A_SECOND)
    if _is_cut(wave):
        found.append(("cut", {}))
    return found + (_unlike(wave, reference) if reference else [])


def active(wave: Wave, rate: int) -> Levels:
    """1 for each hundredth of a second with speech in it, else 0."""
    heard = levels(wave, rate // A_SECOND)
    loud = float(np.percentile(heard, 95)) if len(heard) else 0.0
    return (heard > max(PAUSE * loud, SILENT)).astype(np.float64)


def _filled(spoken: Any) -> Any:
    """A click in the middle of a silence is no speech: what is shorter than 30 ms is left out."""
    kept = spoken.copy()
    kept[1:-1] &= spoken[:-2] | spoken[2:]
    return kept


def _gaps(spoken: Any, pause: float) -> list[Finding]:
    there = np.flatnonzero(spoken)
    if not len(there):
        return [("silent", {})]
    first, last = there[0] / A_SECOND, (len(spoken) - there[-1] - 1) / A_SECOND
    between = np.diff(there) / A_SECOND
    longest = float(between.max(initial=0.0))
    found: list[Finding] = []
    if longest > max(LONGEST_PAUSE, pause + 0.8):
        at = float(there[int(between.argmax())] / A_SECOND)
        found.append(("gap", {"seconds": f"{longest:.1f}", "at": _clock(at)}))
    if max(first, last) > LONGEST_END:
        found.append(("ends_silent", {"seconds": f"{max(first, last):.1f}"}))
    return found


def _clipped(wave: Wave) -> float:
    """The share of samples that stay at full scale."""
    high = np.abs(wave) >= FULL_SCALE
    row = np.convolve(high, np.ones(IN_A_ROW), "valid") == IN_A_ROW
    return float(np.count_nonzero(row)) / max(1, len(wave))


def _pace(text: str, seconds: float) -> list[Finding]:
    count = syllables(text)
    if count < FEWEST or not seconds:
        return []
    pace = count / seconds
    told = {"pace": f"{pace:.1f}"}
    if pace > QUICKEST:
        return [("fast", told)]
    return [("slow", told)] if pace < SLOWEST else []


def syllables(text: str) -> int:
    """About how many: a Chinese character or a digit is one, a word has its groups of vowels."""
    words = [word for word in WORD.findall(text)]
    of_words = sum(max(1, len(VOWELS.findall(_without_silent_e(word)))) for word in words)
    return len(HAN.findall(text)) + len(DIGIT.findall(text)) + of_words


def _without_silent_e(word: str) -> str:
    silent = len(word) > 3 and word.lower().endswith("e") and not word.lower().endswith("le")
    return word[:-1] if silent else word


def _is_cut(wave: Wave) -> bool:
    """Whether it ends in the middle of a sound: no silence at its end, and loud until then.

    A voice fades out, and whoever speaks or joins leaves some silence after that.
    """
    heard = levels(wave, RATE // 200)
    loud = float(np.percentile(heard, 95))
    there = np.flatnonzero(heard > ENDED * loud)
    if not len(there):
        return False
    last = int(there[-1])
    silence = (len(heard) - 1 - last) / 200
    return silence <= CUT_SILENCE and float(heard[max(0, last - 3) : last + 1].mean()) > CUT * loud


def _unlike(wave: Wave, reference: Path) -> list[Finding]:
    """Another voice than the reference's: against how far its own two halves are apart."""
    given = read_wave(reference, RATE)
    one, other = print_of(wave), print_of(given)
    if one is None or other is None:
        return []
    halves = print_of(given[: len(given) // 2]), print_of(given[len(given) // 2 :])
    usual = distance(halves[0], halves[1]) if halves[0] and halves[1] else FAR / FARTHER
    far, off = distance(one, other), semitones(one, other)
    limit = max(FAR, FARTHER * usual)
    if far <= limit and (abs(off) < HIGHER or far < 0.7 * limit):
        return []
    return [("unlike", {"times": f"{far / max(usual, 0.3):.1f}", "semitones": f"{abs(off):.0f}"})]


def _decibels(level: float) -> str:
    return f"{20 * np.log10(max(level, 1e-6)):.0f}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

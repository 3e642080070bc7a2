"""How long a script will last, before anything is synthesised.

The seconds per letter and word are least-squares fits to eSpeak NG 1.52 at `espeak.RATE`, over
twenty sentences; a test holds the estimate of whole scripts within 15 %.
"""

from __future__ import annotations

import re

from comfy.engine.speech import script
from comfy.engine.speech.emotion import prosody
from comfy.engine.speech.profile import VoiceProfile

_PER_IDEOGRAPH, _PER_COMMA_ZH = 0.273, 0.13  # seconds
_PER_LETTER, _PER_DIGIT, _PER_WORD, _PER_COMMA_EN = 0.059, 0.40, 0.036, 0.036
_PER_CAPITAL = 0.17  # of an abbreviation, which is mostly spelled
_COMMAS = re.compile(r"[,，;；:：、]")
_CAPITALS = re.compile(r"\b(?:[A-Z]{2,}|[B-HJ-Z])\b")
_LATIN = re.compile(r"[^\W\d_]")


def seconds(
    text: str,
    *,
    voice: VoiceProfile | None = None,
    emotion: str = "neutral",
    strength: float = 0.65,
    speed: float = 1.0,
) -> float:
    """Length of `text` spoken like `voice` (None: at the base voice's pace); 0 if unspeakable."""
    from comfy.engine.speech import speak  # noqa: PLC0415  # speak offers the estimate as well

    rate = speed * prosody(emotion, strength).rate
    total = 0.0
    for sentence in script.read(text):
        for run in sentence.runs:
            pace = rate * (speak.pace_of(voice, run.language) if voice else 1.0)
            total += (_spoken(run) + run.pause) / pace
    return total


def _spoken(run: script.Run) -> float:
    """Seconds of sound at pace 1, with the voice's own short stops at commas."""
    commas = len(_COMMAS.findall(run.text.rstrip(" ,，;；:：、。.!！?？")))
    digits = sum(character.isdigit() for character in run.text)
    if run.language == "zh":
        ideographs = sum(character > "\u2e80" and character.isalpha() for character in run.text)
        return _PER_IDEOGRAPH * (ideographs + digits) + _PER_COMMA_ZH * commas
    capitals = sum(map(len, _CAPITALS.findall(run.text)))
    letters = len(_LATIN.findall(run.text)) - capitals
    words = len(run.text.split())
    spelled = _PER_CAPITAL * capitals + _PER_DIGIT * digits
    return _PER_LETTER * letters + spelled + _PER_WORD * words + _PER_COMMA_EN * commas

"""Lips on m, b and p for tests.bench.engine: speech whose phones are known, seen in the video."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from comfy.engine.head.talk import talk
from comfy.engine.node import Audio
from comfy.engine.speech import espeak
from comfy.engine.speech.frames import SAMPLE_RATE
from tests.bench.head_cases import FPS, Floats, frames_of, openings, still_of
from tests.bench.quiet_run import QuietRun
from tests.engine.moving import track

TEXTS = {
    "en-us": "My mother bought a big map from Peter in November. Baby Bob put more pepper in a "
    "small cup. People may remember a simple problem. The member jumped above the lamp.",
    "cmn": "妈妈买了面包。爸爸不怕冰。明天北边的朋友没有陪他跑步。我们慢慢爬上半山，看美丽的白马。",
}
SHUT = 0.15  # of a wide vowel's opening
REST, WIDE = 3, 90  # percentiles of all frames


def lips() -> list[tuple[str, str]]:
    """How often the mouth is seen to shut on m, b and p, and how often in the middle of vowels."""
    closures: list[float] = []
    vowels: list[float] = []
    for portrait in ("portrait.jpg", "portrait2.jpg"):
        for voice, text in TEXTS.items():
            said = espeak.read(text, voice)
            opening = _seen(portrait, Audio(said.wave[None].astype(np.float32), SAMPLE_RATE))
            _sort(opening, said.phonemes, closures, vowels)
    shut, shut_vowels = (np.mean(np.array(one) < SHUT) for one in (closures, vowels))
    return [
        ("head: shut on m, b and p", f"{100 * shut:.0f} % of {len(closures)}"),
        ("head: shut amid vowels", f"{100 * shut_vowels:.0f} % of {len(vowels)}"),
    ]


def _seen(portrait: str, audio: Audio) -> Floats:
    """The opening in every frame of the finished video: 0 at rest, 1 in wide vowels."""
    with TemporaryDirectory() as place:
        frames = frames_of(talk(QuietRun(Path(place)), still_of(portrait), audio, height=480))
    opening = openings(frames, track(frames))
    rest, wide = np.percentile(opening, (REST, WIDE))
    seen: Floats = (opening - rest) / (wide - rest)
    return seen


def _sort(
    opening: Floats,
    phonemes: tuple[espeak.Phoneme, ...],
    closures: list[float],
    vowels: list[float],
) -> None:
    """The least opening within a frame of each m, b and p; that in the middle of each vowel."""
    for phone, after in zip(phonemes[1:], phonemes[2:], strict=False):
        first, last = int((phone.start - 0.02) * FPS), int(np.ceil(after.start * FPS))
        if phone.name[:1] in set("mbp"):
            closures.append(float(opening[first : last + 1].min()))
        elif phone.name[:1] in set("aeiouyAEIOUV03@"):
            vowels.append(float(opening[min(len(opening) - 1, (first + last) // 2)]))

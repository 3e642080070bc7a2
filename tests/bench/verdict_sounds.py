"""Spoken results of the preview engine, and what can go wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from comfy.media.verdict_sound import sound_findings
from comfy.media.waves import Wave, levels
from tests.bench import voice_cases
from tests.bench.engine import _speak as speak_like
from tests.bench.verdict_case import Case
from tests.make_assets.voices import Speaker

RATE = 22_050
TEXTS = {
    "zh": (
        voice_cases.SCRIPT["zh"],
        "明天早上八点在学校门口集合，请大家带好雨伞和水壶，不要迟到。",
    ),
    "en": (
        voice_cases.SCRIPT["en"],
        "Please bring an umbrella and some water, and meet us at the gate at eight o'clock.",
    ),
}
HELD = {
    "zh": (
        "请把窗户关上，外面的风越来越大了。我去厨房烧一壶水，马上就回来。",
        "这本书讲的是一位医生在海边小镇的故事，读完以后很久都忘不掉。",
    ),
    "en": (
        "Close the window, please; the wind is getting stronger. I will be back in a minute.",
        "The book tells of a doctor in a small town by the sea, and nobody forgets it soon.",
    ),
}
GOOD, PLANTED = 17, 4  # results without a fault; results into which all faults are put


@dataclass(frozen=True)
class Speech:
    name: str
    text: str
    wave: Wave  # at RATE
    reference: Path


def speeches(held: bool, folder: Path) -> list[Speech]:
    """As many different ones as there are good results, the languages in turn."""
    texts = HELD if held else TEXTS
    made = []
    for number in range(GOOD):
        language = ("zh", "en")[number % 2]
        person = number // 2 % 6
        speaker = _speaker(language, person, held)
        recording = voice_cases.recording(speaker, voice_cases.REFERENCE_TEXT[language])
        reference = folder / f"{language}{person}.wav"
        soundfile.write(reference, recording.waveform[0], recording.sample_rate)
        text = texts[language][(number // 2 + number // 12) % 2]
        spoken = speak_like(text, recording)
        name = f"{language} {person}"
        made.append(Speech(name, text, spoken.waveform[0].astype(np.float32), reference))
    return made


def _speaker(language: str, person: int, held: bool) -> Speaker:
    """With `held` somebody of a lower voice and another throat."""
    known = voice_cases.speakers(language)[person]
    if not held:
        return known
    return replace(
        known, pitch=known.pitch * 0.93, formants=known.formants * 1.04, seed=person + 60
    )


def cases(made: list[Speech], folder: Path) -> Iterator[Case]:
    for speech in made:
        yield _case(speech, "", speech.name, speech.wave, folder)
    for number, speech in enumerate(made[:PLANTED]):
        other = made[(number + 6) % 12]  # the same language, another person
        yield from _planted(speech, other, folder)


def _planted(speech: Speech, other: Speech, folder: Path) -> Iterator[Case]:
    wave = speech.wave
    middle = _pause(wave)
    for seconds in (2.0, 3.0, 5.0):
        longer = np.concatenate([wave[:middle], _nothing(seconds), wave[middle:]])
        yield _case(speech, "gap", f"{seconds:g} s", longer, folder)
    for seconds in (1.5, 3.0, 8.0):
        longer = np.concatenate([wave, _nothing(seconds)])
        yield _case(speech, "ends_silent", f"{seconds:g} s", longer, folder)
    for gain in (0.05, 0.03, 0.02):
        yield _case(speech, "quiet", f"times {gain:g}", wave * np.float32(gain), folder)
    yield _case(speech, "silent", "nothing", wave * 0, folder)
    for gain in (2.5, 5.0, 10.0):
        louder = np.clip(wave / np.abs(wave).max() * gain, -1, 1)
        yield _case(speech, "clipped", f"times {gain:g}", louder, folder)
    for share in (0.4, 0.6, 0.85):
        cut = wave[: _in_a_sound(wave, share)]
        yield _case(speech, "cut", f"at {share:.0%}", cut, folder)
    for times in (2, 3):
        more = Speech(speech.name, speech.text * times, wave, speech.reference)
        yield _case(more, "fast", f"1/{times} of the text", wave, folder)
    for times in (3, 4):
        less = speech.text[: len(speech.text) // times]
        yield _case(
            Speech(speech.name, less, wave, speech.reference),
            "slow",
            f"{times} times",
            wave,
            folder,
        )
    swapped = Speech(speech.name, speech.text, wave, other.reference)
    yield _case(swapped, "unlike", "another person", wave, folder)
    squeezed = np.interp(np.arange(0, len(wave), 1.25), np.arange(len(wave)), wave)
    yield _case(speech, "unlike", "4 semitones, throat too", squeezed.astype(np.float32), folder)


def _case(speech: Speech, code: str, how: str, wave: Wave, folder: Path) -> Case:
    path = folder / "speech.mp3"
    soundfile.write(path, wave, RATE, format="MP3")
    found = sound_findings(path, text=speech.text, reference=speech.reference)
    return Case("speech", code, how, found)


def _nothing(seconds: float) -> Wave:
    noise = np.random.default_rng(1).normal(0, 1e-4, int(seconds * RATE))
    return noise.astype(np.float32)


def _pause(wave: Wave) -> int:
    """The quietest tenth of a second of the middle half."""
    heard = np.convolve(levels(wave, RATE // 100), np.ones(10), "same")
    quarter = len(heard) // 4
    return (quarter + int(heard[quarter:-quarter].argmin())) * (RATE // 100)


def _in_a_sound(wave: Wave, share: float) -> int:
    """The first sample from there on in the middle of something loud."""
    heard = levels(wave, RATE // 100)
    loud = np.flatnonzero(heard > 0.4 * np.percentile(heard, 95))
    after = loud[loud >= share * len(heard)]
    return int((after[0] if len(after) else loud[-1]) + 0.5) * (RATE // 100)

"""Speak a script with the pitch, timbre and pace of a reference voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.node import Audio, NodeError, Run
from comfy.engine.speech import (
    contour,
    emotion,
    espeak,
    level,
    mandarin,
    matching,
    reference,
    script,
    synthesis,
    timbre,
)
from comfy.engine.speech.analysis import Analysis, join
from comfy.engine.speech.base_voice import VOICES, Language, analyse_base, base_voice
from comfy.engine.speech.emotion import Prosody
from comfy.engine.speech.frames import SAMPLE_RATE, Array, Check
from comfy.engine.speech.profile import VoiceProfile
from comfy.engine.speech.reference import Reference
from comfy.engine.speech.timbre import Timbre

_JITTER = 0.002  # share of a period: a voice is never quite regular
_SLOWEST, _FASTEST = 0.75, 1.3  # how far the pace follows the reference
_EDGE = 0.02  # seconds kept around speech when eSpeak's own silence is cut off
_HEARD = 0.003  # amplitude below which eSpeak is silent
_FOREIGN = 0.2  # share of letters nobody can read from which a script is refused
_CLOSING = " ,;:.!?。，；：！？、"


@dataclass(frozen=True)
class Delivery:
    """How the whole script is spoken. `pace` is a factor on eSpeak's own, per language."""

    voice: VoiceProfile
    library: matching.Library | None
    prosody: Prosody
    timbres: dict[Language, Timbre]
    pace: dict[Language, float]


def speak(
    text: str,
    recording: Audio,
    *,
    emotion_name: str,
    strength: float,
    speed: float,
    seed: int,
    run: Run,
) -> Audio:
    """Speech at 22,050 Hz, mono.

    Raises NodeError: "no_text", "text_language", and what `reference.listen` raises.
    """
    if script.foreign_share(text) > _FOREIGN:
        raise NodeError("text_language", "the text is neither Chinese nor English")
    sentences = script.read(text, run.check)
    if not sentences:
        raise _no_text()
    steps = len(sentences) + 1
    run.progress(0, steps)
    voice = reference.listen(recording, run.check)
    delivery = _prepare(voice, emotion.prosody(emotion_name, strength), speed)
    pieces: list[npt.NDArray[np.float32]] = []
    for index, sentence in enumerate(sentences):
        run.progress(index + 1, steps)
        random = np.random.default_rng([seed, index])
        pieces.append(_say(sentence, delivery, run.check, random))
    if not any(piece.any() for piece in pieces):
        raise _no_text()
    pieces = level.master(pieces, level.TARGET + delivery.prosody.gain, run.check)
    run.progress(steps, steps)
    return Audio(np.concatenate(pieces)[None], SAMPLE_RATE)


def _no_text() -> NodeError:
    return NodeError("no_text", "there is nothing in the text that can be spoken")


def _prepare(voice: Reference, prosody: Prosody, speed: float) -> Delivery:
    bases = {language: base_voice(language) for language in VOICES}
    timbres = {language: timbre.fit(base, voice.profile) for language, base in bases.items()}
    pace = {language: speed * prosody.rate * pace_of(voice.profile, language) for language in bases}
    return Delivery(voice.profile, matching.library(voice), prosody, timbres, pace)


def pace_of(voice: VoiceProfile, language: Language) -> float:
    """How much faster than eSpeak's own pace this voice speaks."""
    ratio = voice.syllable_rate / base_voice(language).syllable_rate
    return float(np.clip(ratio, _SLOWEST, _FASTEST))


def _say(
    sentence: script.Sentence, delivery: Delivery, check: Check, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """One sentence, as loud as every other, with the silence after it."""
    shaped = [_shape(*part, delivery, check) for part in _read_aloud(sentence, delivery)]
    wave: Array = np.zeros(0)
    if shaped:
        speech = join([analysis for analysis, _ in shaped])
        height = np.concatenate([height for _, height in shaped])
        wave = _render(speech, height, delivery, check, random)
    last = sentence.runs[-1]
    silence = np.zeros(int(last.pause / delivery.pace[last.language] * SAMPLE_RATE))
    return np.concatenate([wave, silence]).astype(np.float32)


def _read_aloud(sentence: script.Sentence, delivery: Delivery) -> list[tuple[Array, Language]]:
    """eSpeak's waves of the runs, without its silence around them; the pauses are ours."""
    waves: list[tuple[Array, Language]] = []
    for index, part in enumerate(sentence.runs):
        is_last = index == len(sentence.runs) - 1
        text = part.text if is_last else f"{part.text.rstrip(_CLOSING)},"  # the voice stays up
        if part.language == "zh":
            text = mandarin.pronounceable(text)
        pace = delivery.pace[part.language]
        wave = _trim(espeak.read(text, VOICES[part.language], rate=espeak.RATE * pace).wave)
        pause = 0.0 if is_last else part.pause / pace
        if len(wave):
            wave = np.pad(level.fade(wave), (0, int(pause * SAMPLE_RATE)))
            waves.append((wave, part.language))
    return waves


def _trim(wave: Array) -> Array:
    heard = np.flatnonzero(np.abs(wave) > _HEARD)
    if not len(heard):
        return wave[:0]
    edge = int(_EDGE * SAMPLE_RATE)
    return wave[max(0, heard[0] - edge) : heard[-1] + edge]


def _shape(
    wave: Array, language: Language, delivery: Delivery, check: Check
) -> tuple[Analysis, Array]:
    """A run with the reference's timbre, and its melody in semitones."""
    own = analyse_base(wave, check)
    check()
    breath = 0.8 * delivery.prosody.breath
    shaped = timbre.apply(delivery.timbres[language], own, extra_breath=breath)
    return shaped, contour.semitones(own.f0, base_voice(language), delivery.voice, language)


def _render(
    speech: Analysis,
    height: Array,
    delivery: Delivery,
    check: Check,
    random: np.random.Generator,
) -> Array:
    inside = delivery.timbres["zh"].inside  # the same for all languages
    envelope = speech.envelope
    if delivery.library is not None:
        envelope = matching.borrow(speech, delivery.library, inside, check)
        envelope = matching.match_mean(
            envelope, speech.voiced, speech.level, delivery.voice.voiced_spectrum, inside
        )
    envelope = envelope + emotion.tilt_curve(delivery.prosody.tilt).astype(np.float32)
    prosody = delivery.prosody
    f0 = contour.pitch(height, speech.voiced, delivery.voice, prosody, random)
    jitter = _JITTER + prosody.jitter
    wave = synthesis.synthesise(f0, envelope, speech.noise, check, jitter=jitter, random=random)
    return level.fade(level.set_level(wave, level.ALIKE))

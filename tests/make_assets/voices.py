"""The sample voices: eSpeak NG re-voiced by the engine's vocoder into two imaginary people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from comfy.engine.speech import espeak, level, spectrum
from comfy.engine.speech.analysis import Analysis, analyse
from comfy.engine.speech.frames import FREQUENCIES, HOP, SAMPLE_RATE, Array
from comfy.engine.speech.synthesis import synthesise

_JITTER = 0.003
_MP3_SHARE = 0.63  # libsndfile's scale for constant bit rates: 64 kbit/s at 22,050 Hz
_PAUSE = 0.25  # seconds of silence at either end


@dataclass(frozen=True)
class Speaker:
    """`pitch` is the median in Hz, `formants` the factor on eSpeak's, `breath` on its noise.

    `melody` scales the pitch movement in semitones; `softness` lowers the treble, dB at 8 kHz.
    """

    voice: str
    text: str
    pace: float
    pitch: float
    melody: float
    formants: float
    breath: float
    softness: float
    seed: int


# eSpeak's variants with `breath` (f2, f3) differ from process to process; f1 and m3 do not.
WOMAN = Speaker(
    voice="cmn+f1",
    text="大家好，我是示例声音。这段录音由程序合成，任何人都可以自由使用。",
    pace=178,
    pitch=208,
    melody=1.0,
    formants=1.06,
    breath=0.55,
    softness=5.0,
    seed=201,
)
MAN = Speaker(
    voice="en-us+m3",
    text="Hello, I am a sample voice. This recording was made by a program, "
    "and everybody is free to use it.",
    pace=152,
    pitch=112,
    melody=0.85,
    formants=0.97,
    breath=0.5,
    softness=6.0,
    seed=202,
)


def speak(speaker: Speaker) -> npt.NDArray[np.float32]:
    """The speaker's sentence, mono at 22,050 Hz, levelled, with a little silence around it."""
    wave = espeak.read(speaker.text, speaker.voice, rate=speaker.pace).wave
    heard = np.flatnonzero(np.abs(wave) > 0.003)
    own = analyse(wave[heard[0] : heard[-1]], _never_interrupted)
    random = np.random.default_rng(speaker.seed)
    tilt = -speaker.softness / 10 * np.log(10) * np.clip(FREQUENCIES / 8000, 0, 1.3)
    envelope = spectrum.move_formants(own.envelope, speaker.formants) + tilt
    revoiced = synthesise(
        _melody(own, speaker, random),
        envelope.astype(np.float32),
        np.where(own.voiced[:, None], own.noise * speaker.breath, own.noise),
        _never_interrupted,
        jitter=_JITTER,
        random=random,
    )
    levelled = level.fade(level.limit(level.set_level(revoiced, level.ALIKE)), 0.02)
    return np.pad(levelled, round(_PAUSE * SAMPLE_RATE)).astype(np.float32)


def _never_interrupted() -> None:
    """These scripts run to their end."""


def _melody(own: Analysis, speaker: Speaker, random: np.random.Generator) -> Array:
    """eSpeak's pitch movement around the speaker's own pitch, with a slow human drift."""
    heights = 12 * np.log2(own.f0[own.voiced] / np.median(own.f0[own.voiced]))
    seconds = np.arange(len(own.f0)) * HOP / SAMPLE_RATE
    knots = np.arange(0, seconds[-1] + 0.4, 0.4)
    drift = np.interp(seconds, knots, random.normal(0, 0.25, len(knots)))
    f0 = np.zeros(len(own.f0))
    f0[own.voiced] = heights * speaker.melody + drift[own.voiced]
    return np.asarray(np.where(own.voiced, speaker.pitch * 2 ** (f0 / 12), 0.0))


def write_mp3(path: Path, speaker: Speaker) -> None:
    """Speak and write mono MP3."""
    soundfile.write(
        path,
        speak(speaker),
        SAMPLE_RATE,
        format="MP3",
        compression_level=_MP3_SHARE,
        bitrate_mode="CONSTANT",
    )

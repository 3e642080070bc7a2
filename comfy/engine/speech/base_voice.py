"""The profiles of eSpeak's own voices, measured once and shipped as `base_voices.npz`.

To build the file again, after a new eSpeak or a change of the analysis:
`python -m comfy.engine.speech.base_voice`. A test compares the file with a fresh measurement.
"""

from __future__ import annotations

import functools
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from comfy.engine.speech import espeak
from comfy.engine.speech.analysis import Analysis, analyse
from comfy.engine.speech.frames import Array, Check
from comfy.engine.speech.profile import VoiceProfile, describe

Language = Literal["zh", "en"]

VOICES: dict[Language, str] = {"zh": "cmn", "en": "en-us"}
FLOOR, CEILING = 55.0, 250.0  # Hz: eSpeak's voice at pitch 50 stays well inside

_FILE = Path(__file__).with_name("base_voices.npz")
_TEXTS: dict[Language, str] = {
    "zh": "今天天气真好，我们一起去公园散步。他说明天还要开会，请大家准备好材料。"
    "小红昨天买了四本新书，放在白色的桌子上。火车准时出发，窗外的风景非常漂亮。"
    "老师让我们认真思考，不要着急回答。",
    "en": "The north wind and the sun were arguing about which of them was stronger. "
    "Please bring the report to the meeting tomorrow. My father bought a small blue boat, and we "
    "sailed across the quiet lake together. Those children enjoy playing outside, though the "
    "weather is rather cold. She measured the length of the garden path with a yellow rope.",
}


def base_voice(language: Language) -> VoiceProfile:
    """The profile of the voice that reads this language."""
    return _load()[language]


def measure(language: Language) -> VoiceProfile:
    """Let eSpeak read a text with all sounds of the language, and describe its voice."""
    wave = espeak.read(_TEXTS[language], VOICES[language]).wave
    return describe(analyse_base(wave, lambda: None))


def analyse_base(wave: Array, check: Check) -> Analysis:
    """Analyse eSpeak's own voice, whose pitch range is known."""
    return analyse(wave, check, floor=FLOOR, ceiling=CEILING)


@functools.cache
def _load() -> dict[Language, VoiceProfile]:
    with np.load(_FILE, allow_pickle=False) as stored:
        return {language: _profile(stored, language) for language in VOICES}


def _profile(stored: np.lib.npyio.NpzFile, language: Language) -> VoiceProfile:
    def number(name: str) -> float:
        return float(stored[f"{language}_{name}"])

    return VoiceProfile(
        f0_median=number("f0_median"),
        f0_spread=number("f0_spread"),
        syllable_rate=number("syllable_rate"),
        voiced_spectrum=stored[f"{language}_voiced_spectrum"],
        unvoiced_spectrum=stored[f"{language}_unvoiced_spectrum"],
        noise=stored[f"{language}_noise"],
        bandwidth=number("bandwidth"),
    )


def _build() -> None:
    fields = {
        f"{language}_{name}": np.asarray(value, dtype=np.float32)
        for language in VOICES
        for name, value in asdict(measure(language)).items()
    }
    np.savez_compressed(_FILE, allow_pickle=False, **fields)


if __name__ == "__main__":
    _build()

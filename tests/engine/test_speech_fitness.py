"""What is refused before anything is spoken, and how long a script will last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from comfy.engine.codecs.sound import decode
from comfy.engine.node import Audio, NodeError
from comfy.engine.speech import espeak, estimate, pitch, profile, reference, script, suitability
from comfy.engine.speech.analysis import Analysis
from comfy.engine.speech.frames import FRAMES_PER_SECOND
from tests.engine.test_speech import MIXED, RATE, refusal, say

ASSETS = Path(__file__).parents[2] / "assets"
EN = "A small blue boat sailed across the quiet lake. My father gave us warm bread at noon."


def audio(wave: npt.NDArray[np.floating[Any]]) -> Audio:
    return Audio(wave[None].astype(np.float32), RATE)


def melody() -> Audio:
    """Notes of a plucked string, 0.3 s each."""
    times = np.arange(int(0.3 * RATE)) / RATE
    steps = np.random.default_rng(0).integers(0, 12, 24)
    notes = [
        sum(np.sin(2 * np.pi * 220 * 2 ** (s / 12) * k * times) / k**1.5 for k in range(1, 8))
        * np.exp(-3 * times)
        for s in steps
    ]
    return audio(0.2 * np.concatenate(notes))


def conversation() -> Audio:
    """The two sample voices in turns of three seconds."""
    one, other = (
        decode(ASSETS / name, lambda: None).waveform[0] for name in ("voice-en.mp3", "voice-zh.mp3")
    )
    turns = [wave[start * RATE : (start + 3) * RATE] for start in (0, 3) for wave in (one, other)]
    return Audio(np.concatenate(turns)[None], RATE)


def test_music_is_no_voice_to_imitate() -> None:
    assert refusal(melody(), "你好") == "reference_music"


def test_a_hum_is_no_voice_either() -> None:
    times = np.arange(6 * RATE) / RATE
    hum = sum(0.2 / k * np.sin(2 * np.pi * 50 * k * times) for k in range(1, 12))
    assert refusal(audio(np.asarray(hum)), "你好") == "no_voice"


def test_two_people_are_not_one_voice() -> None:
    assert refusal(conversation(), "你好") == "reference_two_voices"


@pytest.mark.parametrize("voice", ["en-us+f1", "en-us+m7", "en-us+croak", "cmn+f4", "cmn+m3"])
def test_one_person_is_never_refused(voice: str) -> None:
    text = "今天天气真好，我们去公园。他说明天还要开会！" if voice[0] == "c" else EN
    reference.listen(audio(espeak.read(text, voice).wave), lambda: None)


def test_a_noisy_recording_has_the_pace_of_the_clean_one() -> None:
    def pace(heard: npt.NDArray[np.floating[Any]]) -> float:
        f0, level = pitch.track(heard, lambda: None)
        return profile.syllable_rate(Analysis(f0, level, level, level))

    wave = np.pad(espeak.read(EN, "en-us+f2").wave, 4000)
    noise = np.random.default_rng(0).normal(0, 0.1 * wave.std(), len(wave))
    assert pace(wave + noise) == pytest.approx(pace(wave), rel=0.03)


@pytest.mark.parametrize(
    ("syllables", "expected"),
    [
        (([9] * 9 + [0] * 9) * 2, True),  # turns of three seconds
        ([0, 9, 0, 0, 9, 9] * 6, False),  # a lively reader
        (([6] * 9 + [0] * 9) * 2, False),  # who quotes somebody
        ([9, 8, 6, 5, 3, 2, 0, 0, 2, 3, 5, 6] * 3, False),  # a wide range is not two
        ([9] * 5 + [0] * 5, False),  # too short to tell
        ([3] * 36, False),
    ],
)
def test_two_voices_keep_to_two_ranges_in_turns(syllables: list[float], expected: bool) -> None:
    """Three syllables a second, each with a pitch that is a little off."""
    pitches = syllables + np.random.default_rng(0).normal(0, 1, len(syllables))
    each = int(FRAMES_PER_SECOND / 3)
    height = np.repeat(pitches, each)
    height[np.arange(len(height)) % each > 0.7 * each] = np.nan
    assert suitability.has_two_voices(height) is expected


@pytest.mark.parametrize("text", ["こんにちは", "Привет, как дела?", "안녕하세요 hello"])
def test_a_text_in_another_script_is_refused_with_its_own_reason(text: str) -> None:
    with pytest.raises(NodeError, match="^text_language: "):
        say(melody(), text)


def test_a_name_in_another_script_does_not_stop_a_script() -> None:
    assert script.foreign_share("我的俄语名字是 Иван，很高兴认识你们大家，欢迎来到这里。") < 0.2


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("我的RTX 4090很快", ["我的", "RTX", "四零九零很快"]),
        ("The RTX 4090 is fast.", ["The RTX forty ninety is fast."]),
        ("Buy a GTX 1080 in 2025", ["Buy a GTX ten eighty in twenty twenty five"]),
    ],
)
def test_model_numbers_are_read_digit_by_digit_or_in_pairs(text: str, runs: list[str]) -> None:
    assert [run.text for sentence in script.read(text) for run in sentence.runs] == runs


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("今天天气真好，我们一起去公园散步。他说明天还要开会，请大家准备好材料。", {}),
        ("这得益于强大的算力支持。二〇二五年的产量是1234台，增长了3.5%。", {"speed": 1.3}),
        (EN + " Please bring the report to the meeting tomorrow.", {}),
        (EN, {"emotion": "sad", "strength": 1.0}),
        ("Write to the BBC, the FBI or the IMF about HTML, CSS and PNG by 11:59 PM EST.", {}),
        (MIXED + "我们在Windows和Linux上都测试过，没有问题。", {}),
    ],
)
def test_the_length_is_known_before(text: str, options: dict[str, Any]) -> None:
    recording = audio(espeak.read(EN, "en-us+f2", rate=150).wave)
    spoken = say(recording, text, **options)
    voice = reference.listen(recording, lambda: None).profile
    wanted = spoken.waveform.shape[1] / RATE
    assert estimate.seconds(text, voice=voice, **options) == pytest.approx(wanted, rel=0.15)
    assert estimate.seconds("……") == 0

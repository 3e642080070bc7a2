"""What is wrong with a spoken result: each fault by itself, and nothing in a good one."""

import numpy as np
import pytest
import soundfile

from comfy.media import bounded
from comfy.media.verdict_sound import sound_findings, syllables
from comfy.media.waves import read_wave
from tests.app_process import ROOT

RATE = 16_000
EN, ZH = ROOT / "assets" / "voice-en.mp3", ROOT / "assets" / "voice-zh.mp3"


def speech(count=12, *, fade=0.06):
    """So many syllables, four a second, each a vowel that fades; then silence."""
    times = np.arange(int(0.25 * RATE)) / RATE
    vowel = sum(np.sin(2 * np.pi * 140 * n * times) / n for n in range(1, 12))
    ramp = np.clip(np.minimum(times, 0.18 - times) / fade, 0, 1)
    wave = np.tile(0.3 * vowel * ramp, count)
    return np.concatenate([wave, np.zeros(int(0.2 * RATE))]).astype(np.float32)


def nothing(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


def codes(tmp_path, wave, **asked):
    path = tmp_path / "speech.wav"
    soundfile.write(path, wave, RATE)
    return [code for code, _ in sound_findings(path, **asked)]


TEXT = "一二三四五六七八九十天地"
GOOD = speech()
FAULTS = {
    "silent": GOOD * 0,
    "quiet": GOOD * 0.02,
    "gap": np.concatenate([GOOD[: RATE * 3 // 2], nothing(2.5), GOOD[RATE * 3 // 2 :]]),
    "ends_silent": np.concatenate([GOOD, nothing(2)]),
    "clipped": np.clip(GOOD * 12, -1, 1),
    "cut": GOOD[: int(1.6 * RATE)],
}


def test_a_good_one_has_nothing(tmp_path):
    assert codes(tmp_path, GOOD, text=TEXT) == []


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_found(tmp_path, code):
    assert codes(tmp_path, FAULTS[code]) == [code]


def test_the_pace_is_held_against_the_text(tmp_path):
    assert codes(tmp_path, GOOD, text=TEXT * 3) == ["fast"]
    assert codes(tmp_path, speech(30), text=TEXT[:9]) == ["slow"]


def test_a_pause_that_was_asked_for_is_none(tmp_path):
    assert codes(tmp_path, FAULTS["gap"], pause=2.5) == []


def test_the_voice_is_held_against_the_recording(tmp_path):
    half = read_wave(EN, RATE)[: 4 * RATE]
    assert "unlike" not in codes(tmp_path, half, reference=EN)
    assert "unlike" in codes(tmp_path, half, reference=ZH)
    told = dict(sound_findings(tmp_path / "speech.wav", reference=ZH))["unlike"]
    assert told["semitones"].isdigit()  # how far, for a sentence; not "-0"


def test_syllables_of_two_languages():
    assert syllables("你好，world 3") == 4
    assert syllables("Please bring a table.") == 5


def test_it_runs_in_the_bounded_process(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, FAULTS["quiet"], RATE)
    asked = {"text": "", "reference": None, "pause": 0.0}
    assert bounded.judge("audio", path, asked) == [("quiet", {"level": "-45"})]

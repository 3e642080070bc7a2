"""The node "Speak like a reference voice (CPU)", from a recording and a script to sound."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as PILImage

from comfy.engine.node import Audio, Interrupted, NodeError
from comfy.engine.nodes.speech import EMOTIONS, NODES
from comfy.engine.speech import (
    analysis,
    emotion,
    espeak,
    loudness,
    pitch,
    profile,
    reference,
    speak,
)
from comfy.engine.speech.frames import HOP, Array
from comfy.media import join_sound

RATE = 22050
MIXED = "今年是2025年，NVIDIA的GPU很快！Hello world."


@dataclass
class RecordingRun:
    """A run that notes its progress and the most work between two checks, in CPU seconds."""

    checks_allowed: float = float("inf")
    prompt_id: str = "p"
    node_id: str = "1"
    input_folder: Path = Path()
    output_folder: Path = Path()
    temp_folder: Path = Path()
    steps: list[tuple[int, int]] = field(default_factory=list)
    longest_work: float = 0.0
    checks: int = 0
    last: float = field(default_factory=time.thread_time)

    def progress(self, value: int, maximum: int, preview: PILImage.Image | None = None) -> None:
        self.steps.append((value, maximum))
        self.check()

    def check(self) -> None:
        self.checks += 1
        now = time.thread_time()
        self.longest_work = max(self.longest_work, now - self.last)
        self.last = now
        if self.checks > self.checks_allowed:
            raise Interrupted


@pytest.fixture(scope="module")
def woman() -> Audio:
    """Six seconds of another voice, in stereo at 44,100 Hz, after some silence."""
    text = "A small blue boat sailed across the quiet lake. My father gave us warm bread at noon."
    wave = espeak.read(text, "en-us+f2", rate=150).wave
    wave = np.interp(np.arange(2 * len(wave)) / 2, np.arange(len(wave)), wave)
    wave = np.concatenate([np.zeros(44100), 0.4 * wave]).astype(np.float32)
    return Audio(np.stack([wave, wave]), 2 * RATE)


def say(recording: Audio, text: str, run: RecordingRun | None = None, **inputs: object) -> Audio:
    values: dict[str, object] = {
        "reference_audio": recording,
        "text": text,
        "emotion": "neutral",
        "strength": 0.65,
        "speed": 1.0,
        "seed": 0,
        **inputs,
    }
    output = NODES[0].run(run or RecordingRun(), **values).outputs[0]
    assert isinstance(output, Audio)
    return output


def median_pitch(wave: npt.NDArray[np.float32]) -> float:
    f0, loudness = pitch.track(wave.astype(np.float64), lambda: None)
    return float(np.median(f0[(f0 > 0) & profile.active(loudness)]))


def semitones(one: float, other: float) -> float:
    return float(12 * np.log2(one / other))


def refusal(recording: Audio, text: str) -> str:
    with pytest.raises(NodeError) as caught:
        say(recording, text)
    return caught.value.code


def test_the_node_describes_its_inputs() -> None:
    node = NODES[0]
    assert (node.class_type, node.outputs) == ("CPUSpeakLike", ("AUDIO",))
    assert {name: entry.type for name, entry in node.inputs.items()} == {
        "reference_audio": "AUDIO",
        "text": "STRING",
        "emotion": "COMBO",
        "strength": "FLOAT",
        "speed": "FLOAT",
        "seed": "INT",
    }
    assert tuple(emotion.EMOTIONS) == EMOTIONS


@pytest.mark.parametrize(
    "text",
    ["今天天气真好，我们去公园。你说呢？", "It runs on your own computer. Nice, isn't it?", MIXED],
)
def test_speech_has_the_pitch_of_the_reference(woman: Audio, text: str) -> None:
    spoken = say(woman, text)
    assert (spoken.waveform.dtype, spoken.waveform.ndim) == (np.float32, 2)
    assert (spoken.waveform.shape[0], spoken.sample_rate) == (1, RATE)
    wanted = reference.listen(woman, lambda: None).profile.f0_median
    assert abs(semitones(median_pitch(spoken.waveform[0]), wanted)) < 0.5


@pytest.mark.parametrize(
    ("text", "emotion_name", "lufs"),
    [
        (MIXED, "neutral", -17),
        ("你好。", "neutral", -17),
        ("Hi!", "neutral", -17),
        (MIXED, "angry", -14.5),
        (MIXED, "melancholic", -19.5),
    ],
)
def test_speech_has_the_level_of_other_videos(
    woman: Audio, text: str, emotion_name: str, lufs: float
) -> None:
    """Loudness by FFmpeg's EBU R128; peaks between the samples too, as a sound card makes them."""
    wave = say(woman, text, emotion=emotion_name, strength=1.0).waveform[0]
    assert np.isfinite(wave).all()
    padded = np.pad(wave.astype(np.float64), 2205)
    spectrum = np.fft.rfft(padded)
    twice = 2 * np.fft.irfft(spectrum, 2 * len(padded))  # at the 44,100 Hz that it measures
    # of less than a second, the blocks of 0.4 s that are counted depend on where they begin
    within = 0.6 if text == MIXED else 1.0
    assert join_sound.loudness(twice.astype(np.float32)) == pytest.approx(lufs, abs=within)
    assert np.abs(8 * np.fft.irfft(spectrum, 8 * len(padded))).max() < 10 ** (-1.1 / 20)


def test_all_sentences_are_as_loud_and_stress_stays(woman: Audio) -> None:
    """The limiter takes from peaks only: syllables are not made alike."""
    text = "We came home late. 今天天气很好。 Was anybody there?"
    wave = say(woman, text).waveform[0].astype(np.float64)
    spoken = _block_levels(wave) > 0
    edges = np.flatnonzero(np.diff(spoken, prepend=False, append=False)) * 110
    loud = [
        loudness.integrated(loudness.steps(wave[start:stop]))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    ]
    assert len(loud) == 3 and np.ptp(loud) < 3
    syllables = np.sqrt(np.convolve(_block_levels(wave) ** 2, np.ones(20) / 20, "same"))
    high, low = np.percentile(20 * np.log10(syllables[spoken]), (95, 30))
    assert high - low > 4


def test_sentences_are_joined_by_silence_without_clicks(woman: Audio) -> None:
    wave = say(woman, "一二三。四五六。").waveform[0]
    silent = np.abs(_block_levels(wave)) == 0
    edges = np.flatnonzero(np.diff(silent.astype(int)))
    assert len(edges) == 3  # silence starts, ends, and starts again
    pause = (edges[1] - edges[0]) * 0.005
    assert 0.3 < pause < 0.8
    for edge in edges:
        near = wave[max(0, edge * 110 - 110) : edge * 110 + 220]
        assert np.abs(np.diff(near)).max() < 0.02
    assert wave[0] == 0 and wave[-1] == 0


def test_the_same_seed_gives_the_same_samples(woman: Audio) -> None:
    first = say(woman, MIXED, seed=7).waveform
    np.testing.assert_array_equal(first, say(woman, MIXED, seed=7).waveform)
    other = say(woman, MIXED, seed=2**53).waveform
    assert first.shape == other.shape and not np.array_equal(first, other)


def test_speed_and_emotion_change_the_delivery(woman: Audio) -> None:
    text = "我们一起去公园散步吧。"
    normal = say(woman, text).waveform[0]
    fast = say(woman, text, speed=1.6).waveform[0]
    assert len(normal) / len(fast) == pytest.approx(1.6, rel=0.15)
    happy = say(woman, text, emotion="happy", strength=1.0).waveform[0]
    sad = say(woman, text, emotion="sad", strength=1.0).waveform[0]
    assert semitones(median_pitch(happy), median_pitch(normal)) > 1
    assert semitones(median_pitch(sad), median_pitch(normal)) < -1
    assert len(happy) < len(normal) < len(sad)
    neutral = say(woman, text, emotion="sad", strength=0.0).waveform[0]
    np.testing.assert_array_equal(neutral, normal)


@pytest.mark.parametrize(
    "waveform",
    [
        np.zeros((1, 3 * RATE)),
        np.zeros((1, 0)),
        np.full((1, 3 * RATE), np.nan),
        np.full((2, 3 * RATE), 0.5),  # direct current
        np.random.default_rng(0).normal(0, 0.1, (1, 3 * RATE)),  # hiss
        espeak.read("no", "en-us").wave[None, : RATE // 3],
    ],
)
def test_a_recording_without_voice_is_refused(waveform: npt.NDArray[np.float64]) -> None:
    assert refusal(Audio(waveform.astype(np.float32), RATE), "你好") == "no_voice"


@pytest.mark.parametrize("text", ["", "  \n", "😀🎉", "……！"])
def test_a_text_without_words_is_refused(woman: Audio, text: str) -> None:
    assert refusal(woman, text) == "no_text"


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_recordings_of_any_rate_are_understood(woman: Audio, rate: int) -> None:
    wave = woman.waveform[0]
    times = np.arange(int(len(wave) * rate / woman.sample_rate)) * woman.sample_rate / rate
    recording = Audio(np.interp(times, np.arange(len(wave)), wave)[None], rate)
    found = reference.listen(recording, lambda: None).profile.f0_median
    wanted = reference.listen(woman, lambda: None).profile.f0_median
    assert abs(semitones(found, wanted)) < 0.2


def test_the_best_seconds_of_a_long_recording_are_used(woman: Audio) -> None:
    silence = np.zeros((2, 60 * woman.sample_rate), np.float32)
    long = Audio(np.concatenate([silence, woman.waveform, silence], axis=1), woman.sample_rate)
    heard = reference.listen(long, lambda: None)
    assert heard.profile.f0_median == pytest.approx(
        reference.listen(woman, lambda: None).profile.f0_median, rel=0.02
    )
    assert len(heard.analysis.f0) * 110 / RATE == pytest.approx(reference.LONGEST, abs=0.1)


def test_progress_goes_sentence_by_sentence(woman: Audio) -> None:
    run = RecordingRun()
    say(woman, "一。二。Three.", run)
    assert run.steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_cancel_is_noticed_at_once(woman: Audio) -> None:
    """The longest possible sentence, by its own work: how busy the machine is does not count."""
    run = RecordingRun()
    say(woman, "长长的句子没有标点" * 6, run)
    assert run.longest_work < 0.25 and run.checks > 30
    for allowed in (0, 1, run.checks // 2, run.checks - 1):
        with pytest.raises(Interrupted):
            say(woman, "长长的句子没有标点" * 6, RecordingRun(checks_allowed=allowed))


def test_memory_does_not_grow_with_the_script(woman: Audio) -> None:
    tracemalloc.start()
    try:
        speak.speak(
            "这是一个没有标点的很长的句子" * 8,
            woman,
            emotion_name="neutral",
            strength=0.0,
            speed=1.0,
            seed=0,
            run=RecordingRun(),
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200e6


def test_a_voice_imitating_itself_keeps_its_sound() -> None:
    """eSpeak as its own reference: pitch, formants and spectrum must stay where they are."""
    wave = espeak.read("The north wind and the sun were arguing. " * 2, "en-us").wave
    recording = Audio(wave[None].astype(np.float32), RATE)
    spoken = say(recording, "The north wind and the sun were arguing.").waveform[0]
    before = profile.describe(analysis.analyse(wave / np.abs(wave).max(), lambda: None))
    after = profile.describe(analysis.analyse(spoken.astype(float), lambda: None))
    assert abs(semitones(after.f0_median, before.f0_median)) < 0.5
    assert after.f0_spread == pytest.approx(before.f0_spread, rel=0.35)
    difference = after.voiced_spectrum - before.voiced_spectrum
    difference -= difference.mean()
    assert np.sqrt((difference**2).mean()) * 4.34 < 4  # dB


def _block_levels(wave: Array) -> Array:
    """RMS of every block of 5 ms."""
    blocks = wave[: len(wave) // HOP * HOP].reshape(-1, HOP)
    return np.asarray(np.sqrt((blocks**2).mean(axis=1)))

"""What the lips do while something is said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from comfy.engine.head.mouth_track import MouthTrack, mouth_track
from comfy.engine.head.speech_features import analyse
from tests.engine.head_samples import RATE, sentence, silence, vowel


def track(waveform: npt.NDArray[np.float32], fps: float = 25) -> MouthTrack:
    features = analyse(waveform, RATE, lambda: None)
    return mouth_track(features, int(waveform.shape[1] / RATE * fps), fps)


@pytest.mark.parametrize("fps", [12.5, 25, 60])
def test_lips_open_in_vowels_and_close_in_silence_and_in_m(fps: float) -> None:
    opening = track(sentence(), fps).opening
    times = (np.arange(opening.size) + 0.5) / fps

    def during(start: float, stop: float) -> npt.NDArray[np.float32]:
        return opening[(times > start) & (times < stop)]

    assert during(0.6, 0.9).min() > 0.7 and during(2.55, 2.75).min() > 0.7
    assert during(0, 0.4).max() < 0.05 and during(1.2, 1.42).max() < 0.05
    assert during(2.15, 2.3).max() < 0.1


def test_lips_lead_the_sound_by_a_frame() -> None:
    opening = track(sentence(), 100).opening
    half_open = int(np.argmax(opening > 0.5)) / 100
    assert 0.44 < half_open < 0.5


def test_the_mouth_is_round_in_u_and_spread_in_i() -> None:
    sounds = [vowel(0.6, 320, 1100), vowel(0.6), vowel(0.6, 300, 2600), silence(0.3)]
    width = track(np.concatenate(sounds)[None]).width
    assert width[4:11].mean() < -0.3 and width[34:41].mean() > 0.3


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_silence_keeps_the_mouth_shut(seconds: float) -> None:
    still = track(silence(seconds)[None])
    assert not still.opening.any() and not still.width.any() and not still.energy.any()


def test_long_speech_is_measured_in_blocks_without_seams() -> None:
    # 12 s are three blocks; cut elsewhere, the same sound has to measure the same
    speech = np.tile(sentence(), 4)[:, : 12 * RATE]
    checks: list[int] = []
    whole = analyse(speech, RATE, lambda: checks.append(1))
    tail = analyse(speech[:, 2 * RATE :], RATE, lambda: None)
    assert len(checks) == 3
    np.testing.assert_allclose(whole.level[210:], tail.level[10:], atol=1e-6)
    np.testing.assert_allclose(whole.voicing[210:], tail.voicing[10:], atol=1e-3)


def test_values_that_are_no_numbers_do_no_harm() -> None:
    broken = sentence()
    broken[0, 9000:9100] = np.nan
    broken[0, 9100] = np.inf
    assert np.isfinite(track(broken).opening).all()

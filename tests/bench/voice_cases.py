"""Made speakers for tests.bench.engine, and the numbers that say how alike two voices are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from comfy.engine.node import Audio
from comfy.engine.speech import profile, spectrum
from comfy.engine.speech.analysis import Analysis, analyse
from comfy.engine.speech.frames import FREQUENCIES, SAMPLE_RATE
from tests.make_assets.voices import MAN, WOMAN, Speaker, speak

Floats = npt.NDArray[np.float64]

REFERENCE_TEXT = {
    "zh": "春天来了，花园里开满了各种颜色的花。孩子们在草地上跑来跑去，笑声传得很远。"
    "下午我们喝茶聊天，晚上一起看电影。",
    "en": "The garden is full of colour this morning. Several children run across the grass, and "
    "their laughter carries far. We drink tea in the afternoon and watch a film at night.",
}
OTHER_TEXT = {
    "zh": "小红昨天买了四本新书，放在白色的桌子上。火车准时出发，窗外的风景非常漂亮。",
    "en": "She measured the length of the path with a yellow rope. My father bought a small boat.",
}
SCRIPT = {
    "zh": "大家好，欢迎来到我的频道。今天我们聊一聊怎样用普通电脑做出好听的声音。",
    "en": "Hello and welcome to my channel. Today we talk about making a good voice on a "
    "plain computer.",
}


def _made(language: str, seed: int, **change: object) -> Speaker:
    return replace(WOMAN if language == "zh" else MAN, seed=seed, **change)  # type: ignore[arg-type]


def speakers(language: str) -> list[Speaker]:
    """Six imaginary people: three women, three men, of different throats and manners."""
    base = "cmn" if language == "zh" else "en-us"
    return [
        _made(language, 1, voice=f"{base}+f1", pitch=205, formants=1.07, breath=0.5, softness=4),
        _made(language, 2, voice=f"{base}+f4", pitch=240, formants=1.12, breath=0.9, softness=1),
        _made(language, 3, voice=f"{base}+f1", pitch=178, formants=1.00, breath=1.2, softness=9),
        _made(language, 4, voice=f"{base}+m3", pitch=112, formants=0.97, breath=0.5, softness=6),
        _made(language, 5, voice=f"{base}+m1", pitch=92, formants=0.90, breath=0.8, softness=2),
        _made(language, 6, voice=f"{base}+m7", pitch=138, formants=1.04, breath=1.1, softness=8),
    ]


def recording(speaker: Speaker, text: str) -> Audio:
    return Audio(speak(replace(speaker, text=text))[None], SAMPLE_RATE)


@dataclass(frozen=True)
class Print:
    """A voice as mean and covariance of its mel cepstra, its mean spectrum and its pitch."""

    mean: Floats
    covariance: Floats
    spectrum: Floats
    pitch: float
    variety: float


def print_of(audio: Audio) -> Print:
    """Measure the voiced, loud frames of a mono recording at 22,050 Hz."""
    analysis: Analysis = analyse(audio.waveform[0].astype(np.float64), lambda: None)
    heard = profile.active(analysis.level) & analysis.voiced
    cepstrum = spectrum.mel_cepstrum(
        analysis.envelope[heard], bands=40, coefficients=19, high=7000.0
    ).astype(np.float64)
    mean = analysis.envelope[heard].mean(axis=0)
    inside = (FREQUENCIES > 150) & (FREQUENCIES < 7000)
    level = mean[inside] - mean[inside].mean()
    covariance = np.cov(cepstrum.T) + 1e-3 * np.eye(cepstrum.shape[1])
    pitch = float(np.median(analysis.f0[heard]))
    return Print(cepstrum.mean(axis=0), covariance, level, pitch, float(np.trace(covariance)))


def spectral_decibels(one: Print, other: Print) -> float:
    """RMS difference of the mean spectra in dB."""
    return float(np.sqrt(np.mean((10 / np.log(10) * (one.spectrum - other.spectrum)) ** 2)))

"""Real people's voices: python -m tests.bench.real_voices FOLDER [--encoder pretrained.pt].

FOLDER has a folder for each person, with `reference.wav` (what the engine hears) and `other.wav`
(another recording, for the ranking). Nothing of it is kept. Each result is compared with the other
recordings of all, and with eSpeak's own voices; `first` is how often the imitated person is nearest
by the distance that the studio's checks use, and by a speaker encoder (see speaker_encoder).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from comfy.engine.codecs.sound import decode
from comfy.engine.node import Audio
from comfy.engine.speech import espeak, estimate, reference
from comfy.engine.speech.base_voice import VOICES
from comfy.engine.speech.speak import speak
from comfy.media import likeness
from tests.bench import voice_cases
from tests.bench.quiet_run import QuietRun
from tests.bench.speaker_encoder import RATE, SpeakerEncoder

Wave = npt.NDArray[np.floating[Any]]
Distance = Callable[[Wave, Wave], float]

SCRIPT = {
    "en": "This is a preview voice. It runs on your own computer, and it works without a graphics "
    "card. Many people believe that cheerful words make difficult tasks much easier.",
    "zh": "这得益于强大的算力支持。今天天气真好，我们一起去公园散步吧。请大家准备好材料，"
    "明天上午九点在三楼开会。",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.real_voices", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", type=Path, help="weights of Resemblyzer")
    options = parser.parse_args()
    people = sorted(path.parent.name for path in options.folder.glob("*/reference.wav"))
    heard = {name: _load(options.folder / name / "reference.wav") for name in people}
    others = {name: _at(_load(options.folder / name / "other.wav"), RATE) for name in people}
    for language, voice in VOICES.items():
        own = espeak.read(voice_cases.OTHER_TEXT[language], voice).wave
        others[f"eSpeak {language}"] = _at(Audio(own[None], 22050), RATE)
    judges: dict[str, Distance] = {"own distance": _spectral}
    if options.encoder:
        encoder = SpeakerEncoder(options.encoder)
        known = {id(wave): encoder.embed(wave) for wave in others.values()}
        judges["encoder"] = lambda one, two: -float(encoder.embed(one) @ known[id(two)])
    for language, text in SCRIPT.items():
        _rank(language, text, heard, others, judges)


def _rank(
    language: str,
    text: str,
    heard: dict[str, Audio],
    others: dict[str, Wave],
    judges: dict[str, Distance],
) -> None:
    ranks: dict[str, list[int]] = {judge: [] for judge in judges}
    spent, spoken, wrong = 0.0, 0.0, []
    for person, recording in heard.items():
        start = time.process_time()
        result = speak(
            text, recording, emotion_name="neutral", strength=0.65, speed=1, seed=1,
            run=QuietRun(Path()),
        )  # fmt: skip
        spent += time.process_time() - start
        seconds = result.waveform.shape[1] / result.sample_rate
        spoken += seconds
        voice = reference.listen(recording, lambda: None).profile
        wrong.append(abs(estimate.seconds(text, voice=voice) / seconds - 1))
        wave = _at(result, RATE)
        for judge, apart in judges.items():
            order = sorted(others, key=lambda name, a=apart, w=wave: a(w, others[name]))
            ranks[judge].append(order.index(person) + 1)
        print(f"{language} {person:12}", *(f"{judge} {r[-1]}" for judge, r in ranks.items()))
    for judge, found in ranks.items():
        print(f"{language}: first by {judge}: {found.count(1)} of {len(found)}")
    print(f"{language}: CPU s per s {spent / spoken:.3f}; length off {100 * max(wrong):.0f} %")


def _load(path: Path) -> Audio:
    return decode(path, lambda: None)


def _at(audio: Audio, rate: int) -> Wave:
    """Mono samples at another rate."""
    wave = np.pad(audio.waveform.mean(axis=0), audio.sample_rate // 10)
    spectrum = np.fft.rfft(wave)
    size = round(len(wave) * rate / audio.sample_rate)
    return np.asarray(np.fft.irfft(spectrum[: size // 2 + 1], size) * (size / len(wave)))


def _spectral(one: Wave, other: Wave) -> float:
    prints = likeness.print_of(one.astype(np.float32)), likeness.print_of(other.astype(np.float32))
    if prints[0] is None or prints[1] is None:
        return float("inf")
    return likeness.distance(prints[0], prints[1])


if __name__ == "__main__":
    main()

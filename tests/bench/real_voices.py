"""Real people's voices: python -m tests.bench.real_voices FOLDER [--encoder pretrained.pt].

FOLDER has a folder for each person, with `other.wav` (for the ranking) and, where the person is to
be imitated, `reference.wav`: another recording, which the engine hears. Nothing of it is kept. Each
result is compared with the other recordings of all, and with eSpeak's own voices; `first` is how
often the imitated person is nearest by the distance that the studio's checks use, and by a speaker
encoder (see speaker_encoder). Good sources: test-other of LibriSpeech (CC BY 4.0) and the voices
of Debian's sound packages.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

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


class Judge(NamedTuple):
    """What is kept of a recording, and how far two of them are apart."""

    listen: Callable[[Wave], Any]
    apart: Callable[[Any, Any], float]


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
    heard = {path.parent.name: _load(path) for path in options.folder.glob("*/reference.wav")}
    others = {path.parent.name: _at(_load(path)) for path in options.folder.glob("*/other.wav")}
    for language, voice in VOICES.items():
        own = espeak.read(voice_cases.OTHER_TEXT[language], voice).wave
        others[f"eSpeak {language}"] = _at(Audio(own[None], 22050))
    judges = {"own distance": Judge(_print, _spectral)}
    if options.encoder:
        encoder = SpeakerEncoder(options.encoder)
        judges["encoder"] = Judge(encoder.embed, lambda one, two: -float(one @ two))
    known = {
        judge: {name: listen(wave) for name, wave in others.items()}
        for judge, (listen, _) in judges.items()
    }
    for language, text in SCRIPT.items():
        _rank(language, text, heard, known, judges)


def _rank(
    language: str,
    text: str,
    heard: dict[str, Audio],
    known: dict[str, dict[str, Any]],
    judges: dict[str, Judge],
) -> None:
    ranks: dict[str, list[int]] = {judge: [] for judge in judges}
    spent, spoken, wrong = 0.0, 0.0, []
    for person, recording in sorted(heard.items()):
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
        wave = _at(result)
        for judge, (listen, apart) in judges.items():
            own = listen(wave)
            distances = {name: apart(own, other) for name, other in known[judge].items()}
            ranks[judge].append(sorted(distances, key=distances.__getitem__).index(person) + 1)
        print(f"{language} {person:12}", *(f"{judge} {r[-1]}" for judge, r in ranks.items()))
    for judge, found in ranks.items():
        print(f"{language}: first by {judge}: {found.count(1)} of {len(found)}")
    print(f"{language}: CPU s per s {spent / spoken:.3f}; length off {100 * max(wrong):.0f} %")


def _load(path: Path) -> Audio:
    return decode(path, lambda: None)


def _at(audio: Audio, rate: int = RATE) -> Wave:
    """Mono samples at another rate."""
    wave = np.pad(audio.waveform.mean(axis=0), audio.sample_rate // 10)
    spectrum = np.fft.rfft(wave)
    size = round(len(wave) * rate / audio.sample_rate)
    return np.asarray(np.fft.irfft(spectrum[: size // 2 + 1], size) * (size / len(wave)))


def _print(wave: Wave) -> Any:
    return likeness.print_of(wave.astype(np.float32))


def _spectral(one: Any, other: Any) -> float:
    return float("inf") if one is None or other is None else likeness.distance(one, other)


if __name__ == "__main__":
    main()

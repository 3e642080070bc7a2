"""What the preview engine can do, in numbers: python -m tests.bench.engine [--held] [--to FOLDER].

Pictures, voices and heads are made by the script; nothing is downloaded. It prints a table
against the floor of the first measurements and writes three sheets to look at.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.engine.image.classify import letters
from comfy.engine.image.remove_text import remove_text
from comfy.engine.image.text_boxes import read_text
from comfy.engine.node import Audio
from comfy.engine.speech import estimate, reference
from comfy.engine.speech.speak import speak
from comfy.media.likeness import distance
from tests.bench import head_cases, lip_cases, picture_cases, voice_cases
from tests.bench.picture_cases import Picture, PictureCase
from tests.bench.quiet_run import QuietRun

FLOOR = {  # the facts' figures for the prototype, on other pictures and voices
    "cleanup, whole picture, dB": "36.9",
    "cleanup, under the text, dB": "26.5",
    "pictures with legible rests": "1 of 8",
    "voice: reference ranked first, zh": "2 of 6",
    "voice: reference ranked first, en": "3 of 6",
    "voice: spectrum off, dB, zh": "2.8",
    "voice: spectrum off, dB, en": "1.96",
    "voice: CPU s per s": "0.09-0.21",
    "head: opening seen against loudness": "0.68-0.77",
    "head: lead, ms": "40",
    "head: CPU s per s at 720 px": "0.52",
    "peak memory, MB": "885",
}


class Row(NamedTuple):
    name: str
    value: str


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench.engine", description=__doc__)
    parser.add_argument("--held", action="store_true", help="pictures nobody tuned for")
    parser.add_argument("--to", type=Path, default=Path("bench-engine"), help="for the sheets")
    parser.add_argument("--only", choices=("pictures", "voices", "heads"))
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    if options.only in (None, "pictures"):
        rows += pictures(options.held, options.to)
    if options.only in (None, "voices"):
        rows += voices(options.to)
    if options.only != "heads":
        # before the heads: here all frames of a video are kept, see tests.bench.long_head
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        rows.append(Row("peak memory, MB", str(peak)))
    if options.only in (None, "heads"):
        rows += [Row(*row) for row in head_cases.heads(options.to)]
        rows += [Row(*row) for row in head_cases.videos(options.to)]
        rows += [Row(*row) for row in lip_cases.lips()]
    for row in rows:
        print(f"{row.name:42} {row.value:>14}   floor {FLOOR.get(row.name, '-')}")


def pictures(held: bool, folder: Path) -> list[Row]:
    read_text(np.full((64, 64, 3), 128, np.uint8), lambda: None)  # loads the models
    before, after, under, rests, pace = [], [], [], 0, []
    views = []
    for case in picture_cases.cases(held):
        start = time.process_time()
        cleaned = _clean(case.dirty, case.instruction)
        pace.append((time.process_time() - start) / (cleaned.shape[0] * cleaned.shape[1] / 1e6))
        near = cv2.dilate(case.marked.view(np.uint8), np.ones((9, 9), np.uint8)) > 0
        before.append(decibels(case.dirty, case.clean))
        after.append(decibels(cleaned, case.clean))
        under.append(decibels(cleaned[near], case.clean[near]))
        legible = still_legible(cleaned, case)
        rests += bool(legible)
        text = f"{before[-1]:5.1f} ->{after[-1]:5.1f} dB, under the text {under[-1]:5.1f}"
        print(f"{case.name:22} {text} {legible}", flush=True)
        views.append(np.hstack([_small(case.dirty), _small(cleaned)]))
    Image.fromarray(np.vstack(views)).save(folder / "pictures.png")
    changed = [
        float((_clean(picture, "") != picture).any(axis=2).mean())
        for picture in picture_cases.clean_pictures(held).values()
    ]
    return [
        Row("cleanup, before, dB", f"{np.mean(before):.1f}"),
        Row("cleanup, whole picture, dB", f"{np.mean(after):.1f}"),
        Row("cleanup, under the text, dB", f"{np.mean(under):.1f}"),
        Row("pictures with legible rests", f"{rests} of {len(after)}"),
        Row("CPU s per megapixel, median", f"{np.median(pace):.2f}"),
        Row("clean pictures, worst change", f"{100 * max(changed):.4f} %"),
    ]


def _clean(picture: Picture, instruction: str) -> Picture:
    return remove_text(picture, instruction, lambda *_: None, lambda: None).picture


def decibels(one: Picture, other: Picture) -> float:
    error = (one.astype(np.float64) - other) ** 2
    return float(10 * np.log10(255**2 / max(float(error.mean()), 1e-3)))


def still_legible(cleaned: Picture, case: PictureCase) -> list[str]:
    """Readings that share two letters in a row with what was written on the picture."""
    words = [letters(word) for word in case.words]
    readings = [letters(box.text) for box in read_text(cleaned, lambda: None) if box.score > 0.5]
    pairs = {word[i : i + 2] for word in words for i in range(len(word) - 1)}
    return [reading for reading in readings if any(pair in reading for pair in pairs)]


def _small(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).resize((640, 400)))


def voices(folder: Path) -> list[Row]:
    rows, sheets, spent, spoken = [], [], 0.0, 0.0
    for language, text in voice_cases.SCRIPT.items():
        people = voice_cases.speakers(language)
        others = [
            voice_cases.print_of(voice_cases.recording(one, voice_cases.OTHER_TEXT[language]))
            for one in people
        ]
        first, off, pitch, length = 0, [], [], []
        for index, person in enumerate(people):
            recording = voice_cases.recording(person, voice_cases.REFERENCE_TEXT[language])
            start = time.process_time()
            result = _speak(text, recording)
            spent += time.process_time() - start
            seconds = result.waveform.shape[1] / result.sample_rate
            spoken += seconds
            heard, wanted = voice_cases.print_of(result), voice_cases.print_of(recording)
            distances = [distance(heard, other) for other in others]
            first += int(np.argmin(distances)) == index
            off.append(voice_cases.spectral_decibels(heard, wanted))
            pitch.append(abs(12 * np.log2(heard.pitch / wanted.pitch)))
            voice = reference.listen(recording, lambda: None).profile
            length.append(abs(estimate.seconds(text, voice=voice) / seconds - 1))
            sheets.append(np.vstack([spectrogram(recording), spectrogram(result)]))
        rows += [
            Row(f"voice: reference ranked first, {language}", f"{first} of {len(people)}"),
            Row(f"voice: spectrum off, dB, {language}", f"{np.mean(off):.2f}"),
            Row(f"voice: pitch off, semitones, {language}", f"{np.mean(pitch):.2f}"),
            Row(f"voice: length estimate off, {language}", f"{100 * max(length):.0f} % at most"),
        ]
    Image.fromarray(np.vstack(sheets[::3])).save(folder / "voices.png")
    return [*rows, Row("voice: CPU s per s", f"{spent / spoken:.2f}")]


def _speak(text: str, recording: Audio) -> Audio:
    run = QuietRun(Path())
    return speak(text, recording, emotion_name="neutral", strength=0.65, speed=1, seed=1, run=run)


def spectrogram(audio: Audio, seconds: float = 6.0) -> npt.NDArray[np.uint8]:
    """0 to 8 kHz from bottom to top, grey by level over 70 dB, 900 x 200."""
    wave = audio.waveform[0][: int(seconds * audio.sample_rate)]
    size = 512
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave, size), size)[::128]
    power = np.abs(np.fft.rfft(windows * np.hanning(size))) ** 2
    top = int(8000 * size / audio.sample_rate)
    levels = 10 * np.log10(power[:, :top].T[::-1] + 1e-9)
    grey = np.clip((levels - levels.max() + 70) / 70 * 255, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((900, 200)))


if __name__ == "__main__":
    main()

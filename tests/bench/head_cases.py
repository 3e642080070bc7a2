"""Talking heads for tests.bench.engine: what their frames show, measured on the finished video."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from comfy.engine.head.encode import write_mp4
from comfy.engine.head.geometry import Axes
from comfy.engine.head.mouth import MOUTH_BELOW_EYES
from comfy.engine.head.retalk import retalk
from comfy.engine.head.talk import talk
from comfy.engine.node import Audio
from comfy.engine.speech.frames import SAMPLE_RATE
from tests.bench import picture_cases, voice_cases
from tests.bench.quiet_run import QuietRun
from tests.engine.moving import track

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

FPS = 25
HEIGHT = 720
HOP = 0.01  # seconds between two values of the loudness
DARK = 0.5  # of the skin's lightness: lips are lighter, the inside of a mouth is not
LAGS = range(-16, 17)  # hops


@dataclass(frozen=True)
class Seen:
    """What a finished video shows: `opening` per frame (share of the mouth's view that is dark),
    `match` and `lead` of the best correlation with the loudness, `lead` in seconds."""

    opening: Floats
    match: float
    lead: float


def speeches() -> Iterator[tuple[str, str, Audio]]:
    """Both portraits with a woman's and a man's voice in both languages."""
    for portrait, person in (("portrait.jpg", 0), ("portrait2.jpg", 3)):
        for language in ("zh", "en"):
            speaker = voice_cases.speakers(language)[person]
            yield (
                portrait,
                f"{portrait} {language}",
                voice_cases.recording(speaker, voice_cases.SCRIPT[language]),
            )


def still_of(name: str) -> Pixels:
    with Image.open(picture_cases.ASSETS / name) as image:
        return np.asarray(image.convert("RGB"))


def frames_of(path: Path) -> list[Pixels]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def look(frames: list[Pixels], audio: Audio, places: list[Axes]) -> Seen:
    """Follow the mouth of a face through the frames, and hold it against the sound."""
    opening = openings(frames, places)
    match, lead = sync(opening, audio)
    return Seen(opening, match, lead)


def openings(frames: list[Pixels], places: list[Axes]) -> Floats:
    """How much of the mouth's view is dark, frame by frame."""
    dark = []
    for frame, place in zip(frames, places, strict=True):
        view = place.at(0, MOUTH_BELOW_EYES + 0.1, 1).patch(frame, 96, 72, 0.48)
        grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float64)
        skin = float(np.percentile(grey, 75))
        dark.append(float(np.clip((DARK * skin - grey) / (0.2 * skin), 0, 1).mean()))
    return np.array(dark)


def sync(opening: Floats, audio: Audio) -> tuple[float, float]:
    """Best correlation with the loudness over all lags, and how many seconds the mouth leads."""
    loud = loudness(audio)
    hops = (np.arange(loud.size) + 0.5) * HOP
    scores = []
    for lag in LAGS:
        moments = (np.arange(opening.size) + 0.5) / FPS + lag * HOP
        inside = (moments > 0) & (moments < hops[-1])
        heard = np.interp(moments[inside], hops, loud)
        scores.append(float(np.corrcoef(opening[inside], heard)[0, 1]))
    best = int(np.argmax(scores))
    return scores[best], LAGS[best] * HOP


def loudness(audio: Audio) -> Floats:
    """RMS of 40 ms around each hop: what a frame lasts."""
    step = round(HOP * audio.sample_rate)
    power = audio.waveform[0].astype(np.float64) ** 2
    power = power[: power.size // step * step].reshape(-1, step).mean(axis=1)
    rms: Floats = np.sqrt(np.convolve(power, np.ones(4) / 4, "same"))
    return rms


# --- a video as input


def camera(index: int, width: int, height: int) -> npt.NDArray[np.float64]:
    """Where the portrait's pixels are in frame `index` of the made clip: a 2x3 matrix."""
    phase = 2 * math.pi * index / 60
    turn, zoom = 3 * math.sin(phase), 1 + 0.06 * math.sin(0.7 * phase)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
    matrix[:, 2] += 0.02 * width * math.sin(phase), 0.013 * width * math.cos(phase)
    return np.asarray(matrix, np.float64)


def write_clip(path: Path, still: Pixels, count: int) -> None:
    """A clip of a portrait that a camera pans, zooms and turns, `count` frames long."""
    height, width = still.shape[:2]

    def frames() -> Iterator[Pixels]:
        for index in range(count):
            yield np.asarray(
                cv2.warpAffine(
                    still,
                    camera(index, width, height),
                    (width, height),
                    borderMode=cv2.BORDER_REPLICATE,
                )
            )

    silent = np.zeros((1, round(count / FPS * SAMPLE_RATE)), np.float32)
    write_mp4(path, frames(), count, Fraction(FPS), silent, SAMPLE_RATE)


def misses(places: list[Axes], width: int, height: int) -> Floats:
    """Pixels by which the followed mouth is off where the camera put it, frame by frame."""
    first = np.vstack([camera(0, width, height), [0, 0, 1]])
    start = np.linalg.inv(first) @ (*places[0].point(0, MOUTH_BELOW_EYES), 1)
    off = [
        camera(index, width, height) @ start - place.point(0, MOUTH_BELOW_EYES)
        for index, place in enumerate(places)
    ]
    return np.hypot(*np.array(off).T)


# --- the rows


def heads(folder: Path) -> list[tuple[str, str]]:
    """Portraits speak; writes a contact sheet."""
    seen, jitters, ends, pace, strips = [], [], [], [], []
    for portrait, name, audio in speeches():
        with TemporaryDirectory() as place:
            start = time.process_time()
            path = talk(QuietRun(Path(place)), still_of(portrait), audio, height=HEIGHT)
            spent = time.process_time() - start
            frames = frames_of(path)
        seconds = audio.waveform.shape[1] / audio.sample_rate
        pace.append(spent / seconds)
        ends.append(abs(len(frames) / FPS - seconds))
        corner = np.stack([frame[:60, :60] for frame in frames]).astype(np.float32)
        jitters.append(float(corner.std(axis=0).mean()))
        seen.append(look(frames, audio, track(frames)))
        strips.append(np.hstack(frames[5:85:10]))
        print(f"{name:18} match {seen[-1].match:.2f} lead {1000 * seen[-1].lead:.0f} ms")
    _sheet(strips, folder / "heads.png")
    return [
        ("head: opening seen against loudness", _span(one.match for one in seen)),
        ("head: lead, ms", _span((1000 * one.lead for one in seen), 0)),
        ("head: background jitter, grey levels", f"{max(jitters):.2f}"),
        ("head: sound and picture end apart, s", f"{max(ends):.3f}"),
        ("head: CPU s per s at 720 px", f"{np.mean(pace):.2f}"),
    ]


def videos(folder: Path) -> list[tuple[str, str]]:
    """A moving face speaks."""
    seen, off, pace, strips = [], [], [], []
    for portrait, name, audio in speeches():
        still = still_of(portrait)
        still = cv2.resize(still, (round(HEIGHT * still.shape[1] / still.shape[0]), HEIGHT))
        count = math.ceil(audio.waveform.shape[1] / audio.sample_rate * FPS)
        with TemporaryDirectory() as place:
            clip = Path(place) / "clip.mp4"
            write_clip(clip, np.asarray(still), count)
            start = time.process_time()
            path = retalk(QuietRun(Path(place)), clip, audio, height=HEIGHT)
            spent = time.process_time() - start
            frames, given = frames_of(path), frames_of(clip)
        pace.append(spent / (count / FPS))
        places = track(given)
        off.append(misses(places, still.shape[1], still.shape[0]))
        seen.append(look(frames, audio, places))
        strips.append(np.hstack(frames[5:85:10]))
        print(f"{name:18} video: match {seen[-1].match:.2f} lead {1000 * seen[-1].lead:.0f} ms")
    _sheet(strips, folder / "videos.png")
    return [
        ("video: opening seen against loudness", _span(one.match for one in seen)),
        ("video: lead, ms", _span((1000 * one.lead for one in seen), 0)),
        ("video: mouth off its true place, px", f"{np.mean(np.concatenate(off)):.2f}"),
        ("video: the worst frame, px", f"{max(map(np.max, off)):.2f}"),
        ("video: CPU s per s at 720 px", f"{np.mean(pace):.2f}"),
    ]


def _sheet(strips: list[Pixels], path: Path) -> None:
    width = min(strip.shape[1] for strip in strips)
    sheet = np.vstack([strip[:, :width] for strip in strips])
    Image.fromarray(sheet).resize((width // 3, sheet.shape[0] // 3)).save(path)


def _span(values: Iterable[float], digits: int = 2) -> str:
    low, *_, high = sorted(values)
    return f"{low:.{digits}f} to {high:.{digits}f}"

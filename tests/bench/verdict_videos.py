"""Talking videos of the preview engine, and what models and their servers do to theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image

from comfy.engine.codecs.video import encode
from comfy.engine.head.talk import talk
from comfy.engine.node import Audio
from comfy.media.film import find_face
from comfy.media.haar import Cascades
from comfy.media.verdict_video import video_findings
from comfy.media.waves import Wave
from tests.bench.head_cases import FPS
from tests.bench.picture_cases import ASSETS
from tests.bench.quiet_run import QuietRun
from tests.bench.verdict_case import Case
from tests.bench.verdict_sounds import RATE, Speech

Frames = npt.NDArray[np.uint8]  # [frame, row, column, RGB]

GOOD, PLANTED = 16, 4  # results without a fault; results into which all faults are put


@dataclass(frozen=True)
class Talk:
    name: str
    frames: Frames
    wave: Wave


def cases(speeches: list[Speech], folder: Path) -> Iterator[Case]:
    planted = []
    for number, speech in enumerate(speeches[:GOOD]):
        portrait = ("portrait.jpg", "portrait2.jpg")[number // 2 % 2]
        with Image.open(ASSETS / portrait) as image:
            still = np.asarray(image.convert("RGB"))
        audio = Audio(speech.wave[None], RATE)
        path = talk(
            QuietRun(folder),
            still,
            audio,
            height=640 if number >= PLANTED and number % 2 else 416,
            seed=number,
        )
        sound = _kept(speech.wave, folder)
        found = video_findings(path, sound=sound)
        yield Case("video", "", f"{portrait}, {speech.name}", found)
        if number < PLANTED:
            planted.append(Talk(f"{portrait}, {speech.name}", _frames(path), speech.wave))
    for number, made in enumerate(planted):
        yield from _lengths(made, folder)
        yield from _lips(made, folder)
        for other in (planted[number - 1], planted[number - 2]):
            swapped = Talk(made.name, made.frames, np.resize(other.wave, len(made.wave)))
            yield _case(swapped, "lips_off", other.name, made.frames, folder)
        yield from _looks(made, folder)


def _lengths(made: Talk, folder: Path) -> Iterator[Case]:
    for count in (3, 10, 40):
        yield _case(made, "too_short", f"{count} frames", made.frames[:-count], folder)
        longer = np.concatenate([made.frames, made.frames[::-1][:count]])
        yield _case(made, "too_long", f"{count} frames", longer, folder)
    silent = np.zeros(0, np.float32)
    yield _case(made, "no_sound", "none", made.frames, folder, heard=silent)
    for seconds in (0.8, 1.5, 3.0):
        heard = made.wave.copy()
        heard[-int(seconds * RATE) :] = 0
        yield _case(made, "sound_ends", f"{seconds:g} s", made.frames, folder, heard=heard)
    asked = made.frames.shape[2] + 16, made.frames.shape[1]
    yield _case(made, "size", "16 px", made.frames, folder, size=asked)


def _lips(made: Talk, folder: Path) -> Iterator[Case]:
    frames = made.frames
    for seconds in (1.2, 2.0, 3.5):
        held = frames.copy()
        held[-int(seconds * FPS) :] = frames[-int(seconds * FPS)]
        yield _case(made, "frozen", f"{seconds:g} s", held, folder)
        mouth = _mouth(frames[0])
        stopped = frames.copy()
        last = -int((seconds + 0.4) * FPS)
        stopped[(slice(last, None), *mouth)] = frames[last][mouth]
        yield _case(made, "lips_stop", f"{seconds + 0.4:g} s", stopped, folder)
    for seconds in (0.2, 0.32, 0.48):
        count = round(seconds * FPS)
        late = np.concatenate([np.repeat(frames[:1], count, 0), frames[:-count]])
        yield _case(made, "lips_late", f"{seconds:g} s", late, folder)
        early = np.concatenate([frames[count:], np.repeat(frames[-1:], count, 0)])
        yield _case(made, "lips_early", f"{seconds:g} s", early, folder)


def _looks(made: Talk, folder: Path) -> Iterator[Case]:
    ramp = np.linspace(0, 1, len(made.frames), dtype=np.float32)[:, None, None, None]
    for gain in (0.88, 0.75, 0.5):
        yield _case(made, "darker", f"times {gain:g}", _scaled(made, 1 + ramp * (gain - 1)), folder)
    for gain in (1.12, 1.25, 1.5):
        brighter = _scaled(made, 1 + ramp * (gain - 1))
        yield _case(made, "lighter", f"times {gain:g}", brighter, folder)
    for levels in (12, 20, 40):
        tint = np.array([1, 0, -1], np.float32) * levels * ramp
        tinted = np.clip(made.frames + tint, 0, 255).astype(np.uint8)
        yield _case(made, "colours", f"{levels} levels", tinted, folder)
    for count in (1, 3, 10):
        black = made.frames.copy()
        black[30 : 30 + count] = 0
        yield _case(made, "black", f"{count} frames", black, folder)


def _scaled(made: Talk, gain: npt.NDArray[np.float32]) -> Frames:
    return np.clip(made.frames * gain, 0, 255).astype(np.uint8)


def _mouth(frame: Frames) -> tuple[slice, slice]:
    """The lower part of the face; the rest of it goes on."""
    box = find_face(np.asarray(frame.mean(axis=2), np.uint8), Cascades())
    assert box is not None
    left, width = box.x + box.width // 8, box.width * 3 // 4
    return slice(box.y + box.height * 6 // 10, box.y + box.height * 11 // 10), slice(
        left, left + width
    )


def _case(
    made: Talk,
    code: str,
    how: str,
    frames: Frames,
    folder: Path,
    *,
    heard: Wave | None = None,
    size: tuple[int, int] | None = None,
) -> Case:
    wave = made.wave if heard is None else heard
    path = folder / "talk.mp4"
    audio = Audio(wave[None], RATE) if len(wave) else None
    encode(path, frames, FPS, audio, lambda *_: None)
    found = video_findings(path, sound=_kept(made.wave, folder), size=size)
    return Case("video", code, f"{made.name}: {how}", found)


def _kept(wave: Wave, folder: Path) -> Path:
    path = folder / "given.wav"
    soundfile.write(path, wave, RATE)
    return path


def _frames(path: Path) -> Frames:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])

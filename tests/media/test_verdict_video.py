"""What is wrong with a talking video: each fault by itself, and nothing in a good one."""

import numpy as np
import pytest
import soundfile
from PIL import Image

from comfy.engine.codecs.video import encode
from comfy.engine.node import Audio
from comfy.media.verdict_video import video_findings
from tests.app_process import ROOT

RATE, FPS, FRAMES = 16_000, 25, 125
MOUTH = (slice(128, 142), slice(84, 108))  # of the small portrait


def loudness(seed=3):
    """Of each frame: words that come and go, as nobody could guess them."""
    steps = np.random.default_rng(seed).uniform(0, 1, FRAMES // 4 + 2)
    return np.clip(np.interp(np.arange(FRAMES) / 4, np.arange(len(steps)), steps) - 0.2, 0.05, 1)


def sound(loud):
    times = np.arange(FRAMES * RATE // FPS) / RATE
    tone = np.sin(2 * np.pi * 160 * times) + 0.5 * np.sin(2 * np.pi * 320 * times)
    return (0.4 * tone * np.interp(times * FPS, np.arange(FRAMES) + 0.5, loud)).astype(np.float32)


def film(loud):
    """A portrait whose mouth is as dark as the sound is loud."""
    with Image.open(ROOT / "assets" / "portrait.jpg") as image:
        still = np.asarray(image.convert("RGB").resize((192, 240)))
    frames = np.repeat(still[None], FRAMES, 0)
    dark = 1 - 0.8 * loud[:, None, None, None]
    frames[(slice(None), *MOUTH)] = (frames[(slice(None), *MOUTH)] * dark).astype(np.uint8)
    return frames


LOUD = loudness()
GOOD, SOUND = film(LOUD), sound(LOUD)
RAMP = np.linspace(0, 1, FRAMES)[:, None, None, None]


def black():
    frames = GOOD.copy()
    frames[40:42] = 0
    return frames


FAULTS = {
    "too_short": GOOD[:-4],
    "too_long": np.concatenate([GOOD, GOOD[::-1][:6]]),
    "frozen": np.concatenate([GOOD[:85], np.repeat(GOOD[85:86], 40, 0)]),
    "lips_late": film(np.roll(LOUD, 7)),
    "lips_off": film(loudness(8)),
    "darker": (GOOD * (1 - 0.4 * RAMP)).astype(np.uint8),
    "lighter": np.clip(GOOD * (1 + 0.4 * RAMP), 0, 255).astype(np.uint8),
    "colours": np.clip(GOOD + RAMP * (25, 0, -25), 0, 255).astype(np.uint8),
    "black": black(),
}


def found(folder, frames, heard=SOUND, **asked):
    path, given = folder / "talk.mp4", folder / "given.wav"
    encode(path, frames, FPS, Audio(heard[None], RATE) if len(heard) else None, lambda *_: None)
    soundfile.write(given, SOUND, RATE)
    return video_findings(path, sound=given, **asked)


def test_a_good_one_has_nothing(tmp_path):
    assert found(tmp_path, GOOD, size=(192, 240)) == []


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_found(tmp_path, code):
    assert [name for name, _ in found(tmp_path, FAULTS[code])] == [code]


def test_the_sound_is_missing_or_ends_early(tmp_path):
    assert found(tmp_path, GOOD, SOUND[:0])[0] == ("no_sound", {})
    short = SOUND.copy()
    short[-RATE:] = 0
    code, told = found(tmp_path, GOOD, short)[0]
    assert (code, told["at"]) == ("sound_ends", "0:04")
    assert 0.9 <= float(told["seconds"]) <= 1.1


def test_lips_that_stop_while_the_head_moves(tmp_path):
    frames = GOOD.copy()
    frames[(slice(70, None), *MOUTH)] = frames[70][MOUTH]
    for number in range(70, FRAMES):
        frames[number, :30] = np.roll(frames[number, :30], number, axis=1)
    assert [code for code, _ in found(tmp_path, frames)] == ["lips_stop"]


def test_light_may_change_as_in_the_video_that_it_was_made_from(tmp_path):
    assert found(tmp_path, FAULTS["darker"], moves=True) == []


def test_a_face_that_moves_is_followed(tmp_path):
    frames = np.stack([np.roll(f, int(24 * np.sin(n / 15)), 1) for n, f in enumerate(GOOD)])
    assert found(tmp_path, frames) == []


def test_the_size_is_as_asked(tmp_path):
    assert found(tmp_path, GOOD, size=(240, 192)) == [
        ("size", {"is": "192×240", "asked": "240×192"})
    ]


def test_without_a_face_the_lips_are_not_measured(tmp_path):
    assert found(tmp_path, np.roll(GOOD, 96, axis=2)) == [("no_face", {})]

"""What mends a spoken result: shorter pauses, the usual level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from comfy.errors import OutputMissing
from comfy.media.files import written_whole
from comfy.media.join_sound import CEILING, RATE, SILENCE, loudness
from comfy.media.sounds import BROKEN
from comfy.media.waves import Wave, levels, read_wave

LEVEL = -17.0  # LUFS of a voice in one channel: from two loudspeakers 3 more, as online videos
HOP = RATE // 100
QUIET = 0.05  # of the louder parts: what lies below is no speech
PAUSE, END = 0.6, 0.25  # seconds of silence that are left between words, and at both ends
FADE = 0.01  # seconds


def with_short_pauses(source: Path, target: Path) -> None:
    """An MP3 in which no silence is longer than PAUSE. Raises OutputMissing."""
    wave = _read(source)
    heard = levels(wave, HOP)
    there = np.flatnonzero(heard > QUIET * np.percentile(heard, 95)) if len(heard) else np.zeros(0)
    if not len(there):
        raise OutputMissing("output_unreadable")
    kept: list[Wave] = []
    begin = max(0, int(there[0]) - round(END * 100))
    for here, after in zip(there, there[1:], strict=False):
        if after - here > PAUSE * 100:
            half = round(PAUSE * 50)
            kept.append(_faded(wave[begin * HOP : (int(here) + half) * HOP]))
            begin = int(after) - half
    kept.append(_faded(wave[begin * HOP : (int(there[-1]) + round(END * 100)) * HOP]))
    _write(np.concatenate(kept), target)


def at_level(source: Path, target: Path) -> None:
    """An MP3 at LEVEL, or as near to it as its peaks allow. Raises OutputMissing."""
    wave = _read(source)
    now = loudness(wave)
    peak = float(np.abs(wave).max(initial=0.0))
    if now <= SILENCE or not peak:
        raise OutputMissing("output_unreadable")
    gain = min(10 ** ((LEVEL - now) / 20), CEILING / peak)
    _write(wave * np.float32(gain), target)


def _read(source: Path) -> Wave:
    try:
        return read_wave(source, RATE)
    except BROKEN as exc:
        raise OutputMissing("output_unreadable") from exc


def _write(wave: Wave, target: Path) -> None:
    with written_whole(target) as part:
        soundfile.write(part, wave, RATE, format="MP3")


def _faded(wave: Wave) -> Wave:
    ramp = np.linspace(0, 1, max(1, min(int(FADE * RATE), len(wave) // 2)), dtype=np.float32)
    faded = wave.copy()
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded

"""Emotions as prosody: how a feeling changes pitch, pace, loudness and breath."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from comfy.engine.speech.frames import FREQUENCIES, Array


@dataclass(frozen=True)
class Prosody:
    """`pitch` and `final_rise` in semitones, `range` and `rate` factors, `gain` in dB.

    `tilt` brightens (dB per octave above 1 kHz), `breath` adds noise share, `jitter` is the
    irregularity of the periods, `tremor` the depth of a 6 Hz vibrato.
    """

    pitch: float = 0.0
    range: float = 1.0
    rate: float = 1.0
    gain: float = 0.0
    tilt: float = 0.0
    breath: float = 0.0
    jitter: float = 0.0
    tremor: float = 0.0
    final_rise: float = 0.0


NEUTRAL = Prosody()

# Chosen by us and checked by measurement only: pitch, range and pace move as intended
EMOTIONS = {
    "neutral": NEUTRAL,
    "happy": Prosody(2.0, 1.35, 1.07, 1.5, 0.8, 0.0, 0.0, 0.0, 0.5),
    "angry": Prosody(1.5, 1.45, 1.10, 2.5, 1.6, 0.0, 0.010, 0.0, -1.0),
    "sad": Prosody(-1.5, 0.70, 0.86, -2.0, -1.2, 0.08, 0.0, 0.1, -1.0),
    "afraid": Prosody(2.5, 1.05, 1.14, -1.0, 0.2, 0.10, 0.008, 0.6, 0.5),
    "disgusted": Prosody(-1.0, 1.15, 0.92, 0.5, 0.0, 0.03, 0.012, 0.0, -1.5),
    "melancholic": Prosody(-2.0, 0.60, 0.80, -2.5, -1.5, 0.10, 0.0, 0.1, -1.0),
    "surprised": Prosody(3.5, 1.70, 1.05, 1.0, 0.6, 0.02, 0.0, 0.0, 3.0),
    "calm": Prosody(0.0, 0.82, 0.95, -1.0, -0.4, 0.02, 0.0, 0.0, 0.0),
}


def prosody(emotion: str, strength: float) -> Prosody:
    """An emotion, `strength` of the way from neutral (0) to full (1)."""
    full = EMOTIONS[emotion]
    values = {}
    for entry in fields(Prosody):
        start, end = getattr(NEUTRAL, entry.name), getattr(full, entry.name)
        values[entry.name] = start + strength * (end - start)
    return Prosody(**values)


def tilt_curve(tilt: float) -> Array:
    """What a tilt of dB per octave adds to the natural log power [BINS], at most 9 dB."""
    octaves = np.log2(np.maximum(FREQUENCIES, 60) / 1000)
    decibels = np.where(FREQUENCIES > 300, np.clip(tilt * octaves, -9, 9), 0)
    return np.asarray(decibels / 10 * np.log(10))

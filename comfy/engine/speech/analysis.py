"""A recording as the vocoder sees it: pitch, level, envelope and noise share per frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comfy.engine.speech import pitch
from comfy.engine.speech.aperiodicity import aperiodicity
from comfy.engine.speech.envelope import envelope
from comfy.engine.speech.frames import Array, Check, Mask


@dataclass(frozen=True)
class Analysis:
    """All arrays have one row per frame.

    `f0` in Hz, 0 where unvoiced; `level` RMS; `envelope` natural log power [frames, BINS];
    `noise` share of noise in the power, 0..1, [frames, BANDS].
    """

    f0: Array
    level: Array
    envelope: Array
    noise: Array

    @property
    def voiced(self) -> Mask:
        return self.f0 > 0


def analyse(
    wave: Array, check: Check, *, floor: float = pitch.FLOOR, ceiling: float = pitch.CEILING
) -> Analysis:
    """Analyse a mono wave at 22,050 Hz."""
    f0, level = pitch.track(wave, check, floor=floor, ceiling=ceiling)
    return Analysis(f0, level, envelope(wave, f0, check), aperiodicity(wave, f0, check))


def join(parts: list[Analysis]) -> Analysis:
    """One recording after the other."""
    if len(parts) == 1:
        return parts[0]
    return Analysis(
        np.concatenate([part.f0 for part in parts]),
        np.concatenate([part.level for part in parts]),
        np.concatenate([part.envelope for part in parts]),
        np.concatenate([part.noise for part in parts]),
    )

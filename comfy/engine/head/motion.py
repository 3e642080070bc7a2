"""Head movement and blinks over time: smooth, small, and decided by the seed alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comfy.engine.head.geometry import Floats

SWAY = (0.012, 0.008)  # amplitude of the free movement right and down, in face widths
ROLL, ZOOM = 0.016, 0.006  # radians; share of the size
NOD = 0.018  # face widths the head goes down for a loud phrase
BLINK_GAP = (2.2, 5.5)  # seconds from one blink to the next
# eyelid position 0 (open) .. 1 (shut) at these seconds: fast down, short stop, slower up
BLINK_TIMES = (0.0, 0.07, 0.11, 0.17, 0.26)
BLINK_LIDS = (0.0, 0.95, 1.0, 0.55, 0.0)


@dataclass(frozen=True)
class Motion:
    """One value per video frame: shifts in face widths, roll in radians, zoom as a share of the
    size, `lids` 0 (open) .. 1 (shut)."""

    right: Floats
    down: Floats
    roll: Floats
    zoom: Floats
    lids: Floats


def plan_motion(energy: Floats, fps: float, seed: int) -> Motion:
    """Movement for `len(energy)` frames; `energy` is the slow loudness 0..1 per frame."""
    random = np.random.default_rng(seed % 2**64)
    times = np.arange(energy.size) / fps
    nod = energy - (float(energy.mean()) if energy.size else 0.0)
    return Motion(
        _wander(random, times, 0.23) * SWAY[0],
        _wander(random, times, 0.19) * SWAY[1] + NOD * nod,
        _wander(random, times, 0.17) * ROLL,
        _wander(random, times, 0.11) * ZOOM + ZOOM * nod,
        _blinks(random, times),
    )


def _wander(random: np.random.Generator, times: npt.NDArray[np.float64], hertz: float) -> Floats:
    """A slow movement within about -1..1 that does not visibly repeat: three sines."""
    rates, weights = hertz * np.array([1, 1.73, 0.57]), np.array([0.5, 0.3, 0.4])
    phases = random.uniform(0, 2 * np.pi, 3)
    sines = np.sin(2 * np.pi * times[:, None] * rates + phases)
    wander: Floats = (sines @ weights).astype(np.float32)
    return wander


def _blinks(random: np.random.Generator, times: npt.NDArray[np.float64]) -> Floats:
    lids = np.zeros(times.size, np.float32)
    start = random.uniform(0.8, 2.5)
    while times.size and start < times[-1]:
        # the last value of BLINK_LIDS is 0, so outside a blink nothing is added
        lids += np.interp(times - start, BLINK_TIMES, BLINK_LIDS).astype(np.float32)
        start += random.uniform(*BLINK_GAP)
    return lids

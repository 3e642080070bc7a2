"""How loud speech is to a listener: LUFS, as ITU-R BS.1770-5 and EBU R128 measure it."""

from __future__ import annotations

import numpy as np

from comfy.engine.speech.frames import SAMPLE_RATE, Array

SILENCE = -70.0  # LUFS: what is softer is not counted

_STEP = SAMPLE_RATE // 10  # samples: blocks of 400 ms overlap by three quarters
_BELOW = 10.0  # LU under the mean: pauses, which are not counted either
_OFFSET = -0.691  # dB: a sine of 997 Hz at full scale in one channel has -3.01 LUFS
# the standard's two filters at 48 kHz, b and a: what a head does, and a high-pass
_FILTERS = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285),
     (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)  # fmt: skip


def steps(wave: Array) -> Array:
    """Weighted power of every 100 ms of a wave, the last one filled up with silence."""
    padded = np.pad(wave, (0, -len(wave) % _STEP)).reshape(-1, _STEP)
    power = np.abs(np.fft.rfft(padded)) ** 2 * _WEIGHTS
    return np.asarray(power.sum(axis=1))


def integrated(power: Array) -> float:
    """LUFS of what `steps` measured, without its pauses; SILENCE where there is nothing."""
    spans = max(1, len(power) - 3)
    whole = np.pad(power, (0, max(0, 4 - len(power))))
    blocks = np.lib.stride_tricks.sliding_window_view(whole, 4)[:spans].mean(axis=1)
    heard = blocks[_lufs(blocks) > SILENCE]
    if not len(heard):
        return SILENCE
    loud = heard[_lufs(heard) > _lufs(heard.mean()) - _BELOW]
    return float(_lufs(loud.mean()))


def _lufs(power: Array) -> Array:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-12)))


def _weights() -> Array:
    """What each bin of a step's spectrum adds to its mean square."""
    frequencies = np.fft.rfftfreq(_STEP, 1 / SAMPLE_RATE)
    delay = np.exp(-2j * np.pi * frequencies / 48000)
    gain = np.ones(len(frequencies))
    for above, below in _FILTERS:
        gain = gain * np.abs(np.polyval(above[::-1], delay) / np.polyval(below[::-1], delay)) ** 2
    twice = np.where(frequencies == 0, 1, 2)  # a real wave's other half
    return np.asarray(gain * twice / _STEP**2)


_WEIGHTS = _weights()

"""A judge of voices the engine knows nothing of: the GE2E speaker encoder, in NumPy.

The weights are `resemblyzer/pretrained.pt` of the package Resemblyzer 0.1.4 (Apache-2.0; unzip
its wheel). Wan et al., "Generalized end-to-end loss for speaker verification" (2018).
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RATE = 16_000  # Hz
_SIZE, _HOP, _BANDS = 400, 160, 40
_WINDOW, _STEP = 160, 80  # frames that are judged at once: 1.6 s
_LAYERS = 3
_LOUDNESS = 10 ** (-30 / 20)  # RMS the encoder was trained with
_QUIET = 0.1  # of the loudest frames: pauses are left out


class SpeakerEncoder:
    """`embed` gives a direction in 256 dimensions: the nearer two are, the more alike."""

    def __init__(self, path: Path) -> None:
        self._weights = _read(path)

    def embed(self, wave: npt.NDArray[np.floating[Any]]) -> Floats:
        """Of mono samples at RATE."""
        mel = _mel(np.asarray(wave, np.float64))
        starts = range(0, max(1, len(mel) - _WINDOW + 1), _STEP)
        pieces = np.stack([np.resize(mel[s : s + _WINDOW], (_WINDOW, _BANDS)) for s in starts])
        for layer in range(_LAYERS):
            pieces = self._lstm(pieces, layer)
        last = pieces[:, -1] @ self._weights["linear.weight"].T + self._weights["linear.bias"]
        raw = np.maximum(last, 0)
        mean = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def _lstm(self, sequence: Floats, layer: int) -> Floats:
        weights = self._weights
        bias = weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]
        inputs = sequence @ weights[f"lstm.weight_ih_l{layer}"].T + bias
        back = weights[f"lstm.weight_hh_l{layer}"].T
        hidden = cell = np.zeros((len(sequence), len(back)), np.float32)
        outputs = []
        for step in range(sequence.shape[1]):
            enter, forget, new, leave = np.split(inputs[:, step] + hidden @ back, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
            hidden = _sigmoid(leave) * np.tanh(cell)
            outputs.append(hidden)
        return np.stack(outputs, axis=1)


def _sigmoid(value: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-value)), np.float32)


def _mel(wave: npt.NDArray[np.float64]) -> Floats:
    """Mel power of the frames in which somebody speaks, [frames, bands]."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave, _SIZE // 2), _SIZE)[::_HOP]
    level = np.sqrt((windows**2).mean(axis=1))
    spoken = level > _QUIET * np.percentile(level, 95)
    windows = windows[spoken] * (_LOUDNESS / np.sqrt((level[spoken] ** 2).mean()))
    power = np.abs(np.fft.rfft(windows * np.hanning(_SIZE + 1)[:-1])) ** 2
    return np.asarray(power @ _filters().T, np.float32)


def _filters() -> npt.NDArray[np.float64]:
    """Slaney's triangles of equal area: linear to 1 kHz, logarithmic above."""
    top = 15 + np.log(RATE / 2 / 1000) / (np.log(6.4) / 27)
    mels = np.linspace(0, top, _BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    frequencies = np.fft.rfftfreq(_SIZE, 1 / RATE)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, None])


class _Reader(pickle.Unpickler):
    """PyTorch's old file format, without PyTorch: only the description of the tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, *_: (storage, offset, shape)
        return name

    def persistent_load(self, identity: Any) -> str:
        return str(identity[2])


def _read(path: Path) -> dict[str, Floats]:
    with path.open("rb") as file:
        for _ in range(3):  # magic number, version, sizes
            _Reader(file).load()
        tensors = _Reader(file).load()["model_state"]
        storages = {str(key): None for key in _Reader(file).load()}
        numbers = {key: _storage(file) for key in storages}
    return {
        name: numbers[storage][offset : offset + int(np.prod(shape))].reshape(shape)
        for name, (storage, offset, shape) in tensors.items()
    }


def _storage(file: BinaryIO) -> Floats:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(4 * count), np.float32)

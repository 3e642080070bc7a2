"""Spoken sentences joined: their own silence cut off, at one level, with natural pauses between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from comfy.errors import OutputMissing
from comfy.media.files import written_whole
from comfy.media.sounds import BROKEN
from comfy.media.waves import Wave, read_wave

QUIET = 0.03  # of a sentence's peak: what is below it at either end is silence
MARGIN = 0.04  # seconds kept around what is spoken
FADE = 0.008  # seconds, so that no end clicks
CEILING = 0.97  # of full scale
MOST_GAIN = 4.0  # 12 dB: more would only make noise loud
SILENCE = -70.0  # LUFS, what EBU R128 gives where it can measure nothing
BLOCK = 0.4  # seconds of EBU R128's blocks: shorter sounds cannot be measured by it
RATE = 44_100  # Hz of the joined file: what every player and MP3 know


@dataclass(frozen=True)
class Take:
    """One sentence as it was spoken; `speed` 1.2 is a fifth quicker, at the same pitch, and
    `pause` in seconds follows it."""

    path: Path
    speed: float = 1.0
    pause: float = 0.45


def join_sounds(takes: Sequence[Take], target: Path) -> None:
    """Write the takes as one MP3: even loudness (EBU R128, to the median of all), pauses between.

    Raises OutputMissing (output_unreadable) for a take that cannot be read.
    """
    try:
        waves = [_trimmed(_read(take.path, take.speed)) for take in takes]
    except BROKEN as exc:
        raise OutputMissing("output_unreadable") from exc
    levels = [loudness(wave) for wave in waves]
    heard = [level for level in levels if level > SILENCE]
    goal = float(np.median(heard)) if heard else SILENCE
    pieces: list[Wave] = []
    for wave, level, take in zip(waves, levels, takes, strict=True):
        pieces += [_levelled(wave, goal - level if level > SILENCE else 0.0), _silence(take.pause)]
    joined = np.concatenate(pieces[:-1])
    with written_whole(target) as part:
        soundfile.write(part, joined, RATE, format="MP3")


def loudness(wave: Wave) -> float:
    """Integrated loudness in LUFS (EBU R128, measured by FFmpeg); of less than 0.4 s, of the
    sound repeated until it is long enough. SILENCE where there is nothing to hear."""
    if not len(wave) or not np.any(wave):
        return SILENCE
    repeats = int(np.ceil(2 * BLOCK * RATE / len(wave)))
    measured = SILENCE
    for frame in _through(np.tile(wave, repeats), RATE, ("ebur128", "metadata=1")):
        measured = float(frame.metadata.get("lavfi.r128.I", measured))
    return measured


def _read(path: Path, speed: float) -> Wave:
    wave = read_wave(path, RATE)
    if not len(wave):
        raise ValueError("no sound")
    if speed == 1.0:
        return wave
    pieces = [frame.to_ndarray()[0] for frame in _through(wave, RATE, ("atempo", f"{speed:.3f}"))]
    return np.concatenate(pieces).astype(np.float32)


def _through(wave: Wave, rate: int, *filters: tuple[str, str]) -> Iterator[Any]:
    """The frames that come out of a chain of FFmpeg's filters."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    middle = [graph.add(name, options) for name, options in filters]
    graph.link_nodes(
        source,
        *middle,
        graph.add("aformat", f"sample_fmts=flt:sample_rates={rate}:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    for start in range(0, len(wave), rate):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[None, start : start + rate]), format="flt", layout="mono"
        )
        frame.sample_rate, frame.pts = rate, start
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: av.filter.Graph) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _trimmed(wave: Wave) -> Wave:
    """Without the silence at both ends."""
    loud = np.flatnonzero(np.abs(wave) > QUIET * float(np.abs(wave).max(initial=0.0)))
    if not len(loud):
        return wave
    margin = int(MARGIN * RATE)
    return wave[max(0, int(loud[0]) - margin) : int(loud[-1]) + margin]


def _levelled(wave: Wave, decibels: float) -> Wave:
    """Louder or quieter, never clipped, faded at both ends."""
    peak = float(np.abs(wave).max(initial=0.0)) or 1.0
    gain = min(10 ** (decibels / 20), MOST_GAIN, CEILING / peak)
    ramp = np.linspace(0.0, 1.0, max(1, min(int(FADE * RATE), len(wave) // 2)), dtype=np.float32)
    changed = wave * np.float32(gain)
    changed[: len(ramp)] *= ramp
    changed[-len(ramp) :] *= ramp[::-1]
    return changed


def _silence(seconds: float) -> Wave:
    return np.zeros(int(seconds * RATE), dtype=np.float32)

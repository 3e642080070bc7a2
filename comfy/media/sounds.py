"""Sound: any audio or video file in, 16-bit mono WAV out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

from comfy.errors import InputError
from comfy.media.files import READING, Limits, check_size, content_name, written_whole

DEMUXERS = frozenset(  # FFmpeg's names; playlists (hls, concat, dash) could name other files
    "wav w64 mp3 flac ogg aac aiff au amr asf avi caf mov mp4 m4a 3gp 3g2 mj2 "
    "matroska webm mpegts mpeg".split()
)
RATES = (16_000, 48_000)  # Hz, lowest and highest that we keep
FASTEST = 768_000  # Hz; a header with more makes FFmpeg compute a filter for seconds
SHORTEST = 0.3  # seconds
BROKEN = (  # PyAV: a stream of an unknown codec has no width and no rate, others have absurd ones
    *(av.error.FFmpegError, OSError, ValueError, IndexError, KeyError, MemoryError),
    *(AttributeError, TypeError, ArithmeticError, RuntimeError),
)

LEVELS_A_SECOND = 20

Samples = npt.NDArray[np.int16]
Levels = npt.NDArray[np.float64]


def accept_sound(
    source: Path,
    folder: Path,
    limits: Limits,
    *,
    keep_seconds: float = 0,
    start: float | None = None,
) -> Path:
    """Turn an upload into a WAV (16-bit PCM, mono, 16-48 kHz) in `folder`.

    A video gives its sound track. With `keep_seconds`, only the liveliest stretch of that length
    is kept: voice references beyond 15 s bring nothing and cost memory (facts of IndexTTS2); or the
    one that begins at `start` seconds.
    Raises InputError: file_empty, file_too_large, sound_unusable, sound_missing, sound_too_long,
    sound_too_short.
    """
    check_size(source, limits)
    target = folder / content_name(source, _kept_as(keep_seconds, start), ".wav")
    if target.exists():
        return target
    with written_whole(target) as part:
        rate, samples = _decode(source, part, limits.seconds)
        if samples < SHORTEST * rate:
            raise InputError("sound_too_short", limit=SHORTEST)
        if keep_seconds and samples > keep_seconds * rate:
            _keep(part, keep_seconds, start)
    return target


def sound_seconds(path: Path) -> float:
    """Length in seconds of a sound or of a video's sound track; 0.0 if there is none."""
    try:
        with av.open(str(path), options=READING) as container:
            if not container.streams.audio:
                return 0.0
            stream = container.streams.audio[0]
            samples = sum(frame.samples for frame in sound_frames(container))
            return float(samples / stream.rate)
    except BROKEN as exc:
        raise InputError("sound_unusable") from exc


def sound_length(path: Path) -> float:
    """Length in seconds as the file itself says, without decoding it where it does."""
    try:
        with av.open(str(path), options=READING) as container:
            if not DEMUXERS & set(container.format.name.split(",")):
                raise InputError("sound_unusable")
            if container.duration:
                return float(container.duration / av.time_base)
    except BROKEN as exc:
        raise InputError("sound_unusable") from exc
    return sound_seconds(path)


def _decode(source: Path, target: Path, longest: int) -> tuple[int, int]:
    """Write the first sound track to `target`; give sample rate and number of samples."""
    try:
        with av.open(str(source), options=READING) as container:
            if not DEMUXERS & set(container.format.name.split(",")):
                raise InputError("sound_unusable")
            if not container.streams.audio:
                raise InputError("sound_missing")
            rate = min(max(container.streams.audio[0].rate, RATES[0]), RATES[1])
            count = 0
            with soundfile.SoundFile(target, "w", rate, 1, "PCM_16") as file:
                for block in _blocks(container, rate):
                    count += len(block)
                    if count > longest * rate:
                        raise InputError("sound_too_long", limit=longest)
                    file.write(block)
            return rate, count
    except BROKEN as exc:
        raise InputError("sound_unusable") from exc


def _blocks(container: av.container.InputContainer, rate: int) -> Iterator[Samples]:
    resampler = av.AudioResampler("s16", "mono", rate)
    for frame in sound_frames(container):
        if frame.sample_rate > FASTEST:
            raise InputError("sound_unusable")
        for piece in resampler.resample(_finite(frame)):
            yield piece.to_ndarray()[0]
    for piece in resampler.resample(None):
        yield piece.to_ndarray()[0]


def _finite(frame: av.AudioFrame) -> av.AudioFrame:
    """Samples that are no numbers, as broken recorders write them, become silence, not a bang."""
    if not frame.format.name.startswith(("flt", "dbl")):
        return frame
    samples = frame.to_ndarray()
    if np.isfinite(samples).all():
        return frame
    samples[~np.isfinite(samples)] = 0
    form, layout = frame.format.name, frame.layout.name
    mended = av.AudioFrame.from_ndarray(samples, format=form, layout=layout)
    mended.sample_rate, mended.pts, mended.time_base = frame.sample_rate, frame.pts, frame.time_base
    return mended


def sound_frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """The first sound track up to what is none: many an MP3 ends in zeros or an unknown tag.

    Raises InvalidDataError if there is more sound behind it: then the file is broken.
    """
    broken: av.error.InvalidDataError | None = None
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as error:
            broken = broken or error
            continue
        if frames and packet.size and broken:  # an empty packet flushes what the decoder has
            raise broken
        yield from frames


def resampled(
    container: av.container.InputContainer, resampler: av.AudioResampler
) -> Iterator[av.AudioFrame]:
    """`sound_frames` as the resampler gives them, with what it holds back at the end."""
    for frame in sound_frames(container):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _kept_as(seconds: float, start: float | None) -> str:
    return f"sound-1-{seconds:g}" if start is None else f"sound-1-{seconds:g}-{start:g}"


def _keep(path: Path, seconds: float, start: float | None) -> None:
    """Cut the file down to what begins at `start`, or has the most active sound in it."""
    with soundfile.SoundFile(path) as file:
        rate, hop = file.samplerate, file.samplerate // LEVELS_A_SECOND
        if start is None:
            first = liveliest_start(sound_levels(file), seconds) * hop
        else:
            first = int(start * rate)
        file.seek(max(0, min(first, file.frames - int(seconds * rate))))
        kept = file.read(int(seconds * rate), dtype="int16")
    soundfile.write(path, kept, rate, "PCM_16")


def sound_levels(file: soundfile.SoundFile) -> Levels:
    """The root mean square (0..1) of each twentieth of a second."""
    blocks = file.blocks(file.samplerate // LEVELS_A_SECOND)
    return np.array([np.sqrt(np.mean(np.square(block, dtype=np.float64))) for block in blocks])


def liveliest_start(levels: Levels, seconds: float) -> int:
    """The level at which the stretch of this length with the most active sound begins."""
    width = int(seconds * LEVELS_A_SECOND)
    if width >= len(levels):
        return 0
    active = np.cumsum(np.r_[0, levels > 0.1 * np.percentile(levels, 95)])
    return int(np.argmax(active[width:] - active[:-width]))

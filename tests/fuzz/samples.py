"""Small files of many formats, made here, to begin the fuzzing of media with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import soundfile
from PIL import Image

PICTURE, SOUND, VIDEO, HINT, SMALL, PNG, JPG, MP3, MP4 = range(9)  # see targets._open


def samples(assets: Path) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """What to open it as, and the bytes of the file."""
    face = Image.open(assets / "portrait.jpg").convert("RGB").resize((48, 60))
    for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        buffer = io.BytesIO()
        face.save(buffer, name)
        own = {"PNG": (PNG,), "JPEG": (JPG,)}.get(name, ())
        yield (PICTURE, HINT, SMALL, *own), buffer.getvalue()
    for mode in ("1", "L", "P", "RGBA", "CMYK", "I;16", "F", "LAB"):
        buffer = io.BytesIO()
        face.convert("L" if mode in ("I;16", "F") else "RGB").convert(mode).save(buffer, "TIFF")
        yield (PICTURE,), buffer.getvalue()
    tone = (np.sin(np.arange(8000) / 9) * 9000).astype(np.int16)
    for name, subtype in (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", None), ("OGG", None)):
        buffer = io.BytesIO()
        soundfile.write(buffer, tone, 16_000, format=name, subtype=subtype)
        yield (SOUND,), buffer.getvalue()
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, 16_000, format="MP3")
    yield (SOUND, MP3), buffer.getvalue()
    for name in ("mp4", "matroska", "avi", "mpegts"):
        yield (VIDEO, SOUND, MP4), _clip(name, face, tone)


def _clip(container: str, face: Image.Image, tone: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as target:
        pictures = target.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 48, 60, "yuv420p"
        sound = target.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(4):
            target.mux(pictures.encode(av.VideoFrame.from_image(face)))
        target.mux(pictures.encode(None))
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for piece in av.AudioResampler("fltp", "mono", 16_000, frame_size=1024).resample(frame):
            target.mux(sound.encode(piece))
        target.mux(sound.encode(None))
    return buffer.getvalue()

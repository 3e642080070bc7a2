"""Pictures, and sound where there is some, to an mp4 file (H.264, AAC)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import Colorspace

from comfy.engine.codecs.sound import layout_of, write
from comfy.engine.node import Audio, ImageBatch

QUALITY = {"crf": "20", "preset": "veryfast"}
AAC_RATE = 48_000


def encode(
    path: Path,
    images: ImageBatch,
    fps: float,
    audio: Audio | None,
    progress: Callable[[int, int], None],
) -> None:
    """Write every picture as one frame; an odd last row or column is cut off (4:2:0 needs it)."""
    rate = Fraction(round(fps * 1000), 1000)
    height, width = images.shape[1] // 2 * 2, images.shape[2] // 2 * 2
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=rate, options=QUALITY)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = None if audio is None else _sound_stream(container, audio)
        for index, pixels in enumerate(images):
            frame = av.VideoFrame.from_ndarray(pixels[:height, :width], "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(video.encode(frame))
            progress(index + 1, len(images))
        container.mux(video.encode(None))
        if sound is not None and audio is not None:
            samples = round(float(len(images) / rate) * audio.sample_rate)
            cut = Audio(audio.waveform[:, :samples], audio.sample_rate)
            write(container, sound, cut, lambda: None)


def _sound_stream(container: Any, audio: Audio) -> Any:
    stream = container.add_stream("aac", rate=AAC_RATE)
    stream.codec_context.layout = layout_of(audio.waveform.shape[0])
    stream.codec_context.format = "fltp"
    return stream

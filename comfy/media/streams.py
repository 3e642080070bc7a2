"""Sounds and videos written anew without their metadata, with our label, perhaps with the mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from comfy.media.files import READING, written_whole
from comfy.media.labels import Label, id3_tag
from comfy.media.mark import mark_frame

# use_metadata_tags keeps names that MP4 has no code for; bitexact leaves the program's own name out
WRITING = {"movflags": "faststart+use_metadata_tags", "fflags": "+bitexact"}
CODECS = {".webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "crf": "24", "b": "0"})}
H264 = ("libx264", {"preset": "veryfast", "crf": "17"})
ID3V1 = 128  # bytes at the end of an MP3, if they begin with TAG


def clean_stream(path: Path, label: Label | None) -> None:
    """Only sound and picture are kept, as they are unless the mark must go into the picture."""
    if path.suffix.lower() == ".mp3":
        return _clean_mp3(path, label)
    with (
        written_whole(path) as part,
        av.open(str(path), options=READING) as source,
        av.open(str(part), "w", options=WRITING) as target,
    ):
        target.metadata.update(_tags(part, label))
        wanted = [s for s in source.streams if s.type in ("audio", "video")]
        marked = bool(label and label.mark)
        writers = {s.index: _writer(s, target, part, marked) for s in wanted}
        for packet in source.demux(wanted):
            for piece in writers[packet.stream.index].write(packet):
                target.mux(piece)


class _Copy:
    """The packets of a stream, untouched."""

    def __init__(self, stream: Any, target: Any) -> None:
        self._to = target.add_stream_from_template(stream)
        self._to.metadata.clear()

    def write(self, packet: Any) -> Iterator[Any]:
        if packet.dts is not None:  # the empty packet that flushes the demuxer
            packet.stream = self._to
            yield packet


class _Marked:
    """The frames of a video with the mark in each; their times stay as they are."""

    def __init__(self, stream: Any, target: Any, codec: str, options: dict[str, str]) -> None:
        self._to = target.add_stream(codec, rate=stream.average_rate, options=options)
        self._to.width, self._to.height = stream.width, stream.height
        self._to.pix_fmt = "yuv420p"
        self._to.codec_context.time_base = stream.time_base
        self._to.codec_context.flags |= av.codec.context.Flags.bitexact

    def write(self, packet: Any) -> Iterator[Any]:
        for frame in packet.decode():
            yield from self._to.encode(mark_frame(frame))
        if packet.dts is None:
            yield from self._to.encode(None)


def _writer(stream: Any, target: Any, part: Path, marked: bool) -> _Copy | _Marked:
    if marked and stream.type == "video":
        return _Marked(stream, target, *CODECS.get(part.suffix.lower(), H264))
    return _Copy(stream, target)


def _tags(path: Path, label: Label | None) -> dict[str, str]:
    if label is None:
        return {}
    if path.suffix.lower() == ".wav":  # a fixed set of fields: the comment is the nearest
        return {"comment": f"AIGC={label.aigc}"}
    return label.tags


def _clean_mp3(path: Path, label: Label | None) -> None:
    """Change only the tags: a remux would lose the encoder delay and shift the sound."""
    data = path.read_bytes()
    while data[:3] == b"ID3" and len(data) > 10:
        size = sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
        data = data[10 + size :]
    if data[-ID3V1 : -ID3V1 + 3] == b"TAG":
        data = data[:-ID3V1]
    with written_whole(path) as part:
        part.write_bytes((id3_tag(label) if label else b"") + data)

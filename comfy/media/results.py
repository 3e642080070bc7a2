"""Files that came from a server: opened before they are shown, without the prompt in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image

from comfy.errors import OutputMissing
from comfy.media.files import written_whole
from comfy.media.pictures import BROKEN as BROKEN_PICTURE
from comfy.media.pictures import FORMATS
from comfy.media.sounds import BROKEN as BROKEN_SOUND

KINDS = {
    "image": frozenset({".png", ".jpg", ".jpeg", ".webp"}),
    "audio": frozenset({".mp3", ".wav", ".flac", ".ogg", ".opus", ".m4a"}),
    "video": frozenset({".mp4", ".webm", ".mov", ".mkv"}),
}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_METADATA = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})


def kind_of(filename: str) -> str:
    """ "image", "audio" or "video" by the file's extension, "" for anything else.

    ComfyUI's output keys do not tell: core nodes put videos under `images` (facts: protocol, 9).
    """
    suffix = Path(filename).suffix.lower()
    return next((kind for kind, suffixes in KINDS.items() if suffix in suffixes), "")


def make_presentable(path: Path, kind: str) -> None:
    """Check that the file really is a picture, sound or video, and take out its metadata.

    ComfyUI writes the whole prompt into PNG text, ID3 and MP4 tags. Raises OutputMissing
    (output_unreadable).
    """
    try:
        if kind == "image":
            _check_picture(path)
            _strip_picture(path)
        else:
            _check_stream(path, kind)
            _strip_stream(path)
    except (*BROKEN_PICTURE, *BROKEN_SOUND) as exc:
        raise OutputMissing("output_unreadable") from exc


def _check_picture(path: Path) -> None:
    with Image.open(path, formats=FORMATS) as image:
        image.load()


def _check_stream(path: Path, kind: str) -> None:
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        streams = container.streams.video if kind == "video" else container.streams.audio
        if not streams or next(container.decode(streams[0]), None) is None:
            raise OutputMissing("output_unreadable")


def _strip_picture(path: Path) -> None:
    data = path.read_bytes()
    with written_whole(path) as part:
        if data.startswith(PNG_SIGNATURE):
            kept = (chunk for name, chunk in _png_chunks(data) if name not in PNG_METADATA)
            part.write_bytes(PNG_SIGNATURE + b"".join(kept))
        else:
            with Image.open(path, formats=FORMATS) as image:
                image.save(part, image.format, quality=95)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole bytes of each chunk: length, name, body, checksum (PNG specification, 5.3)."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        yield data[position + 4 : position + 8], data[position:end]
        position = end


def _strip_stream(path: Path) -> None:
    if path.suffix.lower() == ".mp3":
        return _strip_id3(path)
    with (
        written_whole(path) as part,
        av.open(str(path), options={"protocol_whitelist": "file"}) as source,
        av.open(str(part), "w", options={"movflags": "faststart"}) as target,
    ):
        wanted = [s for s in source.streams if s.type in ("audio", "video")]
        copies = {s.index: target.add_stream_from_template(s) for s in wanted}
        for packet in source.demux(wanted):
            if packet.dts is not None:  # the empty packet that flushes the demuxer
                packet.stream = copies[packet.stream.index]
                target.mux(packet)


def _strip_id3(path: Path) -> None:
    """Cut the ID3v2 tag at the front; a remux would lose the encoder delay and shift the sound."""
    data = path.read_bytes()
    if data[:3] != b"ID3" or len(data) < 10:
        return
    size = sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    with written_whole(path) as part:
        part.write_bytes(data[10 + size :])

"""Files that came from a server: opened before they are shown, labelled, without the prompt."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image, PngImagePlugin

from comfy.errors import OutputMissing
from comfy.media.credentials import sign
from comfy.media.files import READING, written_whole
from comfy.media.labels import Label, png_chunk
from comfy.media.mark import mark_picture
from comfy.media.pictures import BROKEN as BROKEN_PICTURE
from comfy.media.pictures import FORMATS
from comfy.media.sounds import BROKEN as BROKEN_SOUND
from comfy.media.streams import clean_stream

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


def make_presentable(path: Path, kind: str, label: Label | None = None) -> None:
    """Check that the file really is a picture, sound or video; put the label in for its metadata.

    ComfyUI writes the whole prompt into PNG text, ID3 and MP4 tags. Raises OutputMissing
    (output_unreadable), StudioError key_unusable.
    """
    try:
        if kind == "image":
            _check_picture(path)
            _clean_picture(path, label)
        else:
            _check_stream(path, kind)
            clean_stream(path, label)
    except (*BROKEN_PICTURE, *BROKEN_SOUND) as exc:
        raise OutputMissing("output_unreadable") from exc
    if label and label.key:
        sign(path, label)


def _check_picture(path: Path) -> None:
    with Image.open(path, formats=FORMATS) as image:
        image.load()


def _check_stream(path: Path, kind: str) -> None:
    with av.open(str(path), options=READING) as container:
        streams = container.streams.video if kind == "video" else container.streams.audio
        if not streams or next(container.decode(streams[0]), None) is None:
            raise OutputMissing("output_unreadable")


def _clean_picture(path: Path, label: Label | None) -> None:
    data = path.read_bytes()
    whole = data.startswith(PNG_SIGNATURE) and not (label and label.mark)
    with written_whole(path) as part:
        if whole:  # the very same pixels, without decoding them again
            chunks = [body for name, body in _png_chunks(data) if name not in PNG_METADATA]
            chunks.insert(1, png_chunk(label) if label else b"")  # IHDR must be the first
            part.write_bytes(PNG_SIGNATURE + b"".join(chunks))
        else:
            _save_picture(path, part, label)


def _save_picture(path: Path, part: Path, label: Label | None) -> None:
    with Image.open(path, formats=FORMATS) as image:
        marked = mark_picture(image) if label and label.mark else image
        if image.format == "PNG":
            notes = PngImagePlugin.PngInfo()
            if label:
                notes.add_itxt("XML:com.adobe.xmp", label.xmp.decode())
            marked.save(part, "PNG", pnginfo=notes)
        else:
            marked.info.pop("exif", None)
            xmp = {"xmp": label.xmp} if label else {}
            marked.save(part, image.format, quality=95, exif=b"", **xmp)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole bytes of each chunk: length, name, body, checksum (PNG specification, 5.3)."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        yield data[position + 4 : position + 8], data[position:end]
        position = end

"""The mark that machines read: what a file says about having been made by a machine.

Two rules ask for it: China's GB 45438-2025 (a field `AIGC` in the file's metadata, its JSON as in
appendix E) and the EU's AI Act, article 50 (machine-readable; here IPTC's Digital Source Type and,
with a key, content credentials: see comfy.media.credentials).
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MADE = SOURCE_TYPES + "trainedAlgorithmicMedia"
CHANGED = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"


@dataclass(frozen=True)
class Label:
    """What is written into a result. `number` names it without being the key to its job.

    `changed`: a given picture was changed, not made from nothing. `sources` are the results that
    it was made from: number and path. `mark`: show the visible mark. `key` is the PEM file to
    sign with, "" for no content credentials.
    """

    producer: str
    number: str
    changed: bool = False
    mark: bool = False
    key: str = ""
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def source_type(self) -> str:
        return CHANGED if self.changed else MADE

    @property
    def aigc(self) -> str:
        """The value of the field; Label "1": it is generated, not only possibly so."""
        fields = {
            "Label": "1",
            "ContentProducer": self.producer,
            "ProduceID": self.number,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        }
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    @property
    def tags(self) -> dict[str, str]:
        """For containers with named text fields."""
        return {"AIGC": self.aigc, "DigitalSourceType": self.source_type}

    @property
    def xmp(self) -> bytes:
        """An XMP packet, for pictures."""
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            f'xmlns:TC260="{NAMESPACE}" '
            'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
            f"TC260:AIGC={quoteattr(self.aigc)} "
            f"Iptc4xmpExt:DigitalSourceType={quoteattr(self.source_type)}/>"
            '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
        ).encode()


def png_chunk(label: Label) -> bytes:
    """The XMP packet as an iTXt chunk (PNG 11.3.3.4; the keyword is XMP's, part 3, 1.1.5)."""
    body = b"iTXt" + b"XML:com.adobe.xmp\0\0\0\0\0" + label.xmp
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def id3_tag(label: Label) -> bytes:
    """An ID3v2.4 tag with a TXXX frame for each field, in UTF-8 (id3.org, 4.2.6)."""
    frames = b""
    for name, value in label.tags.items():
        body = b"\x03" + name.encode() + b"\0" + value.encode()
        frames += b"TXXX" + _sevens(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _sevens(len(frames)) + frames


def _sevens(number: int) -> bytes:
    """Seven bits in each byte, so that no size looks like the start of a sound frame."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

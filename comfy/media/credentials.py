"""Content credentials: a signed manifest in the file (C2PA 2.x), by the maintained library."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import c2pa

from comfy.errors import StudioError
from comfy.media.files import written_whole
from comfy.media.labels import Label

FORMATS: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}
ALGORITHM = b"es256"  # of the key: elliptic curve P-256
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


def read_key(path: Path) -> tuple[bytes, bytes]:
    """Certificates and private key of a PEM file with both. Raises StudioError key_unusable."""
    try:
        text = path.read_text("ascii")
    except (OSError, ValueError) as error:
        raise StudioError("key_unusable") from error
    blocks = [(found[1], found[0]) for found in BLOCK.finditer(text)]
    chain = "\n".join(block for name, block in blocks if name == "CERTIFICATE")
    keys = [block for name, block in blocks if name == "PRIVATE KEY"]
    if not chain or len(keys) != 1:
        raise StudioError("key_unusable")
    return f"{chain}\n".encode(), f"{keys[0]}\n".encode()


def sign(path: Path, label: Label) -> None:
    """Put a manifest into the file, which nothing may change afterwards.

    A file of a format without content credentials stays as it is. Raises StudioError key_unusable.
    """
    media_type = FORMATS.get(path.suffix.lower())
    if media_type is None:
        return
    chain, key = read_key(Path(label.key))
    try:
        with (
            c2pa.Signer.from_info(c2pa.C2paSignerInfo(ALGORITHM, chain, key, None)) as signer,
            c2pa.Builder(json.dumps(_manifest(label, media_type))) as builder,
            written_whole(path) as part,
        ):
            for number, source in label.sources:
                _add_source(builder, number, Path(source))
            with path.open("rb") as given, part.open("w+b") as signed:
                builder.sign(signer, media_type, given, signed)
    except c2pa.C2paError as error:
        raise StudioError("key_unusable") from error


def _manifest(label: Label, media_type: str) -> dict[str, Any]:
    # Also for a changed picture: what was given is not told, so that nothing was "opened".
    actions = [{"action": "c2pa.created", "digitalSourceType": label.source_type}]
    return {
        "claim_generator_info": [{"name": label.producer}],
        "title": label.number,
        "format": media_type,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _add_source(builder: c2pa.Builder, number: str, path: Path) -> None:
    """An earlier result of ours that this one was made from, with its own credentials."""
    media_type = FORMATS.get(path.suffix.lower())
    if media_type and path.exists():
        with path.open("rb") as file:
            about = {"title": number, "relationship": "componentOf"}
            builder.add_ingredient(about, media_type, file)

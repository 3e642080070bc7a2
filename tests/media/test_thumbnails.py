"""Small copies of pictures."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from comfy.media.thumbnails import thumbnail


def test_a_thumbnail_keeps_the_shape_and_fits(tmp_path: Path) -> None:
    Image.new("RGB", (800, 400), "teal").save(tmp_path / "wide.png")
    with Image.open(io.BytesIO(thumbnail(tmp_path / "wide.png", 96))) as small:
        assert (small.format, small.size) == ("JPEG", (96, 48))


def test_what_cannot_be_read_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    assert thumbnail(tmp_path / "broken.png", 96) == b""
    assert thumbnail(tmp_path / "gone.png", 96) == b""

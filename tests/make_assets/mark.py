"""The letters of the visible mark, white on black: how opaque each pixel is."""

from __future__ import annotations

from PIL import Image, ImageDraw

from tests.make_assets.lettering import font

WORDS = "AI生成 · AI-generated"
SIZE = 96  # pixels of an em; a 4K video needs 108 pixels high letters at most
SPACE = 26


def letters() -> Image.Image:
    face = font(SIZE)
    left, top, right, bottom = face.getbbox(WORDS)
    wide, tall = int(right - left) + 2 * SPACE, int(bottom - top) + 2 * SPACE
    picture = Image.new("L", (wide, tall))
    ImageDraw.Draw(picture).text((SPACE - left, SPACE - top), WORDS, fill=255, font=face)
    return picture

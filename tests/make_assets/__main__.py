"""Make the sample files again: python -m tests.make_assets [--to FOLDER] [NAME ...]."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.make_assets import icon, mark, pictures, voices

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


def _jpeg(picture: Callable[[], Image.Image], quality: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        picture().save(path, quality=quality, optimize=True)

    return write


def _icon(size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        icon.picture(icon.ICON, size).save(path, optimize=True)

    return write


MAKERS: dict[str, Callable[[Path], None]] = {
    "portrait.jpg": _jpeg(pictures.portrait_woman, 88),
    "portrait2.jpg": _jpeg(pictures.portrait_man, 88),
    "keyframe.jpg": _jpeg(pictures.keyframe, 88),
    "scene.jpg": _jpeg(pictures.scene, 90),
    "voice-zh.mp3": lambda path: voices.write_mp3(path, voices.WOMAN),
    "voice-en.mp3": lambda path: voices.write_mp3(path, voices.MAN),
    "icon.svg": lambda path: _text(path, icon.svg(icon.ICON)),
    "favicon.svg": lambda path: _text(path, icon.svg(icon.FAVICON)),
    "icon-192.png": _icon(192),
    "icon-512.png": _icon(512),
    "ai-mark.png": lambda path: mark.letters().save(path, optimize=True),
}


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Make the named files, or all of them."""
    parser = argparse.ArgumentParser(prog="tests.make_assets", description=__doc__)
    parser.add_argument("--to", type=Path, default=_ASSETS, metavar="FOLDER")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MAKERS))
    chosen = parser.parse_args()
    for name in chosen.names or MAKERS:
        MAKERS[name](chosen.to / name)
        print(f"{name}: {(chosen.to / name).stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()

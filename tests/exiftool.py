"""What a program that is not ours reads in a file: exiftool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

# What exiftool itself works out about any file.
COMPUTED = {"System", "File", "Composite", "ExifTool", "MPEG"}
# What a picture or a video cannot be without: sizes, rates, codecs.
BODY = ("QuickTime", "Track1", "Track2", *("PNG:" + name for name in ("Image", "Bit", "Color")))
BODY += ("PNG:Compression", "PNG:Filter", "PNG:Interlace")
HERE = bool(shutil.which("exiftool"))
needs_exiftool = pytest.mark.skipif(not HERE, reason="needs exiftool")


def told(path: Path) -> dict[str, Any]:
    """Everything exiftool finds, by group and name."""
    command = ["exiftool", "-json", "-a", "-G4:1", "-struct", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]
    return {k: v for k, v in found.items() if not COMPUTED & set(k.split(":"))}


def said(path: Path) -> list[str]:
    """What somebody put into the file, beyond what it is made of."""
    found = {name: str(value) for name, value in told(path).items() if name != "SourceFile"}
    named = [(re.sub(r"^Copy\d+:", "", name), value) for name, value in found.items()]
    assert {v for k, v in named if k.endswith("Date")} <= {"0000:00:00 00:00:00"}
    return [value for name, value in named if not name.startswith(BODY)]

"""The memory that a large prompt took is not kept."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from comfy.engine.memory import give_back

STATUS = Path("/proc/self/status")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and other systems keep nothing")
def test_freed_memory_goes_back_to_the_system() -> None:
    pieces = [bytearray(60_000) for _ in range(1000)]  # 60 MB, each too small for a mapping
    last = bytearray(60_000)
    del pieces  # under the last one: the heap cannot simply shrink
    before = _resident()
    give_back()
    assert _resident() < before - 40
    assert last == bytearray(60_000)


def _resident() -> int:
    """MB of this process in memory."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024

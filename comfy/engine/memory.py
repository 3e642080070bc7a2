"""Giving memory back to the system that glibc keeps when it is freed: up to 200 MB after a read."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back() -> None:
    """Takes some milliseconds; where the C library is another one, nothing happens."""
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Any:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)

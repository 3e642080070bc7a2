"""Values as plain JSON and back: only the few kinds that go to the bounded process and return."""

from __future__ import annotations

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

from comfy.media.files import Limits
from comfy.media.join_sound import Take
from comfy.media.labels import Label

TABLES = {"Limits": Limits, "Label": Label, "Take": Take}


def to_plain(value: Any) -> Any:
    """Numbers and texts as they are; what JSON has no word for as {"$kind": ...}."""
    match value:
        case Path():
            return {"$path": str(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case tuple():
            return {"$tuple": [to_plain(item) for item in value]}
        case list():
            return [to_plain(item) for item in value]
        case dict():
            return {str(key): to_plain(item) for key, item in value.items()}
        case Limits() | Label() | Take():
            return {f"${type(value).__name__}": to_plain(asdict(value))}
        case None | bool() | int() | float() | str():
            return value
    return str(value)


def from_plain(value: Any) -> Any:
    """What `to_plain` made."""
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    for name, item in value.items():
        if name == "$path":
            return Path(str(item))
        if name == "$bytes":
            return base64.b64decode(str(item))
        if name == "$tuple":
            return tuple(from_plain(item))
        if name[1:] in TABLES and name.startswith("$"):
            return TABLES[name[1:]](**from_plain(item))
    return {key: from_plain(item) for key, item in value.items()}

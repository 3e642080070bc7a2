"""What a server tells us while a prompt runs, as small dataclasses.

The frames are described in ComfyUI's server.py and protocol.py: JSON text frames
{"type", "data"}, and binary frames that begin with a 4-byte big-endian event number.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

PREVIEW_IMAGE = 1  # BinaryEventTypes in ComfyUI's protocol.py: format (4 bytes), image
PREVIEW_IMAGE_WITH_METADATA = 4  # length of JSON (4 bytes), JSON, image

# The picture's own first bytes are believed, not what the frame says about them.
SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True)
class Queued:
    """The prompt waits; `place` prompts run or wait before it."""

    place: int


@dataclass(frozen=True)
class Started:
    """The prompt runs."""


@dataclass(frozen=True)
class Cached:
    """These nodes need not run again; a progress bar counts them as done."""

    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Executing:
    """This node runs now."""

    node: str


@dataclass(frozen=True)
class Progress:
    """`value` of `max` steps of this node are done; 0 <= value <= max, max > 0."""

    node: str
    value: float
    max: float


@dataclass(frozen=True)
class Preview:
    """A small picture of the work so far: an encoded JPEG or PNG file."""

    mime: str
    image: bytes


@dataclass(frozen=True)
class Ended:
    """The socket says the prompt stopped, well or badly. Only /history says which."""


@dataclass(frozen=True)
class Gap:
    """The socket opened or broke: messages may have been missed, so ask over HTTP."""


Event = Queued | Started | Cached | Executing | Progress | Preview
Signal = Event | Ended | Gap

ENDINGS = {"execution_success", "execution_error", "execution_interrupted"}


def parse(message: str | bytes) -> tuple[str, Signal] | None:
    """Turn one frame into (prompt_id, signal); None for frames we have no use for.

    The id is "" where the server leaves it out: in `executing` after a reconnect and in previews
    without metadata. Never raises, whatever the frame holds.
    """
    if isinstance(message, bytes):
        return _parse_binary(message)
    frame = _load(message)
    data = frame.get("data")
    if not isinstance(data, dict):
        return None
    signal = _parse_text(frame.get("type"), data)
    return (_text(data.get("prompt_id")), signal) if signal else None


def _parse_text(kind: object, data: dict[str, Any]) -> Signal | None:
    match kind:
        case "execution_start":
            return Started()
        case "execution_cached":
            nodes = data.get("nodes")
            return Cached(tuple(map(_text, nodes)) if isinstance(nodes, list) else ())
        case "executing":
            # A node that was made at run time is shown as the node of the prompt it came from.
            node = _text(data.get("display_node")) or _text(data.get("node"))
            return Executing(node) if node else Ended()
        case "progress":
            return _parse_progress(data)
        case "progress_state":
            return _parse_state(data.get("nodes"))
        case str() if kind in ENDINGS:
            return Ended()
    return None


def _parse_progress(data: dict[str, Any]) -> Progress | None:
    value, maximum = _number(data.get("value")), _number(data.get("max"))
    if value is None or maximum is None or maximum <= 0:
        return None
    return Progress(_text(data.get("node")), min(max(value, 0), maximum), maximum)


def _parse_state(nodes: object) -> Progress | None:
    """The node that runs, of all that ran so far: what `progress` says, where it is not sent."""
    entries = nodes.values() if isinstance(nodes, dict) else ()
    running = [e for e in entries if isinstance(e, dict) and e.get("state") == "running"]
    if not running:
        return None
    newest = running[-1]
    node = newest.get("display_node_id") or newest.get("node_id")
    found = _parse_progress({**newest, "node": node})
    return found if found and found.value > 0 else None  # zero: it only began


def _parse_binary(message: bytes) -> tuple[str, Preview] | None:
    if len(message) < 8:
        return None
    kind, second = struct.unpack_from(">II", message)
    if kind == PREVIEW_IMAGE:
        prompt_id, image = "", message[8:]
    elif kind == PREVIEW_IMAGE_WITH_METADATA:
        metadata = _load(message[8 : 8 + second])
        prompt_id, image = _text(metadata.get("prompt_id")), message[8 + second :]
    else:
        return None
    mime = next((m for start, m in SIGNATURES.items() if image.startswith(start)), "")
    return (prompt_id, Preview(mime, image)) if mime else None


def _load(text: str | bytes) -> dict[str, Any]:
    """JSON as a dict; anything else -- not JSON, too deep, not an object -- is empty."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an integer too large for a float
        return None

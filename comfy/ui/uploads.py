"""From what a browser or an API client says about a file to a file that it really uploaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comfy.errors import InputError
from comfy.ui.painting import Painting, read_strokes
from comfy.workflow.inputs import FILE_KINDS, Input


def uploaded(value: object) -> Path | None:
    """The uploaded file behind Gradio's {"path": ..., ...}; None for nothing.

    Anybody can send any path. Only files in Gradio's own temp folder were uploaded (or put there
    by us); for all others this raises InputError, as for a link to somewhere else.
    """
    path = value.get("path") if isinstance(value, Mapping) else value
    if path is None or path == "":
        return None
    if not isinstance(path, str):
        raise InputError("file_unusable")
    folder = Path(os.environ["GRADIO_TEMP_DIR"]).resolve()
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, ValueError) as error:
        raise InputError("file_unusable") from error
    if not real.is_file() or not real.is_relative_to(folder):
        raise InputError("file_unusable")
    return real


def button_file(value: object) -> Path:
    """The file of an upload button, which gives one or a list with one. Raises InputError."""
    path = uploaded(value[0] if isinstance(value, list) and value else value)
    if path is None:
        raise InputError("file_unusable")
    return path


def read_values(inputs: Sequence[Input], given: Sequence[Any]) -> dict[str, Any]:
    """The values of a form, in the order of its inputs. Raises InputError."""
    return {item.name: _read(item, value) for item, value in zip(inputs, given, strict=True)}


def _read(item: Input, value: object) -> Any:
    if item.kind == "mask" and isinstance(value, Mapping) and "strokes" in value:
        strokes, layer = read_strokes(value["strokes"]), uploaded(value.get("layer"))
        return Painting(strokes, layer) if strokes or layer else None
    return uploaded(value) if item.kind in FILE_KINDS else value

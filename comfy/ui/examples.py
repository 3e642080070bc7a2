"""Examples that run with one click: `assets/examples.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from comfy.ui.job_view import picture_data
from comfy.ui.language import both
from comfy.ui.parts import clickable
from comfy.workflow.inputs import FILE_KINDS, Input

ASSETS = Path(__file__).parent.parent.parent / "assets"
THUMBNAIL_PIXELS = 160


@dataclass(frozen=True)
class Example:
    """One example of a tab: `title` is a text key under `example.`, `values` fill the inputs."""

    title: str
    values: Mapping[str, Any]


@cache
def load_examples() -> Mapping[str, tuple[Example, ...]]:
    """All examples by tab."""
    tables = tomllib.loads((ASSETS / "examples.toml").read_text(encoding="utf-8"))
    return {
        tab: tuple(Example(entry.pop("title"), entry) for entry in entries)
        for tab, entries in tables.items()
    }


def create_examples(tab: str, inputs: Sequence[Input]) -> Any:
    """The strip of examples above the inputs; None if the tab has none."""
    examples = load_examples().get(tab, ())
    if not examples:
        return None
    items = [_item(number, example, inputs) for number, example in enumerate(examples)]
    value = {"title": both("page.examples"), "items": items}
    return clickable("examples", value, ["pick"], elem_id=f"examples-{tab}")


def example_values(tab: str, number: int, inputs: Sequence[Input]) -> dict[str, Any]:
    """The inputs that the example gives, files as paths."""
    given = load_examples()[tab][number].values
    files = {item.name for item in inputs if item.kind in FILE_KINDS}
    return {name: str(ASSETS / value) if name in files else value for name, value in given.items()}


def _item(number: int, example: Example, inputs: Sequence[Input]) -> dict[str, Any]:
    pictures = [
        ASSETS / example.values[item.name]
        for item in inputs
        if item.kind == "image" and item.name in example.values
    ]
    return {
        "id": str(number),
        "title": both(f"example.{example.title}"),
        "picture": picture_data(pictures[0], THUMBNAIL_PIXELS) if pictures else "",
        "text": str(example.values.get("text", "")),
    }

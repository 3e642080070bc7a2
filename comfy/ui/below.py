"""What stands below an input and helps to fill it well: hints about a file, ready-made wishes."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from comfy.errors import InputError
from comfy.media.bounded import (
    accept_picture,
    accept_sound,
    brighter,
    louder,
    picture_hints,
    sound_hints,
)
from comfy.media.files import Limits
from comfy.media.hints import Hint
from comfy.text import LANGUAGES, named, say
from comfy.ui.access import visitor
from comfy.ui.language import both, error_both, language_of
from comfy.ui.ownership import FRAMES, person_folder
from comfy.ui.parts import QUIET, clickable
from comfy.ui.results import results_folder
from comfy.ui.uploads import uploaded
from comfy.workflow.inputs import Input, read_number

PRESETS: Mapping[str, tuple[str, ...]] = {"instruction": ("subtitles", "watermark", "text")}
HINTED_KINDS = ("image", "audio")
MENDED = ("dark", "quiet", "part")  # hints with a button that mends it
FACE = "face"  # the input that says which of several faces speaks
HINTED = "hinted"  # folder for the WAV copies that are looked at


@dataclass(frozen=True)
class Wish:
    """A press of a hint's button: what to mend, from which second on, and where to put it."""

    name: str
    start: float | None
    folder: Path


def create_below(
    tab: str, item: Input, field: Any, limits: Limits, known: Callable[[], Container[str]]
) -> None:
    """Add the hint or the wishes of this input; nothing for the other kinds.

    `known` tells which of the tab's optional inputs a server can use now.
    """
    if item.kind in HINTED_KINDS:
        hint = clickable(
            "hint", [], ["mend"], elem_id=f"hint-{tab}-{item.name}", elem_classes="hint"
        )

        def chooses() -> str:
            return tab if FACE in known() else ""

        def look(value: Any) -> list[Any]:
            return hint_value(item, value, limits, chooses())

        def mend(value: Any, event: gr.EventData, request: gr.Request) -> Sequence[Any]:
            start = read_number(event.start) if event.start is not None else None
            wish = Wish(str(event.id), start, frames_folder(request))
            return mended_value(item, value, wish, limits, chooses())

        field.change(look, field, hint, preprocess=False, queue=True, **QUIET)
        hint.mend(mend, field, [field, hint], preprocess=False, **QUIET)
    elif item.name in PRESETS:
        _create_presets(tab, item.name, field)


def hint_value(item: Input, value: Any, limits: Limits, chooses: str = "") -> list[Any]:
    """The sentences about a file that was put in; a file that cannot be used has one, too.

    `chooses` is the tab if one of several faces can be chosen there now, else "".
    """
    try:
        path = uploaded(value)
        found = _look(item, path, limits) if path else []
    except InputError as error:
        return [refused(error)]
    return [
        _of_faces(details, chooses) if name == "faces" else _said(path, name, details)
        for name, details in found
        if name != "faces" or chooses
    ]


def _of_faces(details: Mapping[str, Any], tab: str) -> dict[str, Any]:
    """Which of several faces speaks, and the way to the field where another one is chosen."""
    where = details["choice"]
    told = {
        to: say("hint.faces", to, count=details["count"], where=named("choice", where, to))
        for to in LANGUAGES
    }
    way = {"field": f"{tab}-{FACE}", "fold": f"{tab}-more", "title": both("mend.faces")}
    return {**told, "calm": True, "mend": way}


def _said(path: Path | None, name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = dict(both(f"hint.{name}", **details))
    if name == "part":  # which one, is for the person to choose
        words = {word: both(f"stretch.{word}") for word in ("from", "hear")}
        said["stretch"] = {**details, "file": str(path), "words": words}
    return said | {"mend": {"id": name, "title": both(f"mend.{name}")}} if name in MENDED else said


def mended_value(
    item: Input, value: Any, wish: Wish, limits: Limits, chooses: str = ""
) -> Sequence[Any]:
    """What the field holds after its hint's button was pressed, and what the hint says then."""
    try:
        path = uploaded(value)
        if path is None or wish.name not in MENDED:
            return [gr.skip(), gr.skip()]
        made = _mended(item, path, wish, limits)
    except InputError as error:
        return [gr.skip(), [refused(error)]]
    return [str(made), hint_value(item, str(made), limits, chooses)]


def _mended(item: Input, path: Path, wish: Wish, limits: Limits) -> Path:
    folder = wish.folder
    if item.kind == "image":
        return brighter(accept_picture(path, folder, limits), folder)
    if wish.name == "quiet":
        return louder(accept_sound(path, folder, limits), folder)
    return accept_sound(path, folder, limits, keep_seconds=item.keep_seconds, start=wish.start)


def _look(item: Input, path: Path, limits: Limits) -> list[Hint]:
    if item.kind == "image":
        return picture_hints(path, face=item.consent == "face")
    return sound_hints(accept_sound(path, _folder(), limits), item.keep_seconds)


def _folder() -> Path:
    return Path(os.environ["GRADIO_TEMP_DIR"]) / HINTED


def _create_presets(tab: str, name: str, field: Any) -> None:
    items = [{"id": preset, "title": both(f"preset.{preset}")} for preset in PRESETS[name]]
    chips = clickable("presets", items, ["pick"], elem_id=f"presets-{tab}-{name}")

    def choose(event: gr.EventData, request: gr.Request) -> str:
        chosen = str(event.id)
        return say(f"preset.{chosen}", language_of(request)) if chosen in PRESETS[name] else ""

    chips.pick(choose, None, field, **QUIET)


def refused(error: InputError) -> dict[str, Any]:
    """A line about a file that cannot be used at all."""
    return {**error_both(error.code, error.details), "wrong": True}


def frames_folder(request: gr.Request) -> Path:
    """Where frames and sounds that come out of a person's videos are put, for Gradio to serve."""
    return results_folder() / FRAMES / person_folder(visitor(request).name)

"""From the inputs of a task's manifest to Gradio components: the kind picks the widget."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any

import gradio as gr

from comfy.text import has, say
from comfy.ui.language import both, label
from comfy.ui.parts import painter
from comfy.ui.variant_choice import KIND, create_choice
from comfy.workflow.inputs import Input

WAVEFORM = gr.WaveformOptions(waveform_color="#a1a1aa", waveform_progress_color="#6d5df0")
PICTURE_HEIGHT = 230
SMALL_HEIGHT = 150  # of what may be left empty
NOTHING = ""  # what a choice holds that was not made
PAINT_WORDS = ("title", "hint", "empty", "keys", "brush", "undo", "clear")


def create_inputs(
    tab: str,
    inputs: Sequence[Input],
    *,
    own: Sequence[str] = (),
    below: Callable[[Input, Any], None] = lambda _item, _field: None,
) -> dict[str, Any]:
    """One component per input, by name, in order; the advanced ones in a closed section.

    `own` are inputs that stand for a step, in a section of theirs; `below` adds what belongs
    under a component.
    """

    def create(items: Sequence[Input]) -> dict[str, Any]:
        made = {}
        for item in items:
            made[item.name] = create_input(tab, item, hidden=item in extras(inputs, own))
            below(item, made[item.name])
        return made

    advanced = [item for item in inputs if item.advanced]
    stand_ins = [item for item in inputs if item.name in own]
    fields = create([item for item in inputs if item not in (*advanced, *stand_ins)])
    if stand_ins:
        with gr.Accordion(
            label("page.own"), open=False, elem_classes="advanced", elem_id=f"{tab}-own"
        ):
            fields |= create(stand_ins)
    if advanced:
        with gr.Accordion(
            label("page.advanced"), open=False, elem_classes="advanced", elem_id=f"{tab}-more"
        ):
            fields |= create(advanced)
    return {item.name: fields[item.name] for item in inputs}


def extras(inputs: Sequence[Input], own: Sequence[str] = ()) -> list[Input]:
    """Inputs that only some servers can use: they are hidden until one of those is there.

    One that stands for a step (`own`) is given to no server under its name.
    """
    return [i for i in inputs if i.picks and not i.required and i.name not in own]


def shown_extras(
    names: Iterable[str], known: Container[str], filled: Iterator[object]
) -> list[Any]:
    """An update for each of them: shown where a server knows it, or it holds something.

    What a person put in is not lost while its server is away.
    """
    pairs = zip(names, filled, strict=False)  # the others are of the next tab
    return [gr.update(visible=bool(holds) or name in known) for name, holds in pairs]


def create_input(tab: str, item: Input, *, hidden: bool = False) -> Any:
    """The component of one input."""
    if item.kind == KIND:
        return create_choice(tab, item)
    common: dict[str, Any] = {
        "visible": not hidden,
        "label": label(f"input.{tab}_{item.name}", f"input.{item.name}"),
        "elem_id": f"{tab}-{item.name}",
    }
    match item.kind:
        case "image":
            return _picture(common)
        case "audio":
            return _sound(common)
        case "video":
            return _video(item, common)
        case "mask":
            return _mask(tab, item, common)
        case "text":
            return _text(item, common)
        case "choice":
            return _choice(item, common)
        case "boolean":
            return gr.Checkbox(value=bool(item.default), **common, **_info(item))
        case "seed":
            return gr.Number(value=item.default, precision=0, minimum=0, **common, **_info(item))
    return gr.Slider(item.min, item.max, item.default, step=item.step, **common, **_info(item))


def default_value(item: Input, language: str) -> Any:
    """What an untouched input holds. A text has its default in each language: `default.<name>`."""
    if _may_be_left(item):
        return NOTHING
    key = f"default.{item.name}"
    return say(key, language) if item.kind == "text" and has(key) else item.default


def _picture(common: dict[str, Any]) -> Any:
    return gr.Image(
        type="filepath",
        image_mode=None,  # the file as it came: no second encoding
        sources=["upload", "clipboard", "webcam"],
        height=PICTURE_HEIGHT,
        buttons=["fullscreen"],
        elem_classes="picture-in",
        **common,
    )


def _sound(common: dict[str, Any]) -> Any:
    return gr.Audio(
        type="filepath",
        sources=["upload", "microphone"],
        waveform_options=WAVEFORM,
        elem_classes="sound-in",
        buttons=[],
        **common,
    )


def _video(item: Input, common: dict[str, Any]) -> Any:
    height = PICTURE_HEIGHT if item.required else SMALL_HEIGHT
    return gr.Video(
        sources=["upload"],
        height=height,
        elem_classes="video-in" if item.required else ["video-in", "slim"],
        buttons=[],
        **common,
    )


def _mask(tab: str, item: Input, common: dict[str, Any]) -> Any:
    words = {word: both(f"paint.{word}") for word in PAINT_WORDS}
    placed = {name: common[name] for name in ("visible", "elem_id")}
    return painter(words, f"{tab}-{item.over}", **placed)


def _text(item: Input, common: dict[str, Any]) -> Any:
    hint = f"placeholder.{item.name}"
    return gr.Textbox(
        value=item.default or "",
        lines=4 if item.spoken else 2,
        max_lines=10,
        max_length=item.max_length,
        placeholder=label(hint) if has(hint) else None,
        **common,
        **_info(item),
    )


def _choice(item: Input, common: dict[str, Any]) -> Any:
    choices = [(_choice_label(value), value) for value in item.choices]
    if _may_be_left(item):
        choices.insert(0, (label(f"none.{item.name}", "none.any"), NOTHING))
    if not all(has(f"choice.{value}") for value in item.choices):  # sizes: a list to open
        return gr.Dropdown(choices, value=default_value(item, ""), **common, **_info(item))
    chosen = default_value(item, "")
    return gr.Radio(choices, value=chosen, elem_classes="chips", **common, **_info(item))


def _may_be_left(item: Input) -> bool:
    """A choice that nobody has to make: not to make it is one of what can be chosen."""
    return item.kind == "choice" and item.picks and not item.required


def _choice_label(value: str) -> str:
    """The text of a choice; one without a text, such as "832x480", speaks for itself."""
    key = f"choice.{value}"
    return label(key) if has(key) else value.replace("x", " × ")


def _info(item: Input) -> dict[str, Any]:
    key = f"info.{item.name}"
    return {"info": label(key)} if has(key) else {}

"""From a task's manifest to the controls of its tab: a new task needs no page code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest

from comfy.errors import InputError
from comfy.ui.language import error_both
from comfy.ui.widgets import create_inputs, default_value, shown_extras
from comfy.workflow.inputs import Input

EVERY_KIND = (
    Input("image", "image"),
    Input("reference_audio", "audio"),
    Input("film", "video", required=False, instead_of="image"),
    Input("mask", "mask", required=False, over="image"),
    Input("text", "text", max_length=300, spoken=True),
    Input("emotion", "choice", default="calm", choices=("calm", "happy")),
    Input("size", "choice", default="auto", choices=("auto", "640x480")),
    Input("steps", "integer", default=8, min=1, max=50, step=1),
    Input("strength", "number", default=0.5, min=0, max=1, step=0.05),
    Input("loop", "boolean", default=True),
    Input("seed", "seed", default=0, advanced=True),
)


def built(*inputs: Input, own: Sequence[str] = ()) -> dict[str, Any]:
    """The components, built inside an event loop: without one, Gradio leaves open ones behind.

    In a thread, because the browser tests may have a loop in this one.
    """

    async def build() -> dict[str, Any]:
        with gr.Blocks(analytics_enabled=False):
            return create_inputs("tab", inputs, own=own)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(build())).result()


def test_each_kind_has_its_control() -> None:
    assert {name: type(field).__name__ for name, field in built(*EVERY_KIND).items()} == {
        "image": "Image",
        "reference_audio": "Audio",
        "film": "Video",
        "mask": "HTML",
        "text": "Textbox",
        "emotion": "Radio",
        "size": "Dropdown",
        "steps": "Slider",
        "strength": "Slider",
        "loop": "Checkbox",
        "seed": "Number",
    }


def test_what_only_some_servers_can_use_is_hidden_at_first() -> None:
    hidden = [name for name, field in built(*EVERY_KIND).items() if not field.visible]
    assert hidden == ["film", "mask"]


def test_what_stands_for_a_step_is_never_hidden() -> None:
    own = Input("own_image", "image", required=False)
    assert built(own)["own_image"].visible is False  # for only some servers
    assert built(own, own=["own_image"])["own_image"].visible is True


def test_what_somebody_put_in_stays_while_its_server_is_away() -> None:
    held = iter([True, False, False, True])  # the last one is of another tab
    updates = shown_extras(["film", "mood", "mask"], {"mask"}, held)
    assert [update["visible"] for update in updates] == [True, False, True]
    assert not any("value" in update for update in updates)
    assert list(held) == [True]


def test_the_manifest_sets_limits_and_defaults() -> None:
    fields = built(*EVERY_KIND)
    assert (fields["text"].max_length, fields["text"].lines) == (300, 4)
    assert (fields["steps"].minimum, fields["steps"].maximum, fields["steps"].value) == (1, 50, 8)
    assert [value for _, value in fields["emotion"].choices] == ["calm", "happy"]
    assert fields["size"].choices[1] == ("640 × 480", "640x480")
    assert fields["text"].elem_id == "tab-text"


def test_an_input_without_a_text_is_called_by_its_name() -> None:
    assert built(Input("steps", "integer", min=1, max=9, default=1))["steps"].label == "steps"


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "去除字幕、水印、文字"), ("en", "Remove subtitles, watermarks and text")],
)
def test_a_text_has_its_default_in_each_language(language: str, text: str) -> None:
    item = Input("instruction", "text", default="去除字幕、水印、文字", max_length=800)
    assert default_value(item, language) == text


def test_an_error_names_inputs_and_choices_as_the_page_does() -> None:
    error = InputError("choice_unknown", input="emotion", choices=["happy", "sad"])
    assert error_both(error.code, error.details) == {
        "zh": "“语气”请从列表中选择：开心, 悲伤。",
        "en": 'Please choose "Mood" from the list: Happy, Sad.',
    }

"""Saved voices, below the input that takes one: choose, save under a name, delete."""

from __future__ import annotations

from typing import Any

import gradio as gr

from comfy.errors import StudioError
from comfy.jobs.studio import Studio
from comfy.ui.access import person
from comfy.ui.below import frames_folder
from comfy.ui.language import both, error_both
from comfy.ui.parts import QUIET, drawn
from comfy.ui.results import linked
from comfy.ui.uploads import uploaded
from comfy.workflow.inputs import Input

# Its events: `choose` and `forget` with the voice's id, `keep` with a name.
SCRIPT = """
const events = ['choose', 'forget', 'keep'];
element.addEventListener('click', (event) => studio.voiceClick(event, element, trigger));
element.addEventListener('keydown', (event) => studio.voiceKey(event, element, trigger));
"""
WORDS = ("title", "keep", "name", "delete", "sure")
Value = dict[str, Any]


class SavedVoices:
    """The chips of one input."""

    def __init__(self, studio: Studio, tab: str, item: Input, field: Any) -> None:
        self._studio = studio
        self._item = item
        self._field = field
        self.list = drawn("voices", self._value([]), script=SCRIPT, elem_id=f"voices-{tab}")

    def wire(self, owner: Any) -> None:
        self.list.choose(self.choose, owner, self._field, **QUIET)
        self.list.forget(self.forget, owner, self.list, **QUIET)
        self.list.keep(self.keep, [owner, self._field], self.list, preprocess=False, **QUIET)

    def restore(self, owner: str, request: gr.Request) -> Value:
        return self._value(self._studio.voices.all(person(request, owner)))

    def choose(self, owner: str, event: gr.EventData, request: gr.Request) -> Any:
        """Put the saved recording into the input."""
        voice = self._studio.voices.find(str(event.id), person(request, owner))
        if voice is None:
            return gr.skip()
        path = linked(voice.path, frames_folder(request) / f"{voice.id}.wav")
        return str(path) if path else gr.skip()

    def forget(self, owner: str, event: gr.EventData, request: gr.Request) -> Value:
        self._studio.voices.forget(str(event.id), person(request, owner))
        return self.restore(owner, request)

    def keep(self, owner: str, value: Any, event: gr.EventData, request: gr.Request) -> Value:
        """Save the recording that is in the input."""
        try:
            path = uploaded(value)
            if path is None:
                return self.restore(owner, request) | {"error": both("add.audio")}
            self._studio.voices.keep(str(event.name), path, self._item, person(request, owner))
        except StudioError as error:
            told = {"error": error_both(error.code, error.details)}
            return self.restore(owner, request) | told
        return self.restore(owner, request)

    def _value(self, voices: Any) -> Value:
        items = [{"id": voice.id, "name": voice.name} for voice in voices]
        return {"items": items, "words": {word: both(f"voices.{word}") for word in WORDS}}


def takes_voice(item: Input) -> bool:
    """Whether this input takes a voice to be kept: the recording without which nothing is said."""
    return item.kind == "audio" and item.keep_seconds > 0 and item.required

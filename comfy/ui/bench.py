"""The voice tab's section "sentence by sentence": the script as sentences, each with its takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from comfy.errors import InputError, StudioError
from comfy.jobs.job import Job
from comfy.jobs.sentences import MOST, Sentence, split
from comfy.jobs.studio import SPEECH, Studio
from comfy.ui.language import both, error_both, label
from comfy.ui.pieces import bench_value, create_pieces, sentences_of
from comfy.ui.recipe import CONSENT, Recipe
from comfy.ui.variant_choice import take_wishes


class Bench:
    """Its list of sentences, and how they become jobs."""

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        self._studio = studio
        self._task = recipe.tasks[0]
        with gr.Accordion(
            label("page.bench"), open=False, elem_classes="advanced", elem_id="bench"
        ) as self.section:
            self.list = create_pieces(f"bench-{recipe.name}", bench_value(studio, self._task, []))

    def split(self, text: object, emotion: object) -> Any:
        """The script of the form as sentences, in the form's mood."""
        try:
            found = split(str(text or ""), str(emotion or "neutral"))
        except StudioError as error:
            told = {"error": error_both(error.code, error.details)}
            return bench_value(self._studio, self._task, []) | told
        value = bench_value(self._studio, self._task, found)
        return value if found else value | {"error": both("add.text")}

    def shown(self, jobs: Sequence[Job]) -> dict[Any, Any]:
        """The list for the job that the tab shows; it stays for one without sentences."""
        sentences = sentences_of(self._studio, jobs[-1])
        if not sentences:
            return {}
        value = bench_value(self._studio, self._task, sentences, jobs[-1])
        return {self.section: gr.Accordion(open=True), self.list: value}

    def submit(
        self, values: Mapping[str, Any], rows: object, who: Mapping[str, str]
    ) -> tuple[Job, ...]:
        """Speak the sentences as they stand in the list. Raises InputError."""
        if not isinstance(rows, list) or len(rows) > MOST:
            raise InputError("value_unusable", input="text")
        sentences = [s for s in map(Sentence.read, rows) if str(s.text or "").strip()]
        given = dict(values)
        consent = bool(given.pop(CONSENT, False))
        wish = take_wishes(given, [SPEECH]).get(SPEECH)
        texts = [str(sentence.text).strip() for sentence in sentences]
        if [sentence.text for sentence in split(str(given.get("text") or ""))] != texts:
            given["text"] = "\n".join(texts)
        return (self._studio.speak(given, sentences, **who, consent=consent, wish=wish),)


def create_bench(studio: Studio, recipe: Recipe) -> Bench | None:
    """For the tab that speaks a text; None for the others."""
    return Bench(studio, recipe) if recipe.name == SPEECH else None

"""The left side of a tab: what a person gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.media.files import Limits
from comfy.text import LANGUAGES
from comfy.ui.below import create_below
from comfy.ui.bench import create_bench
from comfy.ui.examples import create_examples, example_values
from comfy.ui.language import both, either, label
from comfy.ui.many import create_many
from comfy.ui.painting import shown_again
from comfy.ui.recipe import CONSENT, OWN_FIELDS, Recipe
from comfy.ui.results import input_file
from comfy.ui.told_line import ToldLine
from comfy.ui.variant_choice import KIND, choice_now, wished_task
from comfy.ui.video_source import VideoSource
from comfy.ui.voices import SavedVoices, takes_voice
from comfy.ui.widgets import create_inputs, default_value, extras, shown_extras
from comfy.workflow.inputs import FILE_KINDS, Input

Updates = dict[Any, Any]


class TabForm:
    """Examples, the inputs, a video to take them from, and the buttons to start and to cancel."""

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        self._studio = studio
        self._recipe = recipe
        settings = studio.settings
        self._limits = Limits(
            settings.max_upload_mb, settings.max_megapixels, settings.max_audio_seconds
        )
        self.fields: dict[str, Any] = {}
        self._video: VideoSource | None = None
        self.voices: SavedVoices | None = None
        self._build()

    def _build(self) -> None:
        name, inputs = self._recipe.name, self._recipe.inputs
        files = [i for i in inputs if i.kind in FILE_KINDS and i.name not in OWN_FIELDS]
        self._source = files[0].name if files else ""
        self.examples = create_examples(name, inputs)  # first: what a newcomer looks for
        self.fields = create_inputs(name, inputs, own=OWN_FIELDS, below=self._below)
        self._ask_for_each_file()
        if self._video:
            self._video.fill(self._first(files, "image"), self._first(files, "audio"))
        self.bench = create_bench(self._studio, self._recipe)
        self.many = create_many(self._studio, self._recipe)
        with gr.Column(elem_classes="launch"):  # in sight wherever one edits
            self._create_buttons()
            self.told = ToldLine(self._studio, self._recipe)

    def _create_buttons(self) -> None:
        name = self._recipe.name
        with gr.Row(elem_classes="runbar"):
            self.run = gr.Button(
                label(f"run.{name}", "run.any"), variant="primary", scale=3, elem_id=f"run-{name}"
            )
            self.stop = gr.Button(
                label("page.cancel"), scale=1, min_width=90, visible=False, elem_id=f"cancel-{name}"
            )

    def _ask_for_each_file(self) -> None:
        """The tick of the consent is about the files that are there: a new one takes it away."""
        if CONSENT in self.fields:
            files = [self.fields[i.name] for i in self._recipe.inputs if i.kind in FILE_KINDS]
            untick = {"outputs": self.fields[CONSENT], "js": "() => false"}
            gr.on([field.upload for field in files], None, **untick)

    def _below(self, item: Input, field: Any) -> None:
        create_below(self._recipe.name, item, field, self._limits, self._known)
        if takes_voice(item):
            self.voices = SavedVoices(self._studio, self._recipe.name, item, field)
        if item.name == self._source:
            kinds = {i.kind for i in self._recipe.inputs if i.kind in ("image", "audio")}
            self._video = VideoSource(self._recipe.name, self._limits, kinds)

    def _first(self, items: Sequence[Input], kind: str) -> Any | None:
        return next((self.fields[item.name] for item in items if item.kind == kind), None)

    @property
    def prepare(self) -> str:
        """JavaScript for `(card, *fields) -> card`: says what is missing, or that it begins.

        The card is brought into sight then.
        """
        names = list(self.fields)
        needs = [
            [
                names.index(item.name),
                f"{self._recipe.name}-{item.name}",
                both(either(f"add.{item.kind}", "add.text")),
                names.index(instead) if (instead := self._recipe.instead.get(item.name)) else -1,
            ]
            for item in self._recipe.inputs
            if item.required
        ]
        card = json.dumps(f"card-{self._recipe.name}")
        return f"(...values) => studio.prepare({json.dumps(needs)}, {card}, ...values)"

    @property
    def tick(self) -> str:
        """The page's id of the box for the consent."""
        return f"{self._recipe.name}-{CONSENT}"

    @property
    def extras(self) -> dict[str, Any]:
        """The fields that are shown where a server can use them."""
        found = extras(self._recipe.inputs, OWN_FIELDS)
        return {item.name: self.fields[item.name] for item in found}

    def offered(self, filled: Iterator[object]) -> list[Any]:
        """The `extras`, each shown or not."""
        return shown_extras(self.extras, self._known(), filled)

    def _known(self) -> set[str]:
        """The inputs that a server can use now, of those that not all can."""
        states = [s for s in self._studio.servers() if s.online]
        tasks = [task.name for task in self._recipe.tasks]
        return {name for s in states for task in tasks for name in s.offers.get(task, ())}

    @property
    def translated(self) -> list[Any]:
        """The fields whose default depends on the language."""
        return [self.fields[item.name] for item in self._recipe.inputs if _speaks(item)]

    def respeak(self, language: str, values: Sequence[Any]) -> list[Any]:
        """The `translated` fields after a change of language: untouched defaults change, too."""
        items = [item for item in self._recipe.inputs if _speaks(item)]
        return [
            default_value(item, language)
            if value in {default_value(item, other) for other in LANGUAGES}
            else gr.skip()
            for item, value in zip(items, values, strict=True)
        ]

    def defaults(self, language: str) -> Updates:
        """An untouched form; texts that are filled in from the start, in this language."""
        return {self.fields[i.name]: default_value(i, language) for i in self._recipe.inputs}

    def choices(self, jobs: Sequence[Job]) -> Updates:
        """The variants that can be chosen now, with what these jobs wished for."""
        return {
            self.fields[item.name]: choice_now(
                self._studio, wished_task(item.name), self._recipe.wish(jobs, item.name)
            )
            for item in self._recipe.inputs
            if item.kind == KIND
        }

    def example(self, number: int, language: str) -> list[Any]:
        """All fields for an example; what it does not mention goes back to its default."""
        given = example_values(self._recipe.name, number, self._recipe.inputs)
        defaults = self.defaults(language)
        return [given.get(name, defaults[field]) for name, field in self.fields.items()]

    def restore(self, jobs: Sequence[Job]) -> Updates:
        """The inputs as they were given for these jobs: to look at, or to run with changes."""
        updates: Updates = self.choices(jobs) if jobs else {}
        for item in self._recipe.inputs if jobs else ():
            found = self._recipe.origin(jobs, item.name)
            if found:
                updates[self.fields[item.name]] = self._given(item, *found)
            elif item.picks and not item.required:  # a mask of another picture, for example
                updates[self.fields[item.name]] = default_value(item, "")
        return updates

    def _given(self, item: Input, job: Job, name: str) -> Any:
        if item.kind not in FILE_KINDS:
            return job.uncut.get(name, job.values[name])
        path = input_file(self._studio, job, name)
        if path and item.kind == "mask":
            return shown_again(path, input_file(self._studio, job, item.over))
        return str(path) if path else None


def _speaks(item: Input) -> bool:
    return item.kind == "text" and bool(item.default)

"""One tab: what I give on the left, what I get on the right, and the events between them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from comfy.errors import StudioError
from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.text import say
from comfy.ui.examples import create_examples, example_values
from comfy.ui.job_view import idle_card, refused_card, run_card
from comfy.ui.language import either, label, language_of
from comfy.ui.outputs import create_output, output_value
from comfy.ui.parts import progress_card
from comfy.ui.recipe import Recipe
from comfy.ui.results import input_file, result_file
from comfy.ui.uploads import read_values
from comfy.ui.watch import watch_jobs
from comfy.ui.widgets import create_inputs, default_value
from comfy.workflow.inputs import FILE_KINDS

log = logging.getLogger(__name__)

Updates = dict[Any, Any]

# Nothing of Gradio's own progress, no limit per handler, not part of the public API.
QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "concurrency_limit": None,
    "api_visibility": "private",
}


class TaskTab:
    """The components of a tab and its event handlers.

    A run is known to the browser by its job ids. `start` stores the jobs and shows a card that
    asks to be followed; `watch` then keeps only the card up to date; `collect` shows what is
    finished, and asks again while there is more to come. A reload is nothing special: the page's
    load event calls `show` with the ids that the browser remembers.
    """

    def __init__(self, studio: Studio, recipe: Recipe, owner: Any, ids: Any) -> None:
        """`owner` and `ids` are what the browser remembers: who it is, and this tab's jobs."""
        self.studio = studio
        self.recipe = recipe
        self.owner = owner
        self.ids = ids
        self.has_next = False
        self._build()
        self._wire()

    def _build(self) -> None:
        name = self.recipe.name
        with gr.Tab(label(f"task.{name}"), id=name):
            with gr.Row(equal_height=False, elem_classes="columns"):
                with gr.Column(scale=5, min_width=320, elem_classes="give"):
                    self.fields = create_inputs(name, self.recipe.inputs)
                    self.examples = create_examples(name, self.recipe.inputs)
                    self._build_buttons()
                with gr.Column(scale=7, min_width=320, elem_classes="get"):
                    kinds = [task.output for task in self.recipe.tasks]
                    self.card = progress_card(name, idle_card(name, kinds))
                    self._build_outputs()

    def _build_buttons(self) -> None:
        name = self.recipe.name
        with gr.Row(elem_classes="runbar"):
            self.run = gr.Button(
                label(f"run.{name}", "run.any"), variant="primary", scale=3, elem_id=f"run-{name}"
            )
            self.stop = gr.Button(
                label("page.cancel"), scale=1, min_width=90, visible=False, elem_id=f"cancel-{name}"
            )

    def _build_outputs(self) -> None:
        name, alone = self.recipe.name, len(self.recipe.tasks) == 1
        with gr.Row(elem_classes="results"):
            self.outputs = [create_output(task, name, alone) for task in self.recipe.tasks]
        with gr.Row(elem_classes="actions"):
            self.download = gr.DownloadButton(
                label("page.download"), visible=False, elem_id=f"download-{name}"
            )
            self.next = gr.Button(
                label(f"next.{self.recipe.tasks[-1].output}", "next.any"),
                visible=False,
                elem_id=f"next-{name}",
            )

    def _wire(self) -> None:
        form = [self.ids, self.owner, *self.fields.values()]
        begun = [self.ids, *self.shown]
        reveal = f"() => studio.reveal('card-{self.recipe.name}')"
        pressed = self.run.click(
            self.start, form, begun, validator=self.check, preprocess=False, **QUIET
        )
        self.run.click(None, js=reveal)
        self.stop.click(self.cancel, self.ids, self.stop, **QUIET)
        self.followed = self.card.follow(
            self.watch, self.ids, self.card, trigger_mode="multiple", **QUIET
        )
        collected = self.followed.then(self.collect, self.ids, self.shown, **QUIET)
        self.changes = [pressed, collected]  # after these there is something new in the history
        if self.examples is not None:
            chosen = self.examples.pick(self.fill, None, list(self.fields.values()), **QUIET)
            begin = chosen.then(self.start, form, begun, preprocess=False, **QUIET)
            chosen.then(None, js=reveal)
            self.changes.append(begin)

    @property
    def shown(self) -> list[Any]:
        """The components that `show` fills."""
        return [self.card, self.run, self.stop, self.download, self.next, *self.outputs]

    # ------------------------------------------------------------------ handlers

    def check(self, request: gr.Request, _ids: object, _owner: object, *values: Any) -> list[Any]:
        """Mark the inputs that are still empty."""
        language = language_of(request)
        marks = [gr.validate(True, ""), gr.validate(True, "")]
        for item, value in zip(self.recipe.inputs, values, strict=True):
            blank = not value.strip() if isinstance(value, str) else value is None
            missing = item.required and blank
            word = either(f"add.{item.kind}", "add.text")
            marks.append(gr.validate(not missing, say(word, language)))
        return marks

    def start(self, request: gr.Request, _ids: object, owner: str, *values: Any) -> Updates:
        """Store the jobs and show that they are under way, or say why not."""
        try:
            given = read_values(self.recipe.inputs, values)
            who = request.username or owner or request.session_hash
            jobs = self.recipe.submit(given, who)
        except StudioError as error:
            return {self.card: refused_card(error)}
        except Exception:  # the page's border: a person gets a number, the log the rest
            number = secrets.token_hex(4)
            log.exception("start of %s failed, number %s", self.recipe.name, number)
            return {self.card: refused_card(StudioError(job=number))}
        return {self.ids: [job.id for job in jobs], **self._show(jobs, language_of(request))}

    def watch(self, ids: list[str], event: gr.EventData) -> Iterator[Any]:
        """Keep the card up to date until there is one more result than the page shows."""
        for jobs in watch_jobs(self.studio, ids, shown=int(event.shown)):
            yield run_card(jobs)

    def collect(self, ids: list[str], request: gr.Request) -> Updates:
        """Show everything that is finished."""
        return self.show(ids, language_of(request))

    def cancel(self, ids: list[str]) -> Any:
        if ids:
            self.studio.cancel(ids[-1])  # with it goes what only it needs
        return gr.update(value=label("page.cancelling"), interactive=False)

    def fill(self, event: gr.EventData, request: gr.Request) -> list[Any]:
        """Put an example into the inputs; the rest goes back to its default."""
        given = example_values(self.recipe.name, int(event.id), self.recipe.inputs)
        defaults = self.defaults(language_of(request))
        return [given.get(name, defaults[field]) for name, field in self.fields.items()]

    def defaults(self, language: str) -> Updates:
        """An untouched form; texts that are filled in from the start, in this language."""
        return {self.fields[i.name]: default_value(i, language) for i in self.recipe.inputs}

    def texts(self, language: str) -> Updates:
        """The defaults that depend on the language."""
        defaults = self.defaults(language)
        fields = [self.fields[i.name] for i in self.recipe.inputs if i.kind == "text" and i.default]
        return {field: defaults[field] for field in fields}

    def restore(self, ids: Sequence[str]) -> Updates:
        """The inputs as they were given for these jobs: to look at, or to run with changes."""
        jobs = [job for job in map(self.studio.job, ids or ()) if job]
        updates: Updates = {}
        for item in self.recipe.inputs:
            job = next((job for job in jobs if item.name in job.values), None)
            if job is None:
                continue
            value = job.values[item.name]
            if item.kind in FILE_KINDS:
                path = input_file(self.studio, job, item.name)
                value = str(path) if path else None
            updates[self.fields[item.name]] = value
        return updates

    def result(self, ids: Sequence[str], language: str) -> Path | None:
        """The file of the tab's last step, if there is one."""
        job = self.studio.job(ids[-1]) if ids else None
        return result_file(job, language) if job else None

    def show(self, ids: Sequence[str], language: str) -> Updates:
        """What the tab looks like for these jobs; untouched if they are not known any more."""
        jobs = [job for job in map(self.studio.job, ids or ()) if job]
        if not jobs:
            return {}
        return self._show(jobs, language)

    def _show(self, jobs: Sequence[Job], language: str) -> Updates:
        running = not all(job.finished for job in jobs)
        last = result_file(jobs[-1], language)
        views = {
            output: output_value(self.studio, job, language, alone=len(jobs) == 1)
            for output, job in zip(self.outputs, jobs, strict=True)
        }
        return {
            self.card: run_card(jobs, follow=running),
            self.run: gr.update(interactive=not running),
            self.stop: gr.update(value=label("page.cancel"), visible=running, interactive=True),
            self.download: gr.update(value=last and str(last), visible=last is not None),
            self.next: gr.update(visible=self.has_next and last is not None),
            **views,
        }

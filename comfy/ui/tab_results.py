"""The right side of a tab: how a run goes, what came out of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from comfy.jobs.job import CANCELLED, COMPLETED, FAILED, Job, Link
from comfy.jobs.studio import Studio
from comfy.ui.details import create_details, details_value
from comfy.ui.job_view import Card, idle_card, run_card
from comfy.ui.language import both, label
from comfy.ui.outputs import create_output, output_value
from comfy.ui.parts import progress_card
from comfy.ui.pieces import create_pieces, parts_value
from comfy.ui.recipe import OWN, Recipe
from comfy.ui.results import input_file, result_file
from comfy.ui.verdict import create_verdict, has_raw, verdict_value

Updates = dict[Any, Any]
REPLACEMENTS = {  # input of the last task -> the button's text, what may be uploaded
    "image": ("page.replace_image", ["image"]),
    "audio": ("page.replace_audio", ["audio", "video"]),
}


class TabResults:
    """The progress card, the result of each task, the actions and the details."""

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        self._studio = studio
        self._recipe = recipe
        self.has_next = False
        self.replace: dict[str, Any] = {}  # field of an own part -> its button
        self._build()

    def _build(self) -> None:
        name, tasks = self._recipe.name, self._recipe.tasks
        self.card = progress_card(name, self._idle())
        with gr.Row(elem_classes="results"):
            self.outputs = {
                task.name: create_output(task, name, alone=len(tasks) == 1) for task in tasks
            }
        with gr.Row(elem_classes="actions"):
            self.approve = gr.Button(
                label("page.approve"), variant="primary", visible=False, elem_id=f"approve-{name}"
            )
            self.download = gr.DownloadButton(
                label("page.download"), visible=False, elem_id=f"download-{name}"
            )
            self.next = gr.Button(
                label(f"next.{tasks[-1].output}", "next.any"), visible=False, elem_id=f"next-{name}"
            )
            if len(tasks) > 1:
                self._build_replacements()
        self.verdict = create_verdict(name)
        self.pieces = create_pieces(f"pieces-{name}", None)
        self.details = create_details(name)

    def _build_replacements(self) -> None:
        for plain, (_, field) in OWN.items():
            text, kinds = REPLACEMENTS[plain]
            self.replace[field] = gr.UploadButton(
                label(text),
                file_types=kinds,
                visible=False,
                elem_id=f"replace-{self._recipe.name}-{plain}",
            )

    @property
    def components(self) -> list[Any]:
        """What `show` fills."""
        buttons = [self.approve, self.download, self.next, *self.replace.values()]
        return [
            self.card,
            *self.outputs.values(),
            *buttons,
            self.verdict,
            self.pieces,
            self.details,
        ]

    def _idle(self) -> Card:
        return idle_card(self._recipe.name, [task.output for task in self._recipe.tasks])

    def empty(self) -> Updates:
        """As on a first visit."""
        hidden = [*self.outputs.values(), self.approve, self.download, self.next]
        updates: Updates = {part: gr.update(visible=False) for part in hidden}
        updates |= {button: gr.update(visible=False) for button in self.replace.values()}
        return {
            **updates,
            self.card: self._idle(),
            self.verdict: [],
            self.pieces: None,
            self.details: None,
        }

    def view(self, jobs: Sequence[Job], *, follow: bool = False) -> Card:
        """The card, with a way to go on after a failure."""
        card = run_card(jobs, follow=follow) | {"drawing": self._idle()["drawing"]}
        if card["state"] == COMPLETED and jobs[-1].task != self._recipe.tasks[-1].name:
            card["title"] = both("status.look")  # it waits for a word before the last step
        if card["state"] in (FAILED, CANCELLED) and not card["running"]:
            card["tab"] = self._recipe.name
            card["retry"] = both("act.retry" if len(self._recipe.tasks) > 1 else "act.once_more")
        return card

    def file(self, jobs: Sequence[Job], language: str) -> Path | None:
        """The file of the tab's last task, if there is one."""
        if not jobs or jobs[-1].task != self._recipe.tasks[-1].name:
            return None
        return result_file(jobs[-1], language)

    def show(self, jobs: Sequence[Job], language: str, viewer: str) -> Updates:
        """What everything looks like for these jobs, to this person."""
        running = not all(job.finished for job in jobs)
        last = self.file(jobs, language)
        over = not running and all(job.status == COMPLETED for job in jobs)
        whole = jobs[-1].task == self._recipe.tasks[-1].name
        return {
            self.card: self.view(jobs, follow=running),
            self.download: gr.update(value=last and str(last), visible=last is not None),
            self.next: gr.update(visible=self.has_next and last is not None),
            self.approve: gr.update(visible=over and not whole),
            self.verdict: [] if running else verdict_value(jobs),
            self.pieces: None if running else parts_value(self._studio, jobs[-1]),
            self.details: details_value(self._studio, jobs, self._recipe.name, viewer),
            **{b: gr.update(visible=not running, value=None) for b in self.replace.values()},
            **self._output_values(jobs, language),
        }

    def show_raw(self, jobs: Sequence[Job], language: str, *, raw: bool) -> Updates:
        """The model's own picture instead of the mended one, or that one again."""
        job = next((job for job in reversed(jobs) if has_raw(job)), None)
        if job is None:
            return {self.verdict: gr.skip()}
        alone = len(self._recipe.tasks) == 1
        shown = output_value(self._studio, job, language, alone=alone, raw=raw)
        return {self.outputs[job.task]: shown, self.verdict: verdict_value(jobs, raw=raw)}

    def bring(self, given: Mapping[str, Any]) -> Updates:
        """Show the parts that were brought along instead of made."""
        return {
            self.outputs[task]: gr.update(value=str(given[field]), visible=True)
            for task, field in OWN.values()
            if given.get(field) is not None
        }

    def _output_values(self, jobs: Sequence[Job], language: str) -> Updates:
        by_task = {job.task: job for job in jobs}
        alone = len(self._recipe.tasks) == 1
        return {
            output: output_value(self._studio, by_task[task], language, alone=alone)
            if task in by_task
            else self._own_part(task, jobs[-1])
            for task, output in self.outputs.items()
        }

    def _own_part(self, task: str, last: Job) -> Any:
        """A step that was not run: its place shows what the person brought along.

        Before the last task there is no job yet that was given it; `bring` has shown it then.
        """
        if last.task != self._recipe.tasks[-1].name:
            return gr.skip()
        plain = next((plain for plain, (maker, _) in OWN.items() if maker == task), "")
        given = last.values.get(plain)
        path = (
            None if not given or isinstance(given, Link) else input_file(self._studio, last, plain)
        )
        return gr.update(value=path and str(path), visible=path is not None)

"""One tab: the form on the left, the results on the right, and the events between them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from comfy.errors import StudioError
from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.ui.access import known_jobs, person, who
from comfy.ui.bench import Bench
from comfy.ui.job_view import refused_card
from comfy.ui.language import label, language_of
from comfy.ui.painting import with_masks
from comfy.ui.parts import QUIET
from comfy.ui.recipe import REVIEW, Recipe
from comfy.ui.results import as_given
from comfy.ui.tab_form import TabForm
from comfy.ui.tab_results import TabResults
from comfy.ui.uploads import button_file, read_values
from comfy.ui.verdict import RAW
from comfy.ui.watch import watch_jobs
from comfy.workflow.inputs import MAX_SEED

log = logging.getLogger(__name__)

Updates = dict[Any, Any]
Submit = Callable[[Mapping[str, Any], Mapping[str, str]], tuple[Job, ...]]


class TaskTab:
    """The components of a tab and its event handlers.

    A run is known to the browser by its job ids. A press of the button makes the browser look
    whether anything is missing and show a card that asks to begin; `start` then stores the jobs
    and shows a card that asks to be followed; `watch` keeps only the card up to date; `collect`
    shows what is finished, and asks again while there is more to come. A reload is nothing
    special: the page's load event calls `show` with the ids that the browser remembers.
    """

    def __init__(self, studio: Studio, recipe: Recipe, owner: Any, ids: Any) -> None:
        """`owner` and `ids` are what the browser remembers: who it is, and this tab's jobs."""
        self.studio = studio
        self.recipe = recipe
        self.owner = owner
        self.ids = ids
        with gr.Tab(label(f"task.{recipe.name}"), id=recipe.name):
            with gr.Row(equal_height=False, elem_classes="columns"):
                with gr.Column(scale=5, min_width=320, elem_classes="give"):
                    self.form = TabForm(studio, recipe)
                with gr.Column(scale=7, min_width=320, elem_classes="get"):
                    self.results = TabResults(studio, recipe)
        self._wire()

    @property
    def fields(self) -> dict[str, Any]:
        return self.form.fields

    @property
    def shown(self) -> list[Any]:
        """The components that `show` fills."""
        bench = [self.form.bench.section, self.form.bench.list] if self.form.bench else []
        return [self.form.run, self.form.stop, *bench, *self.results.components]

    def _wire(self) -> None:
        card, fields = self.results.card, [*self.fields.values()]
        ready: dict[str, Any] = {
            "inputs": [card, *fields],
            "outputs": card,
            "js": self.form.prepare,
        }
        self.form.run.click(None, **ready)
        begins: dict[str, Any] = {
            "inputs": [self.ids, self.owner, *fields],
            "outputs": [self.ids, *self.shown],
            "preprocess": False,
            **QUIET,
        }
        begun = card.begin(self.start, **begins)
        self.form.stop.click(self.cancel, self.ids, self.form.stop, **QUIET)
        self.followed = card.follow(self.watch, self.ids, card, trigger_mode="multiple", **QUIET)
        collected = self.followed.then(self.collect, [self.ids, self.owner], self.shown, **QUIET)
        redone = self.results.pieces.redo(
            self.redo, [self.ids, self.owner], [self.ids, *self.shown], **QUIET
        )
        verdict = self.results.verdict
        mended = verdict.mend(self.mend, [self.ids, self.owner], [self.ids, *self.shown], **QUIET)
        verdict.raw(self.raw, self.ids, [*self.results.outputs.values(), verdict], **QUIET)
        self.changes = [
            begun,
            redone,
            mended,
            collected,
        ]  # after these there is something new in the history
        self.form.told.wire(self.owner, self.fields)
        collected.then(None, js=self.form.told.changed)  # it took its time: the next is told better
        self.changes.append(self.form.told.line.proof(self.proof, **begins))
        if self.form.voices:
            self.form.voices.wire(self.owner)
        if self.form.many:
            self.form.many.wire(self.owner, self.fields)
        if self.form.bench:
            self._wire_bench(self.form.bench)
        anew = [
            part.again(self.again, self.ids, fields, **QUIET)
            for part in (self.results.details, verdict)
        ]
        if self.form.examples is not None:
            anew.append(self.form.examples.pick(self.fill, None, fields, **QUIET))
        if REVIEW in self.fields:
            anew.append(
                self.results.approve.click(lambda: False, None, self.fields[REVIEW], **QUIET)
            )
        for name, button in self.results.replace.items():
            given = {"inputs": button, "outputs": self.fields[name], "preprocess": False}
            anew.append(button.upload(_own_part, **given, **QUIET))
        for event in anew:
            event.then(None, **ready)

    def _wire_bench(self, bench: Bench) -> None:
        words = [self.fields["text"], self.fields["emotion"]]
        bench.list.split(bench.split, words, bench.list, **QUIET)
        spoken = bench.list.make(
            self.speak,
            [self.owner, *self.fields.values()],
            [self.ids, *self.shown],
            preprocess=False,
            **QUIET,
        )
        self.changes.append(spoken)

    # ------------------------------------------------------------------ handlers

    def start(self, request: gr.Request, _ids: object, owner: str, *values: Any) -> Updates:
        """Store the jobs and show that they are under way, or say why not."""
        return self._begin(self.recipe.submit, request, owner, values)

    def proof(self, request: gr.Request, _ids: object, owner: str, *values: Any) -> Updates:
        """The same with five seconds of the speech."""
        return self._begin(self.form.told.submit, request, owner, values)

    def speak(self, event: gr.EventData, request: gr.Request, owner: str, *values: Any) -> Updates:
        """The same for the sentences of the bench."""
        assert self.form.bench
        submit = self.form.bench.submit
        return self._begin(
            lambda given, asker: submit(given, event.rows, asker), request, owner, values
        )

    def mend(self, ids: list[str], owner: str, event: gr.EventData, request: gr.Request) -> Updates:
        """Do what helps against a fault of the result that is shown."""
        jobs = self._jobs(ids, request)
        if not jobs:
            return {self.ids: gr.skip()}
        start = self.studio.remedies.start
        return self._instead(
            jobs, lambda asker: start(jobs[-1].id, str(event.id), **asker), owner, request
        )

    def raw(self, ids: list[str], event: gr.EventData, request: gr.Request) -> Updates:
        """Show the model's own picture, or the mended one again."""
        jobs = self._jobs(ids, request)
        return self.results.show_raw(jobs, language_of(request), raw=str(event.id) == RAW)

    def redo(self, ids: list[str], owner: str, event: gr.EventData, request: gr.Request) -> Updates:
        """Make one part of what is shown anew, or use another take of it."""
        jobs = self._jobs(ids, request)
        number, take = event.number, str(event.take)
        if not jobs or not isinstance(number, int):
            return {self.ids: gr.skip()}
        redo = self.studio.redo
        return self._instead(
            jobs, lambda asker: redo(jobs[-1].id, number, take=take, **asker), owner, request
        )

    def _instead(
        self,
        jobs: Sequence[Job],
        make: Callable[[dict[str, str]], Job | None],
        owner: str,
        request: gr.Request,
    ) -> Updates:
        """Show a job that takes the last one's place; nothing changes if there is none."""
        try:
            made = make(who(request, owner))
        except StudioError as error:
            return {self.results.card: refused_card(error, self.form.tick)}
        if made is None:
            return {self.ids: gr.skip()}
        jobs = [*jobs[:-1], made]
        return {self.ids: [job.id for job in jobs], **self._show(jobs, owner, request)}

    def _begin(
        self, submit: Submit, request: gr.Request, owner: str, values: Sequence[Any]
    ) -> Updates:
        card = self.results.card
        try:
            given = with_masks(self.recipe.inputs, read_values(self.recipe.inputs, values))
            files = {name: file for name, file in given.items() if isinstance(file, Path)}
            given |= {name: as_given(self.studio, file) for name, file in files.items()}
            jobs = submit(given, who(request, owner))
        except StudioError as error:
            return {card: refused_card(error, self.form.tick)}
        except Exception:  # the page's border: a person gets a number, the log the rest
            number = secrets.token_hex(4)
            log.exception("start of %s failed, number %s", self.recipe.name, number)
            return {card: refused_card(StudioError(job=number))}
        shown = self._show(jobs, owner, request) | self.results.bring(given)
        return {self.ids: [job.id for job in jobs], **shown}

    def watch(self, ids: list[str], event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        """Keep the card up to date until there is one more result than the page shows."""
        known = [job.id for job in self._jobs(ids, request)]
        for jobs in watch_jobs(self.studio, known, shown=int(event.shown)):
            yield self.results.view(jobs)

    def collect(self, ids: list[str], owner: str, request: gr.Request) -> Updates:
        """Show everything that is finished."""
        return self.show(ids, owner, request)

    def cancel(self, ids: list[str], request: gr.Request) -> Any:
        for job in reversed(self._jobs(ids, request)):
            self.studio.cancel(job.id)
        return gr.update(value=label("page.cancelling"), interactive=False)

    def fill(self, event: gr.EventData, request: gr.Request) -> list[Any]:
        """Put an example into the inputs; the rest goes back to its default."""
        return self.form.example(int(event.id), language_of(request))

    def again(self, ids: list[str], request: gr.Request) -> Updates:
        """The inputs of what is shown, with another seed: another take."""
        return self.another_take(self._jobs(ids, request))

    def another_take(self, jobs: Sequence[Job]) -> Updates:
        """The inputs of these jobs, with another seed."""
        seed = self.fields.get("seed")
        updates = self.form.restore(jobs)
        return updates | ({seed: secrets.randbelow(MAX_SEED)} if seed is not None else {})

    def restore(self, ids: Sequence[str], request: gr.Request) -> Updates:
        return self.form.restore(self._jobs(ids, request))

    def result(self, ids: Sequence[str], request: gr.Request) -> Path | None:
        """The file of the tab's last task, if there is one."""
        return self.results.file(self._jobs(ids, request), language_of(request))

    def show(self, ids: Sequence[str], owner: str, request: gr.Request) -> Updates:
        """What the tab looks like for these jobs; untouched if they are not known any more."""
        jobs = self._jobs(ids, request)
        return self._show(jobs, owner, request) if jobs else {}

    def _jobs(self, ids: object, request: gr.Request) -> list[Job]:
        """The jobs of this tab that the browser remembers; none if they are not one run of it.

        What a browser keeps may be of an older version, or of another tab.
        """
        jobs = known_jobs(self.studio, ids, request)
        tasks = {job.task for job in jobs}
        one_run = tasks <= {task.name for task in self.recipe.tasks} and len(tasks) == len(jobs)
        return jobs if one_run else []

    def empty(self) -> Updates:
        """Nothing was run here, or it was deleted."""
        return {
            **self.results.empty(),
            self.form.run: gr.update(interactive=True),
            self.form.stop: gr.update(visible=False),
        }

    def _show(self, jobs: Sequence[Job], owner: str, request: gr.Request) -> Updates:
        running = not all(job.finished for job in jobs)
        bench = self.form.bench.shown(jobs) if self.form.bench else {}
        return {
            **bench,
            self.form.run: gr.update(interactive=not running),
            self.form.stop: gr.update(
                value=label("page.cancel"), visible=running, interactive=True
            ),
            **self.results.show(jobs, language_of(request), person(request, owner)),
        }


def _own_part(value: Any) -> Any:
    """The file of an upload button, for the field that stands for a step."""
    try:
        path = button_file(value)
    except StudioError:
        return gr.skip()
    return str(path)

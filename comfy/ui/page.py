"""The page: header, one tab per task and one for the chain, recent results."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from typing import Any

import gradio as gr

from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.text import LANGUAGES, say
from comfy.ui.access import is_owner, known_jobs, new_owner, person
from comfy.ui.api import create_api
from comfy.ui.guest_links import GuestLinks, allows
from comfy.ui.header import create_header, header_value
from comfy.ui.history import create_history, history_value, home
from comfy.ui.parts import QUIET, drawn
from comfy.ui.recipe import recipes
from comfy.ui.results import results_folder
from comfy.ui.task_tab import TaskTab, Updates

BADGE_SECONDS = 15
FILLED = "(...values) => values.map((value) => (value?.strokes ? true : value))"  # it may be much


def create_page(studio: Studio) -> gr.Blocks:
    """The whole page over this studio, ready to launch."""
    title = say("app.title", "en")
    # Gradio's own clean-up; ours (results.sweep) covers what it does not know of
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        create_api(studio)  # first: the names are theirs
        if studio.settings.oauth:  # brings Gradio's routes to Hugging Face and back
            gr.LoginButton(visible=False)
        Page(studio, page)
    return page


def remembered(name: str, value: Any) -> Any:
    """Something the browser keeps. With Gradio's random key and secret it would be lost at every
    restart, and differ between replicas; neither protects anything."""
    return gr.BrowserState(value, storage_key=f"comfy-{name}", secret="comfy")


class Page:
    """The tabs together, and the events that concern more than one of them."""

    def __init__(self, studio: Studio, blocks: gr.Blocks) -> None:
        self.studio = studio
        self.owner = remembered("owner", "")
        self.header = create_header(studio)
        tabs = recipes(studio)
        # Not inside the tabs: Gradio reads a state only when its tab is opened.
        states = [remembered(recipe.name, []) for recipe in tabs]
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as self.tabs:
            self.views = [
                TaskTab(studio, recipe, self.owner, ids)
                for recipe, ids in zip(tabs, states, strict=True)
            ]
        self.history = create_history()
        self.closed = drawn("closed", [])
        self.guests = GuestLinks(studio)
        self._wire(blocks)

    def _wire(self, blocks: gr.Blocks) -> None:
        states = [view.ids for view in self.views]
        shown = [component for view in self.views for component in view.shown]
        filled = [field for view in self.views for field in view.fields.values()]
        everything = [self.tabs, *states, *filled, *shown]
        blocks.load(
            self.load,
            [self.owner, *states],
            [self.owner, *everything, *self._kept, self.closed, *self.guests.outputs],
            **QUIET,
        ).then(self.refresh, self.owner, self.history, **QUIET)
        self._wire_look(blocks)
        for view in self.views:
            if voices := view.form.voices:  # they may have been saved in another tab
                self.tabs.change(voices.restore, self.owner, voices.list, **QUIET)
            for change in view.changes:
                change.success(self.refresh, self.owner, self.history, **QUIET)
            self._wire_next(view)
        # An earlier job is opened from the history, or from the details of what was made of it;
        # what is watched there goes on, only unwatched.
        lists = [self.history, *(view.results.details for view in self.views)]
        unwatched = {"cancels": [view.followed for view in self.views]}
        for part in lists:
            opened = part.open(self.open, self.owner, everything, **unwatched, **QUIET)
            opened.then(None, js="() => studio.showResult()")
            part.erase(self.erase, [self.owner, *states], [self.history, *states, *shown], **QUIET)
        self.history.again(self.again, self.owner, everything, **unwatched, **QUIET).then(
            None, js="() => studio.pressPending()"
        )
        self._wire_language()

    @property
    def _kept(self) -> list[Any]:
        """What `_restored` fills."""
        forms = [view.form for view in self.views]
        lists = [form.voices.list for form in forms if form.voices]
        return [*lists, *(part for form in forms if form.many for part in form.many.shown)]

    def _wire_look(self, blocks: gr.Blocks) -> None:
        extras = [field for view in self.views for field in view.form.extras.values()]
        shown: dict[str, Any] = {"inputs": extras, "outputs": [self.header, *extras], "js": FILLED}
        blocks.load(self.look, **shown, preprocess=False, **QUIET)
        timer = gr.Timer(BADGE_SECONDS)
        timer.tick(self.look, **shown, preprocess=False, queue=False, **QUIET)

    def _wire_language(self) -> None:
        texts = [field for view in self.views for field in view.form.translated]
        self.header.speak(self.speak, texts, texts, **QUIET)

    def _wire_next(self, view: TaskTab) -> None:
        target = self._next(view)
        if target is None:
            return
        other, field = target
        show = f"() => studio.showField({json.dumps(field.elem_id)})"
        view.results.has_next = True

        def use(ids: list[str], request: gr.Request) -> list[Any]:
            path = view.result(ids, request)
            return [gr.Tabs(selected=other.recipe.name), str(path) if path else None]

        used = view.results.next.click(use, view.ids, [self.tabs, field], **QUIET)
        used.then(None, js=show)

    def _next(self, view: TaskTab) -> tuple[TaskTab, Any] | None:
        """The last task that takes what this one makes, and its input for it."""
        if len(view.recipe.tasks) > 1:
            return None
        for other in reversed(self.views):
            if other is view or len(other.recipe.tasks) > 1:
                continue
            for item in other.recipe.inputs:
                if item.kind == view.recipe.tasks[0].output:
                    return other, other.fields[item.name]
        return None

    # ------------------------------------------------------------------ handlers

    def look(self, *filled: object) -> list[Any]:
        """How the servers are, and the fields that they can use."""
        holds = iter(filled)
        offered = [update for view in self.views for update in view.form.offered(holds)]
        return [header_value(self.studio), *offered]

    def load(self, request: gr.Request, owner: str, *ids: Sequence[str]) -> Updates:
        """Everything a fresh page needs, in one event: who I am, and the runs I left here.

        `?job=<id>` shows that job, on any device: its id is the key to it.
        """
        updates: Updates = {self.owner: owner if is_owner(owner) else new_owner()}
        for view, known in zip(self.views, ids, strict=True):
            given = view.restore(known, request) or view.form.choices([])
            updates |= given | view.show(known, owner, request)
        updates |= self._restored(owner, request)
        return updates | self._for_guests(request) | self._linked(request, owner)

    def _restored(self, owner: str, request: gr.Request) -> Updates:
        """The batch that was left here, and the voices that were saved."""
        updates: Updates = {}
        for form in (view.form for view in self.views):
            if form.voices:
                updates[form.voices.list] = form.voices.restore(owner, request)
            if form.many:
                updates |= zip(form.many.shown, form.many.restore(owner, request), strict=True)
        return updates

    def _for_guests(self, request: gr.Request) -> Updates:
        """Only the tabs that a guest link includes; an operator's control over such links."""
        updates: Updates = self.guests.shown(request)
        may = allows(self.studio)
        recipes = [view.recipe for view in self.views]
        closed = [r.name for r in recipes if not may(request, [task.name for task in r.tasks])]
        if closed:
            first = next((r.name for r in recipes if r.name not in closed), "")
            updates |= {self.closed: closed, self.tabs: gr.Tabs(selected=first)}
        return updates

    def _linked(self, request: gr.Request, owner: str) -> Updates:
        linked = request.query_params.get("job", "")
        return self._opened(linked, request, owner) if linked else {}

    def refresh(self, owner: str, request: gr.Request) -> Any:
        return history_value(self.studio, person(request, owner))

    def open(self, event: gr.EventData, request: gr.Request, owner: str) -> Updates:
        """Show an earlier job in its tab."""
        return self._opened(str(event.id), request, owner) or {self.tabs: gr.skip()}

    def again(self, event: gr.EventData, request: gr.Request, owner: str) -> Updates:
        """Show an earlier job and put another seed into its form; the page then presses start."""
        opened = self._opened(str(event.id), request, owner)
        found = self._home(str(event.id), request)
        if not opened or found is None:
            return {self.tabs: gr.skip()}
        view, jobs = found
        return opened | view.another_take(jobs)

    def erase(
        self, event: gr.EventData, request: gr.Request, owner: str, *ids: Sequence[str]
    ) -> Updates:
        """Delete a job for good; a tab that showed it is as on a first visit."""
        erased, who = str(event.id), person(request, owner)
        updates: Updates = {}
        if self.studio.delete(erased, who):
            shutil.rmtree(results_folder() / erased, ignore_errors=True)
            for view, known in zip(self.views, ids, strict=True):
                if erased in (known or ()):
                    updates |= {view.ids: [], **view.empty()}
        return updates | {self.history: history_value(self.studio, who)}

    def speak(self, event: gr.EventData, *values: Any) -> list[Any]:
        """Texts that were filled in from the start and not changed follow the language."""
        language = str(event.language)
        if language not in LANGUAGES:
            return [gr.skip() for _ in values]
        rest, updates = list(values), []
        for view in self.views:
            count = len(view.form.translated)
            updates += view.form.respeak(language, rest[:count])
            rest = rest[count:]
        return updates

    def _home(self, job_id: str, request: gr.Request) -> tuple[TaskTab, list[Job]] | None:
        """The tab that shows this job, and the jobs that are shown with it."""
        found = known_jobs(self.studio, [job_id], request)
        if not found:
            return None
        name = home(self.studio, found[0])
        view = next((view for view in self.views if view.recipe.name == name), None)
        if view is None:
            return None
        jobs = found if len(view.recipe.tasks) == 1 else list(self.studio.chain(job_id))
        return view, jobs

    def _opened(self, job_id: str, request: gr.Request, owner: str) -> Updates:
        place = self._home(job_id, request)
        if place is None:
            return {}
        view, jobs = place
        ids = [job.id for job in jobs]
        shown = view.form.restore(jobs) | view.show(ids, owner, request)
        return {self.tabs: gr.Tabs(selected=view.recipe.name), view.ids: ids, **shown}

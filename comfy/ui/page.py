"""The page: header, one tab per task and one for the chain, recent results."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import gradio as gr

from comfy.jobs.studio import Studio
from comfy.text import say
from comfy.ui.api import create_api
from comfy.ui.header import create_header, header_value
from comfy.ui.history import create_history, history_value
from comfy.ui.language import language_of
from comfy.ui.recipe import recipes
from comfy.ui.task_tab import QUIET, TaskTab, Updates

BADGE_SECONDS = 15


def create_page(studio: Studio) -> gr.Blocks:
    """The whole page over this studio, ready to launch."""
    title = say("app.title", "en")
    # Gradio's own clean-up; ours (results.sweep) covers what it does not know of
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        create_api(studio)  # first: the names are theirs
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
        self._wire(blocks)

    def _wire(self, blocks: gr.Blocks) -> None:
        states = [view.ids for view in self.views]
        shown = [component for view in self.views for component in view.shown]
        filled = [field for view in self.views for field in view.fields.values()]
        blocks.load(
            self.load,
            [self.owner, *states],
            [self.owner, self.header, *filled, *shown],
            **QUIET,
        ).then(self.refresh, self.owner, self.history, **QUIET)
        for view in self.views:
            for change in view.changes:
                change.success(self.refresh, self.owner, self.history, **QUIET)
            self._wire_next(view)
        self.history.pick(
            self.open,
            None,
            [self.tabs, *states, *filled, *shown],
            cancels=[view.followed for view in self.views],  # the job goes on, only unwatched
            **QUIET,
        )
        timer = gr.Timer(BADGE_SECONDS)
        timer.tick(lambda: header_value(self.studio), None, self.header, queue=False, **QUIET)

    def _wire_next(self, view: TaskTab) -> None:
        target = self._next(view)
        if target is None:
            return
        other, field = target
        view.has_next = True

        def use(ids: list[str], request: gr.Request) -> list[Any]:
            path = view.result(ids, language_of(request))
            return [gr.Tabs(selected=other.recipe.name), str(path) if path else None]

        view.next.click(use, view.ids, [self.tabs, field], **QUIET)

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

    def load(self, request: gr.Request, owner: str, *ids: Sequence[str]) -> Updates:
        """Everything a fresh page needs, in one event: who I am, and the runs I left here."""
        language = language_of(request)
        owner = owner or secrets.token_urlsafe(16)
        updates: Updates = {
            self.owner: owner,
            self.header: header_value(self.studio),
        }
        for view, known in zip(self.views, ids, strict=True):
            given = view.restore(known) or view.texts(language)
            updates |= given | view.show(known, language)
        return updates

    def refresh(self, owner: str, request: gr.Request) -> Any:
        return history_value(self.studio, request.username or owner)

    def open(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Show an earlier job in its tab."""
        job = self.studio.job(str(event.id))
        view = next((v for v in self.views if job and v.recipe.name == job.task), None)
        if job is None or view is None:
            return {self.tabs: gr.skip()}
        shown = view.restore([job.id]) | view.show([job.id], language_of(request))
        return {self.tabs: gr.Tabs(selected=job.task), view.ids: [job.id], **shown}

"""The operator's control over guest links: make one, see what was used, withdraw one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from comfy.jobs.guests import GuestLink
from comfy.jobs.studio import Studio
from comfy.text import say
from comfy.ui.access import is_operator, visitor
from comfy.ui.language import label, language_of
from comfy.ui.parts import QUIET
from comfy.ui.passes import Passes, read_secret

LONGEST_NAME = 60


class GuestLinks:
    """A closed section at the foot of the page; nobody but an operator sees or uses it."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        tasks = [(label(f"task.{name}"), name) for name in studio.tasks]
        with gr.Accordion(
            label("guests.title"), open=False, visible=False, elem_id="guests"
        ) as self.section:
            with gr.Row():
                name = gr.Textbox(label=label("guests.name"), max_length=LONGEST_NAME)
                days = gr.Number(7, label=label("guests.days"), minimum=0, maximum=3650)
                jobs = gr.Number(20, label=label("guests.jobs"), minimum=0, precision=0)
                seconds = gr.Number(300, label=label("guests.seconds"), minimum=0, precision=0)
            allowed = gr.CheckboxGroup(tasks, label=label("guests.tasks"), elem_id="guests-tasks")
            make = gr.Button(label("guests.make"), elem_id="guests-make", variant="primary")
            made = gr.Textbox(
                label=label("guests.link"),
                interactive=False,
                buttons=["copy"],
                elem_id="guests-link",
            )
            self.known = gr.Dropdown([], label=label("guests.known"), elem_id="guests-known")
            end = gr.Button(label("guests.revoke"), elem_id="guests-revoke", variant="stop")
        self.outputs = [self.section, self.known]  # of the page's load event
        fields = [name, days, jobs, seconds, allowed]
        make.click(self.create, fields, [made, self.known], **QUIET)
        end.click(self.revoke, self.known, self.known, **QUIET)

    def shown(self, request: gr.Request) -> dict[Any, Any]:
        """For the page's load event."""
        if not (is_operator(request) and self._studio.settings.guests):
            return {}
        return {self.section: gr.update(visible=True), self.known: self._list(request)}

    def create(
        self,
        name: str,
        days: float,
        jobs: float,
        seconds: float,
        tasks: Sequence[str],
        request: gr.Request,
    ) -> tuple[str, Any]:
        _only_for_operators(request)
        link = self._studio.guests.create(
            str(name or "")[:LONGEST_NAME],
            days=min(max(0.0, float(days or 0)), 3650.0),
            tasks=[task for task in tasks or () if task in self._studio.tasks],
            jobs_a_day=max(0, int(jobs or 0)),
            video_seconds=max(0, int(seconds or 0)),
        )
        settings = self._studio.settings
        token = Passes(settings, read_secret(settings)).link_token(link.id)
        root = "" if "://" in settings.root_path else settings.root_path.rstrip("/")
        return f"{request.headers.get('origin', '')}{root}/guest/{token}", self._list(request)

    def revoke(self, link_id: str, request: gr.Request) -> Any:
        _only_for_operators(request)
        self._studio.guests.revoke(str(link_id or ""))
        return self._list(request)

    def _list(self, request: gr.Request) -> Any:
        language = language_of(request)
        good = [link for link in self._studio.guests.all() if link.is_good]
        return gr.update(
            choices=[(self._line(link, language), link.id) for link in good], value=None
        )

    def _line(self, link: GuestLink, language: str) -> str:
        jobs, seconds = self._studio.guests.used(link.id)
        ends = time.strftime("%Y-%m-%d", time.localtime(link.expires)) if link.expires else "∞"
        return say(
            "guests.line",
            language,
            name=link.name or link.id,
            ends=ends,
            jobs=f"{jobs}/{link.jobs_a_day or '∞'}",
            seconds=f"{seconds:.0f}/{link.video_seconds or '∞'}",
        )


def allows(studio: Studio) -> Callable[[gr.Request, Sequence[str]], bool]:
    """Whether somebody may start these tasks: a guest link may be for some of them only."""

    def check(request: gr.Request, tasks: Sequence[str]) -> bool:
        link_id = visitor(request).guest_link
        link = studio.guests.find(link_id) if link_id else None
        return link is None or not link.tasks or set(tasks) <= set(link.tasks)

    return check


def _only_for_operators(request: gr.Request) -> None:
    if not is_operator(request):
        told = say("guests.not_you", language_of(request))
        raise gr.Error(told, print_exception=False)

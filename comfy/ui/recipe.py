"""What a tab is about: one task, or the chain of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comfy.jobs.job import Job, Link
from comfy.jobs.pipeline import INPUTS as CHAIN_INPUTS
from comfy.jobs.pipeline import split
from comfy.jobs.studio import Studio
from comfy.ui.variant_choice import take_wishes, wish_of, wished_task
from comfy.workflow.inputs import Input
from comfy.workflow.task import Task

PIPELINE = "pipeline"
PIPELINE_INPUTS = ("image", "reference_audio", "text")
PIPELINE_OPTIONS = ("instruction", "emotion", "emotion_strength", "face", "prompt", "size", "seed")
LAST = "talking_head"

# A part that a person brings along is not made: input of the last task -> its maker, its field.
OWN = {"image": ("image_cleanup", "own_image"), "audio": ("voice_clone", "own_audio")}
OWN_FIELDS = tuple(field for _, field in OWN.values())
REVIEW = "review"  # stop before the last task, to look at what the others made
CONSENT = "consent"
TICK = Input(CONSENT, "boolean", required=False, default=False)
INSTEAD = {"image": "own_image", "reference_audio": "own_audio", "text": "own_audio"}


@dataclass(frozen=True)
class Recipe:
    """`tasks` run in this order, one job each; `submit(values, who)` stores those jobs: see
    `access.who`; of a proof with `uncut`. Without the tick at `consent` only files are used that
    need none.

    An input of `instead` may stay empty if the other one is given.
    """

    name: str
    inputs: tuple[Input, ...]
    tasks: tuple[Task, ...]
    submit: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Job, ...]]
    instead: Mapping[str, str]

    def wish(self, jobs: Sequence[Job], name: str) -> str:
        """What these jobs wished for at this input of the kind "variant"."""
        return next((job.wish for job in jobs if job.task == wished_task(name)), "")

    def origin(self, jobs: Sequence[Job], name: str) -> tuple[Job, str] | None:
        """The job that was given this input, and what the job calls it."""
        by_task = {job.task: job for job in jobs}
        for task in self.tasks:
            job = by_task.get(task.name)
            handed = self.name != PIPELINE or name in CHAIN_INPUTS[task.name]
            if job and handed and name in job.values:
                return job, name
        own = next((plain for plain, (_, field) in OWN.items() if field == name), "")
        last = by_task.get(LAST)
        given = last.values.get(own) if last and own else None
        return (last, own) if last and given and not isinstance(given, Link) else None


def task_recipe(studio: Studio, task: Task) -> Recipe:
    """A tab for one task."""

    def submit(values: Mapping[str, Any], who: Mapping[str, Any]) -> tuple[Job, ...]:
        given = dict(values)
        consent = bool(given.pop(CONSENT, False))
        wish = take_wishes(given, [task.name]).get(task.name)
        return (studio.submit(task.name, given, **who, consent=consent, wish=wish),)

    asks = any(item.consent for item in task.inputs)
    inputs = (*task.inputs, *((TICK,) if asks else ()), wish_of(task.name))
    instead = {item.instead_of: item.name for item in task.inputs if item.instead_of}
    return Recipe(task.name, inputs, (task,), submit, instead)


def pipeline_recipe(studio: Studio) -> Recipe:
    """The tab of the chain: what its first steps need, everything else under "more settings"."""
    inputs = {item.name: item for task in studio.tasks.values() for item in reversed(task.inputs)}
    needed = [inputs[name] for name in PIPELINE_INPUTS]
    options = [replace(inputs[name], advanced=True) for name in PIPELINE_OPTIONS if name in inputs]
    own = [
        replace(studio.tasks[LAST].input(plain), name=field, required=False)
        for plain, (_, field) in OWN.items()
    ]
    review = Input(REVIEW, "boolean", required=False, default=False)

    def submit(values: Mapping[str, Any], who: Mapping[str, Any]) -> tuple[Job, ...]:
        return submit_chain(studio, values, who)

    tasks = tuple(studio.tasks[name] for name in CHAIN_INPUTS)
    wishes = map(wish_of, CHAIN_INPUTS)
    inputs_of_all = (*needed, TICK, *options, *wishes, *own, review)
    return Recipe(PIPELINE, inputs_of_all, tasks, submit, INSTEAD)


def submit_chain(
    studio: Studio, values: Mapping[str, Any], who: Mapping[str, Any]
) -> tuple[Job, ...]:
    """The jobs of the chain, without those whose result was brought along.

    What was done before is not done again: only what depends on a change runs anew.
    """
    given = dict(values)
    consent = bool(given.pop(CONSENT, False))
    wishes = take_wishes(given, list(CHAIN_INPUTS))
    own = {plain: given.pop(field, None) for plain, (_, field) in OWN.items()}
    review = bool(given.pop(REVIEW, False)) and not all(own.values())
    if not review and not any(own.values()):
        return studio.submit_pipeline(given, **who, consent=consent, wishes=wishes)
    parts = split(given)
    parts[LAST] |= {plain: part for plain, part in own.items() if part is not None}
    steps = [task for plain, (task, _) in OWN.items() if own[plain] is None]
    for task in steps if review else (*steps, LAST):  # nothing is begun if one is refused
        chained = task != LAST and not review
        studio.check(task, parts[task], who["owner"], consent, wishes.get(task), chained=chained)
    jobs = []
    for plain, (task, _) in OWN.items():
        if own[plain] is None:
            made = studio.submit(task, parts[task], **who, consent=consent, wish=wishes.get(task))
            jobs.append(made)
            own[plain] = Link(jobs[-1].id)
    if not review:
        last = {**parts[LAST], **own}
        jobs.append(studio.submit(LAST, last, **who, consent=consent, wish=wishes.get(LAST)))
    return tuple(jobs)


def recipes(studio: Studio) -> list[Recipe]:
    """All tabs, in order. A task whose manifest is broken has no tab."""
    usable = [task for task in studio.tasks.values() if task.output]
    found = [task_recipe(studio, task) for task in usable]
    if set(CHAIN_INPUTS) <= {task.name for task in usable}:
        found.append(pipeline_recipe(studio))
    return found

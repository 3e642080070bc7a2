"""The line under the button: how long it will take, told while the person still edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from comfy.errors import StudioError
from comfy.jobs.job import Job
from comfy.jobs.studio import Studio
from comfy.jobs.told import Step, Told
from comfy.text import LANGUAGES, say
from comfy.ui.access import person
from comfy.ui.language import both
from comfy.ui.parts import QUIET, drawn
from comfy.ui.recipe import LAST, OWN, PIPELINE, REVIEW, Recipe
from comfy.ui.uploads import read_values
from comfy.ui.variant_choice import take_wishes

# Its events: `ask` a moment after the form changed, `proof` on a press of the button.
SCRIPT = """
const events = ['ask', 'proof'];
studio.whenChanged('NAME', () => trigger('ask', {}));
element.addEventListener('click', (event) => {
  const busy = element.closest('.columns')?.querySelector('.card.running');
  if (event.target.closest('[data-proof]') && !busy) trigger('proof', {});
});
"""
MINUTE, HOUR = 60, 3600


class ToldLine:
    """Asks for an estimate when the form has changed; nothing is asked while somebody types."""

    def __init__(self, studio: Studio, recipe: Recipe) -> None:
        self._studio, self._recipe = studio, recipe
        self.changed = f"() => studio.changed('{recipe.name}')"
        script = SCRIPT.replace("NAME", recipe.name)
        self.line = drawn("told", None, script=script, elem_id=f"told-{recipe.name}")

    def wire(self, owner: Any, fields: Mapping[str, Any]) -> None:
        gr.on([field.change for field in fields.values()], None, js=self.changed)
        given = [owner, *fields.values()]
        self.line.ask(
            self.tell, given, self.line, preprocess=False, trigger_mode="always_last", **QUIET
        )

    def tell(self, request: gr.Request, owner: str, *values: Any) -> Any:
        """What is drawn; nothing while too little was given, or no server can do it."""
        try:
            given = read_values(self._recipe.inputs, values)
            steps = self._steps(given)
            told = self._studio.estimates.of(steps, person(request, owner)) if steps else None
        except StudioError:  # pressing the button says what is wrong
            return None
        return told and self._shown(told)

    def submit(self, given: Mapping[str, Any], asker: Mapping[str, str]) -> tuple[Job, ...]:
        """Ask for a proof of what is in the form. Raises InputError."""
        proofs = self._studio.estimates.proofs
        short, uncut = proofs.shorten(self._recipe.inputs, given, asker["owner"])
        return self._recipe.submit(short, {**asker, "uncut": uncut})

    def _steps(self, given: dict[str, Any]) -> list[Step]:
        wishes = take_wishes(given, [task.name for task in self._recipe.tasks])
        if self._recipe.name == PIPELINE:
            return self._chain(given, wishes)
        task = self._recipe.tasks[0]
        step = self._step(task.name, given, wishes)
        needs = {item.name: given.get(item.name) for item in task.inputs if item.required}
        if task.output == "audio":
            return [step] if needs.get("text") else []
        instead = self._recipe.instead
        there = all(v or given.get(instead.get(n, "")) for n, v in needs.items() if _is_file(n))
        return [step] if there else []

    def _chain(self, given: Mapping[str, Any], wishes: Mapping[str, Any]) -> list[Step]:
        """The steps that are not brought along; the last one after the others."""
        steps: list[Step] = []
        own = {plain: given.get(field) for plain, (_, field) in OWN.items()}
        picture, text = own["image"] or given.get("image"), given.get("text")
        if not picture or not (own["audio"] or text):
            return []
        if not own["image"]:
            steps.append(self._step("image_cleanup", {"image": picture}, wishes))
        if not own["audio"]:
            steps.append(self._step("voice_clone", {"text": text}, wishes))
        if given.get(REVIEW) and steps:
            return steps
        values = {"image": picture, "audio": own["audio"], "size": given.get("size")}
        last = self._step(LAST, values, wishes)
        spoken = next((step.facts.sound for step in steps if step.facts.sound), 0.0)
        facts = replace(last.facts, sound=last.facts.sound or spoken)
        return [*steps, replace(last, facts=facts, after=tuple(range(len(steps))))]

    def _step(self, task: str, given: Mapping[str, Any], wishes: Mapping[str, Any]) -> Step:
        values = {name: value for name, value in given.items() if value not in (None, "")}
        facts = self._studio.estimates.facts(task, values)
        inputs = self._studio.tasks[task].inputs
        replaced = {item.instead_of for item in inputs if item.name in values}
        to_come = [item.name for item in inputs if item.required and item.name not in replaced]
        values = {**dict.fromkeys(to_come), **values}  # what is given decides the variant
        return Step(task, str(wishes.get(task) or ""), facts, values)

    def _shown(self, told: Told) -> dict[str, Any]:
        warns = told.risk or told.seconds > MINUTE * self._studio.settings.warn_minutes
        lines = {language: sentence(told, language) for language in LANGUAGES}
        shown: dict[str, Any] = {"text": lines, "warns": warns}
        if warns:
            shown["why"] = both("told.risk" if told.risk else "told.long")
            if any(item.parts for task in self._recipe.tasks for item in task.inputs):
                shown["proof"] = both("told.proof")
        return shown


def sentence(told: Told, language: str) -> str:
    """In words: "about 40-60 s, 2 ahead of you"."""
    words = [say("told.about", language, range=_range(told.low, told.high, language))]
    if told.parts > 1:
        words.append(say("told.parts", language, count=told.parts))
    if told.ahead:
        words.append(say("told.ahead", language, count=told.ahead))
    if told.waiting >= 1:
        words.append(say("told.waits", language, range=_range(told.waiting, 0, language)))
    if not told.measured:
        words.append(say("told.guess", language))
    return say("told.comma", language).join(words)


def _range(low: float, high: float, language: str) -> str:
    """Two times in the unit of the larger one, as round as they are unsure; one if they agree."""
    most = max(low, high)
    unit, size = ("hours", HOUR) if most >= 2 * HOUR else ("minutes", MINUTE)
    unit, size = ("seconds", 1) if most < 2 * MINUTE else (unit, size)
    few, many = _round(low / size), _round(most / size)
    span = f"{few:g}" if few == many else f"{few:g}–{many:g}"
    return say(f"told.{unit}", language, span=span)


def _round(number: float) -> float:
    step = 5 if number >= 20 else 1
    return max(1, step * round(number / step))


def _is_file(name: str) -> bool:
    return name in ("image", "audio")

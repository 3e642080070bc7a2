"""The parts of the page that are ours and not Gradio's: HTML drawn by assets/page.js."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

# Nothing of Gradio's own progress, no limit per handler, not part of the public API.
# Hidden is not enough: with each message of any event the browser would copy the state of every
# component that was ever the output of one, to tell it so.
QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "show_progress_on": [],
    "concurrency_limit": None,
    "api_visibility": "private",
}

# `studio` is defined in assets/page.js, which is in the page's head. Values arrive as plain data
# and every text is escaped there; nothing that people typed is ever HTML here.
ASK = """
const ask = () => {
  if (props.value && props.value.follow) trigger('follow', {shown: props.value.shown});
  if (props.value && props.value.begin) trigger('begin', {});
};
watch('value', ask);
ask();
"""

# A click on something with data-act="<event>" triggers that event with the `id` it carries, and the
# `start` that a slider beside it stands at. What cannot be undone is asked for twice.
CLICKS = """
const events = EVENTS;
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  const busy = element.closest('.columns')?.querySelector('.card.running');
  if (!button || busy || !events.includes(button.dataset.act) || !studio.certain(button)) return;
  const start = button.parentElement.querySelector('[data-start]');
  trigger(button.dataset.act, {id: button.dataset.id, start: start ? Number(start.value) : null});
});
"""

PAINT = "studio.paintOver(element, props, watch, trigger, SOURCE)"

SPEAK = """
addEventListener('studio-language', (event) => trigger('speak', {language: event.detail}));
"""


def drawn(part: str, value: Any, *, script: str = "", **options: Any) -> Any:
    """An HTML component whose value is drawn by `studio.<part>(value)`."""
    return gr.HTML(
        value=value,
        html_template=f"${{window.studio ? studio.{part}(value) : ''}}",
        js_on_load=script or None,
        apply_default_css=False,
        **options,
    )


def progress_card(name: str, value: Any) -> Any:
    """The card that tells how a run goes.

    Its `begin` event asks to start what is in the form, its `follow` event to be kept up to date.
    """
    return drawn("card", value, script=ASK, elem_id=f"card-{name}")


def clickable(part: str, value: Any, events: Sequence[str], **options: Any) -> Any:
    """Something with parts to click on: their `events` carry the `id` of what was clicked."""
    script = CLICKS.replace("EVENTS", repr(list(events)))  # Gradio looks for the names in quotes
    return drawn(part, value, script=script, **options)


def painter(words: Mapping[str, Any], source: str, **options: Any) -> Any:
    """A canvas over the picture in the field `source`; its value is what was painted, or nothing.

    Its template does not depend on the value: a canvas that is drawn anew would be empty.
    """
    return gr.HTML(
        html_template=f"${{window.studio ? studio.paint({json.dumps(words)}) : ''}}",
        js_on_load=PAINT.replace("SOURCE", repr(source)),
        apply_default_css=False,
        **options,
    )


def speaking(part: str, value: Any, **options: Any) -> Any:
    """A part whose `speak` event carries the `language` that somebody switched to."""
    return drawn(part, value, script=SPEAK, **options)

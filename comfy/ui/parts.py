"""The parts of the page that are ours and not Gradio's: HTML drawn by assets/page.js."""

from __future__ import annotations

from typing import Any

import gradio as gr

# `studio` is defined in assets/page.js, which is in the page's head. Values arrive as plain data
# and every text is escaped there; nothing that people typed is ever HTML here.
ASK_TO_FOLLOW = """
const ask = () => {
  if (props.value && props.value.follow) trigger('follow', {shown: props.value.shown});
};
watch('value', ask);
ask();
"""

CLICKS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-pick]');
  const busy = element.closest('.columns')?.querySelector('.card.running');
  if (button && !busy) trigger('pick', {id: button.dataset.pick});
});
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
    """The card that tells how a run goes. Its `follow` event asks to be kept up to date."""
    return drawn("card", value, script=ASK_TO_FOLLOW, elem_id=f"card-{name}")


def pick_list(part: str, value: Any, **options: Any) -> Any:
    """A list of things to click. Its `pick` event carries the `id` of the one that was."""
    return drawn(part, value, script=CLICKS, **options)

"""A page at rest is at rest, and what happens on it is told to few: a phone's battery pays."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Browser

from tests.app_process import AppProcess
from tests.browser.conftest import DESKTOP

pytestmark = pytest.mark.browser

FRAMES = """window.frames_asked = 0;
const frame = window.requestAnimationFrame;
window.requestAnimationFrame = (draw) => { window.frames_asked++; return frame(draw); };
"""
IN_A_SECOND = """() => new Promise((done) => {
  const before = frames_asked;
  setTimeout(() => done(frames_asked - before), 1000);
})"""


def test_a_page_at_rest_asks_for_no_frames(browser: Browser, app: AppProcess) -> None:
    page = browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page.add_init_script(FRAMES)
    page.goto(app.url)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("frames_asked") > 0  # or they are not counted
    asked = (page.evaluate(IN_A_SECOND) for _ in range(20))  # what opens the page moves at first
    assert any(frames < 5 for frames in asked)  # Gradio's own page goes on asking for sixty
    page.close()


def test_the_state_of_an_event_is_told_to_no_component(app: AppProcess) -> None:
    """The browser would copy the whole state of each, once per message."""
    config = requests.get(f"{app.url}config", timeout=30).json()
    loud = [
        event["targets"]
        for event in config["dependencies"]
        if event["backend_fn"] and event["targets"] and event["show_progress_on"] != []
    ]
    assert len(config["dependencies"]) > 100
    assert loud == []

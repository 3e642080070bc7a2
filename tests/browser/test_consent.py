"""The word about a voice: asked for each file, once, and not for what is ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.steps import VOICE, put, show_tab, wait_for

pytestmark = pytest.mark.browser
TAB = "voice_clone"


def test_a_voice_of_ones_own_needs_a_tick_once(open_page: OpenPage, tmp_path: Path) -> None:
    own = tmp_path / "mine.mp3"
    own.write_bytes(VOICE.read_bytes()[:40_000])
    page = open_page()
    show_tab(page, TAB)
    tick = page.locator(f"#{TAB}-consent input")
    tick.check()
    put(page, TAB, "reference_audio", own)
    expect(tick).not_to_be_checked()  # it was about another file
    page.fill(f"#{TAB}-text textarea", "My own voice.")
    page.click(f"#run-{TAB}")
    wait_for(page, TAB, "failed")
    expect(page.locator(f"#card-{TAB} .detail .l-en")).to_contain_text(
        "Please confirm that you may use this voice and this face"
    )
    mark = page.locator(f"#{TAB}-consent .mark .l-en")
    expect(mark).to_have_text("Please tick this first")
    expect(tick).to_be_focused()
    tick.check()
    expect(mark).to_have_count(0)
    page.click(f"#run-{TAB}")
    wait_for(page, TAB, "completed")
    page.fill(f"#{TAB}-text textarea", "My own voice, once more.")
    tick.uncheck()
    page.click(f"#run-{TAB}")
    wait_for(page, TAB, "running")
    wait_for(page, TAB, "completed")

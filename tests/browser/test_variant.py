"""A person chooses what makes the result, where there is a choice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.steps import job_of, show_tab, speak, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHOICE = "#voice_clone-variant_voice_clone"


def test_a_chosen_variant_makes_it_and_stays_chosen(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    show_tab(page, "voice_clone")
    page.click("#voice_clone-more")
    expect(page.locator(f"{CHOICE} input")).to_have_value("自动")
    page.click(f"{CHOICE} input")
    options = page.locator("ul[role=listbox] li")
    expect(options).to_contain_text(["自动", "内置预览引擎", "second-voice"])
    options.nth(2).click()
    speak(page, "Hello.")
    wait_for(page, "voice_clone", "completed")
    details = page.locator("#details-voice_clone")
    expect(details).to_contain_text("second-voice")
    page.goto(f"{page.url}?job={job_of(page, 'voice_clone')}")
    page.click("#voice_clone-more")
    expect(page.locator(f"{CHOICE} input")).to_have_value("second-voice")
    show_tab(page, "image_cleanup")
    page.click("#image_cleanup-more")  # nothing to choose here: painting chooses
    expect(page.locator("#image_cleanup-seed")).to_be_visible()
    expect(page.locator("#image_cleanup-variant_image_cleanup")).to_be_hidden()

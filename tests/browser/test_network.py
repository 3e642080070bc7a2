"""A network that is gone for a while, or slow: the page comes back by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.app_process import AppProcess
from tests.browser.cable import cable
from tests.browser.conftest import OpenPage
from tests.browser.steps import run_example, speak, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_TEXT = "The network goes away in the middle of this text, and comes back later. " * 8


def test_a_network_that_is_cut_off_loses_nothing(open_page: OpenPage, app: AppProcess) -> None:
    with cable(app.url) as network:
        page = open_page(locale="zh-CN", at=network.url)
        speak(page, LONG_TEXT)
        page.wait_for_selector("#card-voice_clone .card.in_progress")
        network.pull()
        expect(page.locator('[data-testid="toast-text"]')).to_contain_text("正在重新连接")
        network.plug_in()  # the page comes back by itself, to where it was
        expect(page.locator('[data-testid="toast-text"]')).to_have_count(0)
        wait_for(page, "voice_clone", "completed")
        expect(page.locator("#voice_clone-text textarea")).to_have_value(LONG_TEXT.strip())


def test_the_end_of_a_stream_that_comes_late_loses_no_answer(
    open_page: OpenPage, app: AppProcess
) -> None:
    with cable(app.url, late=b'data: {"msg":"close_stream"') as network:
        page = open_page(at=network.url)
        run_example(page, "image_cleanup")
        wait_for(page, "image_cleanup", "completed")
        expect(page.locator("#history .past")).to_have_count(1)


def test_a_page_that_lost_a_part_while_it_was_loaded_is_loaded_again(open_page: OpenPage) -> None:
    page = open_page()
    lost: list[str] = []

    def lose_one(route: Route) -> None:
        if lost:
            return route.fallback()
        lost.append(route.request.url)
        return route.abort("connectionreset")

    page.context.route("**/assets/Index-*.css", lose_one)
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_function("localStorage.getItem('comfy-owner')")
    assert lost

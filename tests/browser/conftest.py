"""A headless Chromium and pages in it that remember what went wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.app_process import AppProcess

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
DESKTOP = (1440, 900)
PHONE = (390, 844)

# What Gradio itself writes to the console: the broken stream of a page that is left.
GRADIOS_OWN = (
    *("AbortError", "Connection errored out", "ERR_ABORTED"),
    "Unexpected error 404: Not Found",  # a stream that was opened when its last event had ended
    "Waveform load error",  # a sound that the browser cannot play
    # a network that is cut off: that is what its test does
    *("ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED_ENCODING"),
    *("ERR_CONNECTION_REFUSED", "ERR_SOCKET_NOT_CONNECTED"),
    *("network error", "Failed to fetch", "Unable to preload CSS"),
)

expect.set_options(timeout=15_000)  # ms; a busy machine is slower than the page

OpenPage = Callable[..., Page]


def chromium() -> str | None:
    """The browser to use; None: the one that playwright brought.

    The same Chromium without windows of its own opens a page in two thirds of the time.
    """
    found = (shutil.which(name) for name in BROWSERS)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="module")  # its event loop must not run on under other files
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        except Error as error:
            pytest.skip(f"there is no Chromium here: {error}")
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser, app: AppProcess) -> Iterator[OpenPage]:
    """Open the page as a new visitor: `open_page(size, locale="zh-CN", scheme="light")`.

    With settled=False it may still be loading; `at` is an address that leads to the app.

    At the end of the test no page may have complained.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(
        size: tuple[int, int] = DESKTOP,
        locale: str = "en-US",
        scheme: str = "light",
        query: str = "",
        settled: bool = True,
        at: str = "",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=locale,
            color_scheme=scheme,  # type: ignore[arg-type]  # a Literal there
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((at or app.url) + query)
        page.wait_for_selector("#tabs button[role=tab]")
        if not settled:
            return page
        page.wait_for_function("localStorage.getItem('comfy-owner')")  # the load event has answered
        page.wait_for_load_state("networkidle", timeout=90_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [c for c in complaints if not any(own in c for own in GRADIOS_OWN)] == []

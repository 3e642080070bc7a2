"""Make the pictures of the page: `python -m tests.screenshots docs/`.

Starts the app with its embedded engine, runs the examples and photographs the page with a headless
Chromium (set CHROMIUM to use another browser than the one that is found).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.app_process import AppProcess
from tests.browser.conftest import ARGUMENTS, DESKTOP, PHONE, chromium

MINUTE = 60_000  # playwright counts milliseconds


@dataclass(frozen=True)
class Shot:
    """One picture: a tab after its example has run. `state` "idle" does not run it."""

    name: str
    tab: str
    size: tuple[int, int] = DESKTOP
    locale: str = "en-US"
    scheme: str = "light"
    state: str = "completed"
    example: int = 0


SHOTS = (
    Shot("page", "pipeline", example=1),
    Shot("page-zh", "pipeline", locale="zh-CN"),
    Shot("cleanup", "image_cleanup"),
    Shot("voice-dark-zh", "voice_clone", locale="zh-CN", scheme="dark"),
    Shot("talking-dark", "talking_head", scheme="dark"),
    Shot("empty", "image_cleanup", state="idle"),
    Shot("phone", "talking_head", size=PHONE),
    Shot("phone-dark-zh", "image_cleanup", size=PHONE, locale="zh-CN", scheme="dark"),
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        app = AppProcess(Path(data))
        app.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            for shot in SHOTS:
                path = folder / f"{shot.name}.png"
                photograph(browser, app.url, shot, path)
                print(path)
        finally:
            browser.close()
            app.stop()


def photograph(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    phone = shot.size == PHONE
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        locale=shot.locale,
        color_scheme=shot.scheme,  # type: ignore[arg-type]  # a Literal there
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2 if phone else 1,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#run-image_cleanup")
    page.click(f"#tabs button[role=tab][data-tab-id={shot.tab}]")
    if shot.state != "idle":
        page.click(f"#examples-{shot.tab} button >> nth={shot.example}")
    page.wait_for_selector(f"#card-{shot.tab} .card.{shot.state}", timeout=2 * MINUTE)
    settle(page)
    if not phone:
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path)
    context.close()


def settle(page: Page) -> None:
    """Let pictures, waveforms and the first frame of a video arrive."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))

"""Make the pictures of the page: `python -m tests.screenshots docs/ [--all [WORD ...]]`.

With --all every tab in every state, in both languages, light and dark, in three widths; with words
only those whose names hold one of them: `--all zh-dark-390 failed-en-light`.
Starts the app with its embedded engine, runs the examples and photographs the page with a headless
Chromium (set CHROMIUM to use another browser than the one that is found).
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.app_process import AppProcess
from tests.browser.conftest import ARGUMENTS, DESKTOP, PHONE, chromium
from tests.browser.steps import ASSETS, VOICE, put

BROKEN = ASSETS / "icon.svg"  # not one of the formats that are taken
UNSTUCK = ".gradio-container.gradio-container :is(.launch, .get) { position: static !important; }"
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
    whole: bool = False  # all of a page that is longer than the window


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


TABS = ("image_cleanup", "voice_clone", "talking_head", "pipeline")
OTHERS = [tab for tab in TABS if tab != "voice_clone"]
STATES = ("missing", "running", "failed", "idle", "completed", "history")
SIZES = (DESKTOP, PHONE, (2560, 1300))
LONG_TEXT = "This takes a while, so that there is time for a picture. " * 40


def all_shots() -> list[Shot]:
    """Every tab and state; running, failed and history where they are quick to reach."""
    only = {
        "running": ["voice_clone"],
        "missing": OTHERS,
        "failed": OTHERS,
        "history": ["pipeline"],
    }
    shots = []
    for size, locale, scheme in itertools.product(SIZES, ("en-US", "zh-CN"), ("light", "dark")):
        look = f"{locale[:2]}-{scheme}-{size[0]}"
        for tab, state in itertools.product(TABS, STATES):
            if tab in only.get(state, TABS):
                name = f"{tab}-{state}-{look}"
                number = int(locale == "en-US" and tab != "image_cleanup")
                shots.append(Shot(name, tab, size, locale, scheme, state, number, whole=True))
    return shots


def main(folder: Path, shots: Sequence[Shot] = SHOTS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        app = AppProcess(Path(data))
        app.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            for shot in shots:
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
    page.wait_for_function("localStorage.getItem('comfy-owner')")  # texts have their language
    page.click(f"#tabs button[role=tab][data-tab-id={shot.tab}]")
    page.wait_for_selector(f"#card-{shot.tab} .card")
    page.wait_for_load_state("networkidle", timeout=2 * MINUTE)
    reach(page, shot)
    if shot.state != "running":  # it would be over
        settle(page)
    if not phone:
        page.evaluate("scrollTo(0, 0)")
    if shot.whole:  # what sticks to the window would stand in the middle of the picture
        page.add_style_tag(content=UNSTUCK)
    page.screenshot(path=path, full_page=shot.whole)
    context.close()


def reach(page: Page, shot: Shot) -> None:
    """Bring the tab into the state of the picture."""
    tab, card = shot.tab, f"#card-{shot.tab} .card"
    match shot.state:
        case "missing":
            page.click(f"#run-{tab}")
        case "running":
            put(page, tab, "reference_audio", VOICE)
            page.fill(f"#{tab}-text textarea", LONG_TEXT)
            page.click(f"#run-{tab}")
            page.wait_for_selector(f"{card}.in_progress", timeout=2 * MINUTE)
        case "failed":
            put(page, tab, "image", BROKEN)
            if tab == "talking_head":
                put(page, tab, "audio", VOICE)
            if tab == "pipeline":
                put(page, tab, "reference_audio", VOICE)
                page.fill(f"#{tab}-text textarea", LONG_TEXT[:60])
            page.click(f"#run-{tab}")
            page.wait_for_selector(f"{card}.failed", timeout=2 * MINUTE)
        case "completed":
            page.click(f"#examples-{tab} button >> nth={shot.example}")
            page.wait_for_selector(f"{card}.completed", timeout=2 * MINUTE)
        case "history":
            page.click(f"#examples-{tab} button >> nth={shot.example}")
            page.wait_for_selector(f"{card}.completed", timeout=2 * MINUTE)
            page.locator("#history .past .open").last.click()  # the first step of the chain
            page.wait_for_selector("#details-image_cleanup .acts")
            page.locator("#history [data-act=erase]").last.click()  # it asks before it deletes


def settle(page: Page) -> None:
    """Let pictures, waveforms and the first frame of a video arrive."""
    page.wait_for_load_state("networkidle", timeout=2 * MINUTE)
    page.wait_for_function("!document.querySelector('.get.arriving')")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs"))
    parser.add_argument("--all", nargs="*", metavar="WORD", help="every tab, state and look")
    given = parser.parse_args()
    wanted = [s for s in all_shots() if not given.all or any(w in s.name for w in given.all)]
    main(given.folder, SHOTS if given.all is None else wanted)

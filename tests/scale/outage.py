"""The page while the database is away: `python -m tests.scale.outage [--away 60] [--shots FOLDER]`

The app on PostgreSQL, and a person who watches a job. The database is killed; the person starts
another job meanwhile; the database comes back. The page must never show an error, and both jobs
must end with a result.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.app_process import AppProcess
from tests.browser.conftest import ARGUMENTS, DESKTOP, GRADIOS_OWN, chromium
from tests.browser.steps import RESULTS, SECONDS, run_example, show_tab
from tests.postgres import Postgres

WRONG = ".toast-wrap .error, .card.failed, .block .error, #modal"
LIMIT = 120 * SECONDS
SAID = 30.0  # seconds after which the card must say that it waits for the database


def watch(page: Page, postgres: Postgres, *, away: float, shots: Path | None = None) -> list[str]:
    """What the page showed that it should not, in time."""

    saying = page.locator("#card-image_cleanup .saving").first

    def look(name: str) -> None:
        if shots:
            page.screenshot(path=shots / f"{name}.png")
        wrong.extend(f"{name}: {text}" for text in page.locator(WRONG).all_inner_texts())

    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    run_example(page, "voice_clone")
    page.wait_for_selector("#card-voice_clone .card.running, #card-voice_clone .card.in_progress")
    postgres.kill()
    gone = time.monotonic()
    look("0-just-gone")
    run_example(page, "image_cleanup")
    looks = 4
    for number in range(looks):
        page.wait_for_timeout(
            max(0.0, away * (number + 1) / looks - time.monotonic() + gone) * 1000
        )
        look(f"{number + 1}-after-{time.monotonic() - gone:.0f}-s")
    if away > SAID and not saying.is_visible():
        wrong.append("the card does not say that what was asked for is being saved")
    postgres.start()
    for name in ("image_cleanup", "voice_clone"):
        show_tab(page, name)
        page.wait_for_selector(RESULTS[name], state="attached", timeout=LIMIT)
        look(f"9-{name}")
    return [text for text in wrong if not any(known in text for known in GRADIOS_OWN)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=60, help="seconds")
    parser.add_argument("--shots", type=Path, help="for pictures of the page")
    given = parser.parse_args()
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    postgres = Postgres()
    postgres.start()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = AppProcess(Path(folder))
        app.start("--database-url", postgres.url)
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        size = {"width": DESKTOP[0], "height": DESKTOP[1]}
        page = browser.new_page(viewport=size, locale="en-US")  # type: ignore[arg-type]
        page.goto(app.url)
        page.wait_for_selector("#tabs")
        wrong = watch(page, postgres, away=given.away, shots=given.shots)
        print("shown:", wrong or "no error", "\nboth jobs have a result")
        browser.close()
        app.stop()
    postgres.close()


if __name__ == "__main__":
    main()

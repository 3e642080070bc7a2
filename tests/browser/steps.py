"""What people do on the page, in a few words for the tests."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.app_process import ROOT

SECONDS = 1000  # playwright counts milliseconds
ASSETS = ROOT / "assets"
VOICE = ASSETS / "voice-en.mp3"

RESULTS = {
    "image_cleanup": "#result-image_cleanup img",
    "voice_clone": "#result-voice_clone audio, #result-voice_clone #waveform",
    "talking_head": "#result-talking_head video",
    "pipeline": "#result-pipeline-talking_head video",
}


def show_tab(page: Page, name: str) -> None:
    page.click(f"#tabs button[role=tab][data-tab-id={name}]")
    page.wait_for_selector(f"#card-{name} .card")


def run_example(page: Page, name: str) -> None:
    show_tab(page, name)
    page.click(f"#examples-{name} button >> nth=0")


def wait_for(page: Page, name: str, state: str) -> None:
    page.wait_for_selector(f"#card-{name} .card.{state}", timeout=90 * SECONDS)


def put(page: Page, tab: str, name: str, file: Path) -> None:
    """Upload a file into an input and wait until it is there."""
    field = f"#{tab}-{name}"
    page.set_input_files(f"{field} input[type=file]", str(file))
    page.wait_for_selector(f"{field} img, {field} #waveform", state="attached")


def choose(page: Page, button: str, file: Path) -> None:
    """Press a button that asks for a file, and give it one."""
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files(str(file))


def speak(page: Page, text: str) -> None:
    """Upload a recording, and start."""
    show_tab(page, "voice_clone")
    put(page, "voice_clone", "reference_audio", VOICE)
    page.fill("#voice_clone-text textarea", text)
    page.click("#run-voice_clone")


def job_of(page: Page, name: str) -> str:
    """The id of the job whose details a tab shows."""
    return page.locator(f"#details-{name} [data-do=link]").get_attribute("data-id") or ""

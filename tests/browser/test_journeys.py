"""Longer ways through the page: the chain, the history, other devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app_process import AppProcess
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.steps import (
    ASSETS,
    RESULTS,
    SECONDS,
    VOICE,
    choose,
    job_of,
    put,
    run_example,
    show_tab,
    wait_for,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_replaced_step_runs_only_what_depends_on_it(open_page: OpenPage) -> None:
    page = open_page()
    run_example(page, "pipeline")
    wait_for(page, "pipeline", "completed")
    page.wait_for_selector(RESULTS["pipeline"], state="attached")
    before = job_of(page, "pipeline")
    expect(page.locator("#history .past")).to_have_count(3)
    choose(page, "#replace-pipeline-image", ASSETS / "portrait2.jpg")
    page.wait_for_selector("#card-pipeline .card.running:not(.preparing)")
    wait_for(page, "pipeline", "completed")
    expect(page.locator("#history .past")).to_have_count(4)  # a new video, and nothing else
    assert job_of(page, "pipeline") != before
    page.reload()
    show_tab(page, "pipeline")
    page.wait_for_selector("#result-pipeline-image_cleanup img")


def test_after_a_reload_only_what_was_changed_runs_anew(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page()
    run_example(page, "pipeline")
    wait_for(page, "pipeline", "completed")
    page.reload()
    page.wait_for_selector(RESULTS["pipeline"], state="attached")
    (tmp_path / "own.mp3").write_bytes(VOICE.read_bytes() + b"own")  # it is no example any more
    choose(page, "#replace-pipeline-audio", tmp_path / "own.mp3")
    expect(page.locator("#pipeline-consent .mark")).to_be_visible()
    expect(page.locator("#history .past")).to_have_count(3)  # nothing was begun
    page.check("#pipeline-consent input")
    page.click("#run-pipeline")
    page.wait_for_selector("#card-pipeline .card.running:not(.preparing)")
    wait_for(page, "pipeline", "completed")
    expect(page.locator("#history .past")).to_have_count(4)  # the picture is not cleaned again


def test_ones_own_speech_goes_in_before_the_first_run(open_page: OpenPage) -> None:
    page = open_page()
    show_tab(page, "pipeline")
    put(page, "pipeline", "image", ASSETS / "portrait.jpg")
    page.click("#pipeline-own button")
    put(page, "pipeline", "own_audio", VOICE)
    page.click("#run-pipeline")
    wait_for(page, "pipeline", "completed")
    page.wait_for_selector(RESULTS["pipeline"])
    expect(page.locator("#history .past")).to_have_count(2)  # the picture and the video


def test_the_chain_stops_to_be_looked_at(open_page: OpenPage) -> None:
    page = open_page()
    show_tab(page, "pipeline")
    put(page, "pipeline", "image", ASSETS / "portrait.jpg")
    put(page, "pipeline", "reference_audio", VOICE)
    page.fill("#pipeline-text textarea", "Look at me first.")
    page.check("#pipeline-review input")
    page.click("#run-pipeline")
    page.wait_for_selector("#approve-pipeline", timeout=60_000)
    expect(page.locator("#card-pipeline .top strong .l-en")).to_have_text("Have a look, then go on")
    expect(page.locator("#result-pipeline-talking_head")).to_be_hidden()
    page.click("#approve-pipeline")
    page.wait_for_selector(RESULTS["pipeline"], timeout=60_000)
    expect(page.locator("#history .past")).to_have_count(3)


def test_a_result_can_be_made_again_and_deleted_for_good(
    open_page: OpenPage, app: AppProcess
) -> None:
    page = open_page()
    run_example(page, "image_cleanup")
    wait_for(page, "image_cleanup", "completed")
    past = page.locator("#history .past")
    expect(past).to_have_count(1)
    show_tab(page, "voice_clone")
    past.hover()
    past.locator("[data-act=again]").click()
    expect(past).to_have_count(2)
    wait_for(page, "image_cleanup", "completed")
    seed = page.locator("#details-image_cleanup dt .l-en", has_text="Seed")
    expect(seed).to_have_count(1)
    erase = page.locator("#details-image_cleanup [data-act=erase]")
    files = app.folder / "outputs" / job_of(page, "image_cleanup")
    assert files.exists()
    erase.click()
    expect(erase).to_contain_text("Click again to delete")
    expect(past).to_have_count(2)
    erase.click()
    expect(past).to_have_count(1)
    page.wait_for_selector("#card-image_cleanup .card.idle")
    assert not files.exists()
    page.reload()
    page.wait_for_selector("#card-image_cleanup .card.idle")
    expect(past).to_have_count(1)


def test_a_private_link_shows_the_job_on_another_device(
    open_page: OpenPage, app: AppProcess
) -> None:
    page = open_page()
    run_example(page, "voice_clone")
    wait_for(page, "voice_clone", "completed")
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )  # plain http
    shown: list[str] = []
    page.on("dialog", lambda dialog: (shown.append(dialog.default_value), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.click("#details-voice_clone [data-do=link]")
    assert shown == [f"{app.url}?job={job_of(page, 'voice_clone')}"]
    phone = open_page(PHONE, "zh-CN", query=f"?job={job_of(page, 'voice_clone')}")
    wait_for(phone, "voice_clone", "completed")
    phone.wait_for_selector(RESULTS["voice_clone"], state="attached")
    expect(phone.locator("#history .past")).to_have_count(0)


def test_an_unknown_link_is_just_the_page(open_page: OpenPage) -> None:
    page = open_page(query="?job=no-such-job")
    page.wait_for_selector("#card-image_cleanup .card.idle")


def test_what_was_made_from_what_leads_back(open_page: OpenPage) -> None:
    page = open_page()
    run_example(page, "pipeline")
    wait_for(page, "pipeline", "completed")
    video = page.locator("#history .past").first
    expect(video).to_contain_text("Talking head")
    show_tab(page, "image_cleanup")
    video.locator(".open").click()
    page.wait_for_selector("#card-pipeline .card.completed")
    expect(page.locator("#result-pipeline-voice_clone")).to_be_visible()
    page.locator("#history .past", has_text="Clean up").locator(".open").click()
    page.locator("#details-image_cleanup dd", has_text="Talking head").get_by_role("button").click()
    page.wait_for_selector("#details-pipeline .acts")


def test_an_untouched_text_follows_the_language_and_a_changed_one_stays(
    open_page: OpenPage,
) -> None:
    page = open_page(locale="en-US")
    show_tab(page, "talking_head")
    page.fill("#talking_head-prompt textarea", "A man sings")
    page.click("[data-do=language]")
    expect(page.locator("#talking_head-prompt textarea")).to_have_value("A man sings")
    show_tab(page, "image_cleanup")
    expect(page.locator("#image_cleanup-instruction textarea")).to_have_value(
        "去除字幕、水印、文字"
    )


def test_the_bell_is_remembered(open_page: OpenPage) -> None:
    page = open_page()
    bell = page.locator("[data-do=bell]")
    expect(bell).to_have_attribute("aria-pressed", "false")
    bell.click()
    expect(bell).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(bell).to_have_attribute("aria-pressed", "true")


# Instead of the desktop's notifications and loudspeakers: what they were given.
EARS = """() => {
window.told = [];
window.Notification = class {
  static permission = 'default';
  static async requestPermission() { told.push('asked'); this.permission = 'granted'; }
  constructor(title, { body }) { told.push(body); }
};
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  told.push('tone');
  return make.call(this);
};
}"""
RUN = """([job, seconds, state]) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  const card = { job, title: { zh: state, en: state } };
  studio.card({ ...card, state: 'in_progress', running: true, seconds: 0 });
  studio.card({ ...card, state, running: false, seconds });
  delete document.hidden;
  return window.told.splice(0);
}"""


def test_the_end_of_a_long_run_is_told_if_that_was_asked_for(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(EARS)
    assert page.evaluate(RUN, ["before", 9, "completed"]) == []
    page.click("[data-do=bell]")
    assert page.evaluate("told.splice(0)") == ["asked", "tone", "tone"]  # so does it sound
    assert page.evaluate(RUN, ["long", 9, "completed"]) == ["tone", "tone", "completed"]
    assert page.evaluate(RUN, ["broken", 9, "failed"]) == ["tone", "tone", "failed"]
    assert page.evaluate(RUN, ["short", 3, "completed"]) == []
    assert page.evaluate(RUN, ["unwanted", 9, "cancelled"]) == []


def test_the_operators_page_keeps_itself_up_to_date(open_page: OpenPage, app: AppProcess) -> None:
    page = open_page()
    page.clock.install()
    page.goto(f"{app.url}operator?did=nothing")
    expect(page.locator(".told")).to_be_visible()
    page.clock.fast_forward(6 * SECONDS)
    expect(page.locator(".told")).to_have_count(0)
    expect(page.get_by_text("1 of 1 servers online")).to_be_visible()

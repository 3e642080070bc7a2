"""A script sentence by sentence, and a video in parts: one of them made again, the rest kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect

from tests.app_process import AppProcess, careful_head, model_cleanup, still_head
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.steps import ASSETS, SECONDS, VOICE, job_of, put, show_tab, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """An app whose server takes three seconds of speech at once, cleans pictures as a model does,
    and can make a video that stands still."""
    process = AppProcess(tmp_path_factory.mktemp("app"))
    own = tmp_path_factory.mktemp("own")
    for add in (careful_head, still_head, model_cleanup):
        add(own)
    process.start("--workflows", str(own))
    yield process
    assert process.stop() == 0


def bench(page: Page, text: str) -> None:
    """Open the bench with this script in it."""
    show_tab(page, "voice_clone")
    put(page, "voice_clone", "reference_audio", VOICE)
    page.check("#voice_clone-consent input")
    page.fill("#voice_clone-text textarea", text)
    page.click("#bench button.label-wrap")
    page.click("#bench [data-piece=split]")
    page.wait_for_selector("#bench .piece")


def takes(page: Page, where: str) -> list[str]:
    """The takes of each piece; the one that is used has a star."""
    rows = page.locator(f"{where} .piece").all()
    return [
        " ".join(
            (take.inner_text().strip() + "*" * (take.get_attribute("aria-pressed") == "true"))
            for take in row.locator(".take").all()
        )
        for row in rows
    ]


def ids(page: Page, where: str) -> list[str | None]:
    return [take.get_attribute("data-id") for take in page.locator(f"{where} .take.now").all()]


def test_one_sentence_is_made_again_and_the_rest_is_kept(open_page: OpenPage) -> None:
    page = open_page()
    bench(page, "One. Two! Three?")
    expect(page.locator("#bench .piece textarea")).to_have_count(3)
    page.select_option("#bench .piece >> nth=2 >> [data-field=speed]", "1.2")
    page.click("#bench [data-piece=make]")
    page.wait_for_selector("#bench .piece.done >> nth=2", timeout=60 * SECONDS)
    before, first = ids(page, "#bench"), job_of(page, "voice_clone")
    page.click("#bench .piece >> nth=1 >> [data-piece=again]")
    page.wait_for_selector("#bench .take >> nth=3", timeout=60 * SECONDS)
    assert takes(page, "#bench") == ["A*", "A B*", "A*"]
    after = ids(page, "#bench")
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]

    page.click("#bench .piece >> nth=1 >> .take >> nth=0")  # A is heard, and chosen
    with page.expect_response(lambda answer: ".mp3" in answer.url) as heard:
        page.click("#bench .piece >> nth=1 >> .take >> nth=1")
    assert heard.value.status in (200, 206)
    page.click("#bench .piece >> nth=1 >> .take >> nth=0")
    page.click("#bench [data-piece=make]")
    page.wait_for_selector(f"#details-voice_clone [data-id='{first}']")  # the very same again
    page.reload()
    show_tab(page, "voice_clone")
    page.wait_for_selector("#bench .piece.done >> nth=2")
    assert ids(page, "#bench") == before
    speed = page.locator("#bench .piece >> nth=2 >> [data-field=speed]")
    expect(speed).to_have_value("1.2")
    expect(page.locator("#voice_clone-text textarea")).to_have_value("One. Two! Three?")


def test_one_part_of_a_long_video_is_made_again_and_the_rest_is_kept(
    open_page: OpenPage, tmp_path: Path
) -> None:
    portrait = tmp_path / "small.png"
    Image.open(ASSETS / "portrait.jpg").resize((320, 400)).save(portrait)
    page = open_page(PHONE, "zh-CN")
    show_tab(page, "talking_head")
    put(page, "talking_head", "image", portrait)
    put(page, "talking_head", "audio", VOICE)
    page.check("#talking_head-consent input")
    page.click("#run-talking_head")
    list_of = "#pieces-talking_head"
    page.wait_for_selector(f"{list_of} .piece", timeout=120 * SECONDS)
    before = ids(page, list_of)
    assert len(before) == 3
    page.click(f"{list_of} .piece >> nth=1 >> [data-piece=again]")
    page.wait_for_selector(f"{list_of} .take >> nth=3", timeout=120 * SECONDS)
    assert takes(page, list_of) == ["A*", "A B*", "A*"]
    after = ids(page, list_of)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]
    page.click(f"{list_of} .piece >> nth=1 >> .take >> nth=0")
    page.click(f"{list_of} .piece >> nth=1 >> .use")
    page.wait_for_function(f"document.querySelector('{list_of} .piece:nth-child(2) .take.now')")
    wait_for(page, "talking_head", "completed")
    expect(page.locator(f"{list_of} .take.now")).to_have_count(3, timeout=60 * SECONDS)
    assert ids(page, list_of) == before
    page.reload()
    show_tab(page, "talking_head")
    page.wait_for_selector(f"{list_of} .piece >> nth=2")


def test_faults_are_said_and_mended_by_one_press(open_page: OpenPage, tmp_path: Path) -> None:
    portrait, lettered, speech = (tmp_path / n for n in ("small.png", "lettered.png", "speech.wav"))
    with Image.open(ASSETS / "portrait.jpg") as image:
        small = image.resize((240, 300))
    small.save(portrait)
    font = ImageFont.load_default(24)
    ImageDraw.Draw(small).text((30, 260), "Hello subtitle", "white", font, stroke_width=2)
    small.save(lettered)
    samples, rate = soundfile.read(VOICE, dtype="int16")
    soundfile.write(speech, samples[: 2 * rate], rate)

    page = open_page()
    put(page, "image_cleanup", "image", lettered)
    page.click("#run-image_cleanup")
    show_tab(page, "talking_head")
    put(page, "talking_head", "image", portrait)
    put(page, "talking_head", "audio", speech)
    page.check("#talking_head-consent input")
    page.click("#talking_head-more")
    page.click("#talking_head-variant_talking_head input")
    page.locator("ul[role=listbox] li", has_text="still").click()
    page.click("#run-talking_head")
    said = page.locator("#verdict-talking_head li")
    expect(said).to_have_count(2, timeout=60 * SECONDS)
    expect(said.nth(0)).to_contain_text("ends 1.96 s before the sound, which has 2.0 s.")
    first = job_of(page, "talking_head")
    page.click("#verdict-talking_head .mend")
    expect(said).to_have_count(1, timeout=60 * SECONDS)
    expect(said).to_contain_text("The picture stands still from 0:00 on")
    assert job_of(page, "talking_head") != first

    show_tab(page, "image_cleanup")
    switch = page.locator("#verdict-image_cleanup .mend")
    raw = page.locator("#result-image_cleanup img[src*='/raw.png']")
    expect(switch).to_contain_text("Show what the model made", timeout=60 * SECONDS)
    expect(raw).to_have_count(0)
    switch.click()
    expect(switch).to_contain_text("Show it with my original")
    expect(raw).to_have_count(1)
    switch.click()
    expect(raw).to_have_count(0)

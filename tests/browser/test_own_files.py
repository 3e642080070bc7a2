"""Each tab with files of one's own, and what the page says when something is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.steps import ASSETS, RESULTS, SECONDS, VOICE, choose, put, show_tab, wait_for
from tests.media.test_hints import clip, two_faces

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILES = {
    "image_cleanup": {"image": ASSETS / "scene.jpg"},
    "voice_clone": {"reference_audio": VOICE},
    "talking_head": {"image": ASSETS / "portrait2.jpg", "audio": VOICE},
    "pipeline": {"image": ASSETS / "portrait.jpg", "reference_audio": VOICE},
}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("video") / "clip.mp4")


def fill_in(page: Page, tab: str, without: str = "") -> None:
    show_tab(page, tab)
    for name, file in FILES[tab].items():
        if name != without:
            put(page, tab, name, file)
    if tab in ("voice_clone", "pipeline"):
        page.fill(f"#{tab}-text textarea", "These are my own files.")


@pytest.mark.parametrize("tab", FILES)
def test_own_files_become_a_result(open_page: OpenPage, tab: str) -> None:
    page = open_page()
    fill_in(page, tab)
    page.click(f"#run-{tab}")
    wait_for(page, tab, "completed")
    page.wait_for_selector(RESULTS[tab], state="attached")
    expect(page.locator(f"#details-{tab} dl")).to_contain_text("Built-in preview engine")


@pytest.mark.parametrize(
    ("tab", "name", "sentence"),
    [
        ("image_cleanup", "image", "This file is not a picture that can be opened"),
        ("voice_clone", "reference_audio", "This file is not a sound that can be played"),
        ("talking_head", "audio", "This file is not a sound that can be played"),
        ("pipeline", "image", "This file is not a picture that can be opened"),
    ],
)
def test_a_broken_file_is_named_in_every_tab(
    open_page: OpenPage, tmp_path: Path, tab: str, name: str, sentence: str
) -> None:
    page = open_page()
    fill_in(page, tab, without=name)
    broken = tmp_path / ("broken.png" if name == "image" else "broken.mp3")
    broken.write_bytes(b"broken")
    page.set_input_files(f"#{tab}-{name} input[type=file]", str(broken))
    expect(page.locator(f"#hint-{tab}-{name} li .l-en")).to_contain_text(sentence)
    page.click(f"#run-{tab}")
    wait_for(page, tab, "failed")
    expect(page.locator(f"#card-{tab} .detail .l-en")).to_contain_text(sentence)


def test_a_picture_without_a_face_fails_in_words_and_can_be_tried_again(
    open_page: OpenPage,
) -> None:
    page = open_page()
    show_tab(page, "talking_head")
    put(page, "talking_head", "image", ASSETS / "scene.jpg")
    put(page, "talking_head", "audio", VOICE)
    page.click("#run-talking_head")
    wait_for(page, "talking_head", "failed")
    expect(page.locator("#card-talking_head .detail .l-en")).to_contain_text("No face was found")
    page.click("#card-talking_head [data-press]")
    page.wait_for_selector("#card-talking_head .card.running")
    wait_for(page, "talking_head", "failed")


def test_a_large_picture_shows_at_once_that_it_is_being_prepared(
    open_page: OpenPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    Image.open(ASSETS / "scene.jpg").resize((4000, 3000)).save(large)
    page = open_page()
    put(page, "image_cleanup", "image", large)
    page.click("#run-image_cleanup")
    page.wait_for_selector("#card-image_cleanup .card.preparing", timeout=2 * SECONDS)
    page.wait_for_selector("#card-image_cleanup .card.running:not(.preparing)")
    page.click("#cancel-image_cleanup")


def test_hints_tell_at_once_what_will_hurt(open_page: OpenPage, tmp_path: Path) -> None:
    poor = tmp_path / "poor.png"
    Image.open(ASSETS / "portrait.jpg").resize((240, 300)).filter(ImageFilter.GaussianBlur(5)).save(
        poor
    )
    page = open_page()
    put(page, "image_cleanup", "image", poor)
    expect(page.locator("#hint-image_cleanup-image li .l-en")).to_have_text(
        [
            "This picture is only 240×300. Small pictures give soft results;"
            " 400 pixels on the short side are better.",
            "This picture looks blurred. A sharp one gives a better result.",
        ]
    )


def test_of_two_faces_one_can_be_chosen(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    show_tab(page, "talking_head")
    put(page, "talking_head", "image", two_faces(tmp_path / "both.jpg"))
    hint = page.locator("#hint-talking_head-image")
    expect(hint.locator("li .l-en").first).to_have_text(
        "2 faces were found. Unless you choose, the largest one speaks: Left."
    )
    hint.get_by_role("button").click()  # unfolds where it is chosen
    expect(page.locator("#talking_head-face input:checked")).to_be_focused()


def test_a_hint_mends_what_can_be_mended(open_page: OpenPage, tmp_path: Path) -> None:
    rate = 16_000
    times = np.arange(20 * rate)
    hum = 0.01 * np.sin(times * 0.1) * (times % rate >= 0.2 * rate)  # like speech it pauses
    soundfile.write(tmp_path / "hum.wav", hum, rate, "PCM_16")
    page = open_page()
    page.click("#tabs button[data-tab-id=voice_clone]")
    put(page, "voice_clone", "reference_audio", tmp_path / "hum.wav")
    hint = page.locator("#hint-voice_clone-reference_audio")
    buttons = hint.locator("button .l-en")
    expect(buttons).to_have_text(["Make it louder", "Listen", "Use this part"])
    buttons.nth(0).click()
    expect(buttons).to_have_text(["Listen", "Use this part"])
    hint.locator("[data-start]").fill("2")
    expect(hint.locator("output")).to_have_text("0:02 – 0:17")
    with page.expect_response(lambda answer: "file=" in answer.url and answer.ok):
        buttons.nth(0).click()
    buttons.nth(1).click()
    expect(hint.locator("li")).to_have_count(0)
    expect(page.locator("#voice_clone-reference_audio :focus")).to_have_count(1)  # not lost


def test_a_wish_is_one_click(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    page.click("#presets-image_cleanup-instruction button >> nth=1")
    expect(page.locator("#image_cleanup-instruction textarea")).to_have_value("去除水印")


def test_a_video_gives_its_sharpest_frame(open_page: OpenPage, video: Path) -> None:
    page = open_page()
    show_tab(page, "talking_head")
    choose(page, "#video-talking_head", video)
    page.wait_for_selector("#talking_head-image img")
    moment = float(page.locator("#moment-talking_head input[type=number]").input_value())
    assert 0.6 <= moment <= 1.4
    expect(page.locator("#video-note-talking_head li .l-en")).to_have_text(
        [
            "The sharpest frame was taken. Move the slider for another one.",
            "There is no sound in this file. Please use another one.",
        ]
    )

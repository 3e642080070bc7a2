"""A person is told before the run how long it takes, and may look at five seconds of it first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import expect

from tests.app_process import ROOT
from tests.browser.conftest import OpenPage
from tests.browser.steps import put, show_tab, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_long_run_is_told_before_and_a_proof_is_one_press(
    open_page: OpenPage, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(ROOT / "assets" / "voice-en.mp3")
    few = np.tile(samples[::3], int(480 * rate / len(samples)))  # eight minutes
    soundfile.write(long := tmp_path / "long.wav", few, rate // 3)
    page = open_page()
    show_tab(page, "voice_clone")
    page.fill("#voice_clone-text textarea", "Hello. " * 30)
    told = page.locator("#told-voice_clone .told")
    expect(told).to_contain_text("about")
    show_tab(page, "talking_head")
    put(page, "talking_head", "image", ROOT / "assets" / "portrait.jpg")
    put(page, "talking_head", "audio", long)
    told = page.locator("#told-talking_head .told.warns")
    expect(told).to_contain_text("This one takes a long time")
    page.check("#talking_head-consent input")
    told.locator("button").click()
    wait_for(page, "talking_head", "completed")
    # five seconds, to a tenth
    page.wait_for_function(
        "Math.abs(document.querySelector('#result-talking_head video')?.duration - 5) < 0.2"
    )
    page.reload()
    show_tab(page, "talking_head")
    expect(page.locator("#talking_head-audio")).to_contain_text("7:57")  # all that was given

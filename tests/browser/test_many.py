"""Many chains at once in the page: three rows, one of them with a broken picture."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.steps import ASSETS, SECONDS, VOICE, put, show_tab

pytestmark = pytest.mark.browser


@pytest.fixture
def dropped(tmp_path: Path) -> list[Path]:
    """Two small portraits, something that only says it is one, and a table that names them."""
    for name in ("portrait", "portrait2"):
        image = Image.open(ASSETS / f"{name}.jpg")
        image.resize((240, 300)).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").write_text("not a picture")
    table = tmp_path / "rows.csv"
    table.write_text(
        "name,image,text\nfirst,portrait.png,Hello there.\nsecond,broken.png,Hello.\n"
        "third,portrait2.png,Good night.\n"
    )
    return [*sorted(tmp_path.glob("*.png")), table]


def test_three_at_once_with_one_bad_input(open_page: OpenPage, dropped: list[Path]) -> None:
    page = open_page()
    show_tab(page, "pipeline")
    put(page, "pipeline", "reference_audio", VOICE)
    page.check("#pipeline-consent input")
    page.click("#many button.label-wrap")
    page.set_input_files("#many-files input[type=file]", [str(path) for path in dropped])
    expect(page.locator("#many-files")).to_contain_text("rows")
    page.click("#many [data-many=start]")
    rows = page.locator("#many .piece")
    expect(rows).to_have_count(3, timeout=30 * SECONDS)
    expect(rows.nth(1)).to_contain_text("picture")
    page.reload()  # the batch goes on, and is found again
    show_tab(page, "pipeline")
    page.wait_for_selector("#many-zip", timeout=120 * SECONDS)
    expect(page.locator("#many .pieces")).to_contain_text("2 of 3 done, 1 failed")
    assert [row.get_attribute("class") for row in rows.all()] == [
        "piece done",
        "piece stopped",
        "piece done",
    ]
    expect(page.locator("#many [data-many=retry]")).to_have_count(0)  # a bad file stays bad
    with page.expect_download() as saved:
        page.click("#many-zip")
    archive = zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes()))
    assert archive.namelist() == ["01-first.mp4", "03-third.mp4"]
    assert archive.testzip() is None


def test_a_voice_is_saved_chosen_in_the_chain_and_deleted(open_page: OpenPage) -> None:
    page = open_page()
    show_tab(page, "voice_clone")
    put(page, "voice_clone", "reference_audio", VOICE)
    page.fill("#voices-voice_clone input", "Mum")
    page.press("#voices-voice_clone input", "Enter")
    chip = page.locator("#voices-voice_clone [data-voice=choose]")
    expect(chip).to_have_text("Mum")
    page.reload()
    show_tab(page, "pipeline")
    page.click("#voices-pipeline [data-voice=choose]")
    page.wait_for_selector("#pipeline-reference_audio #waveform", state="attached")
    page.click("#voices-pipeline [data-voice=forget]")  # the first click only asks
    expect(page.locator("#voices-pipeline [data-voice=choose]")).to_have_count(1)
    page.click("#voices-pipeline [data-voice=forget]")
    expect(page.locator("#voices-pipeline [data-voice=choose]")).to_have_count(0)

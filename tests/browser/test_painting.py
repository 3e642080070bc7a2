"""A person paints over a thing in a picture: it goes, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.steps import ASSETS, SECONDS, put, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAINT = "#image_cleanup-mask"
THINGS = {"left": (100, 110), "right": (300, 110), "low": (180, 200)}  # middles of the balls


@pytest.fixture(scope="module")
def balls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three red balls before a grey wall."""
    path = tmp_path_factory.mktemp("balls") / "balls.png"
    y, x = np.mgrid[0:240, 0:360]
    wall = np.repeat((110 + 40 * np.sin(x / 60) + 20 * np.cos(y / 45))[:, :, None], 3, axis=2)
    for middle_x, middle_y in THINGS.values():
        wall[np.hypot(x - middle_x, y - middle_y) < 16] = (220, 30, 30)
    Image.fromarray(wall.astype(np.uint8)).save(path)
    return path


def paint(page: Page, thing: str) -> None:
    """Once over a ball, with a brush that is wider."""
    page.locator(f"{PAINT} input").fill("14")
    canvas = page.locator(f"{PAINT} canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    x, y = (box["x"] + THINGS[thing][0] * box["width"] / 360, box["y"] + box["height"] * 110 / 240)
    page.mouse.move(x - 12, y)
    page.mouse.down()
    page.mouse.move(x + 12, y, steps=4)
    page.mouse.up()


def paint_by_keyboard(page: Page) -> None:
    """Over the lowest ball: three half brushes of 50 pixels below the middle, and a tenth."""
    page.locator(f"{PAINT} input").press("Shift+Tab")
    expect(page.locator(f"{PAINT} .keys")).to_be_visible()
    for key in (*["ArrowDown"] * 3, "Shift+ArrowDown", "Space", "Shift+ArrowLeft", "Space"):
        page.keyboard.press(key)


def test_only_what_was_painted_over_goes(open_page: OpenPage, balls: Path) -> None:
    page = open_page()
    put(page, "image_cleanup", "image", balls)
    picture = page.locator(f"{PAINT} .sheet img")
    assert picture.get_attribute("src") is None  # nothing is loaded while it is closed
    page.click(f"{PAINT} summary")
    page.wait_for_function(f"document.querySelector('{PAINT} canvas').width > 100")

    paint(page, "right")
    page.click(f"{PAINT} [data-paint=clear]")
    expect(page.locator(f"{PAINT} .painted")).to_have_count(0)
    paint(page, "left")
    expect(page.locator(f"{PAINT} .painted")).to_have_count(1)
    paint_by_keyboard(page)
    page.press("#run-image_cleanup", "Enter")
    wait_for(page, "image_cleanup", "completed")
    expect(page.locator("#card-image_cleanup :focus")).to_have_count(1)  # the next Tab goes on
    with page.expect_download() as download:
        page.click("#download-image_cleanup")
    before, after = pixels(balls), pixels(download.value.path())
    changed = (before != after).any(axis=2)
    for x, y in (THINGS["left"], THINGS["low"]):
        assert changed[y - 16 : y + 17, x - 16 : x + 17].mean() > 0.7
        assert int(after[y, x].max()) - int(after[y, x].min()) < 30  # grey, not red
    assert not changed[:, 240:].any()

    page.reload()  # the paint is still there, and belongs to this picture alone
    expect(page.locator(f"{PAINT} .painted")).to_have_count(1, timeout=30 * SECONDS)
    page.set_input_files("#image_cleanup-image input[type=file]", str(ASSETS / "scene.jpg"))
    expect(page.locator(f"{PAINT} .painted")).to_have_count(0, timeout=30 * SECONDS)


def pixels(path: Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))

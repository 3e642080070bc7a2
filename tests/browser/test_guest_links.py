"""A guest link in a browser: made by the operator, opened, used up, expired, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from comfy import guests
from comfy.jobs.store import Store
from comfy.jobs.tables import GUESTS
from comfy.settings import Settings
from tests.app_process import AppProcess
from tests.browser.steps import put, show_tab, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    process = AppProcess(tmp_path_factory.mktemp("guests"))
    process.start("--guests", "--auth", "boss:secret-word", "--max-requests", "300")
    yield process
    assert process.stop() == 0


@pytest.fixture
def visit(browser: Browser) -> Iterator[object]:
    """A new person in a browser of their own, in English."""
    contexts = []

    def open_page(url: str, locale: str = "en-US") -> Page:
        contexts.append(browser.new_context(locale=locale, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def command(app: AppProcess, capsys: pytest.CaptureFixture[str], monkeypatch):  # type: ignore[no-untyped-def]
    """What `python -m comfy.guests` prints, beside the app that runs."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    place = ("--data", str(app.folder), "--port", app.url.rstrip("/").rpartition(":")[2])

    def told(*words: str) -> str:
        capsys.readouterr()
        assert guests.main([*words, *place]) == 0
        return capsys.readouterr().out.strip()

    return told


def end(app: AppProcess, name: str) -> None:
    """Have the time of a link be over now."""
    store = Store(Settings.load(["--data", str(app.folder)], {}).database, app.folder)
    with store.transaction() as connection:
        over = sa.update(GUESTS).where(GUESTS.c.name == name).values(expires=GUESTS.c.created)
        connection.execute(over)
    store.close()


def settled(page: Page) -> None:
    page.wait_for_selector("#tabs button[role=tab]")
    page.wait_for_function("localStorage.getItem('comfy-owner')")
    page.wait_for_load_state("networkidle")


def test_the_operator_makes_a_link_that_a_guest_uses_up(  # type: ignore[no-untyped-def]
    app: AppProcess, visit, tmp_path: Path
) -> None:
    given = tmp_path / "given.png"
    Image.radial_gradient("L").resize((160, 120)).save(given)
    boss = visit(app.url)
    boss.fill("#name", "boss")
    boss.fill("#word", "wrong")
    boss.click("button")
    expect(boss.locator(".wrong")).to_have_text(
        "The name or the password is wrong. Please try again."
    )
    boss.fill("#name", "boss")
    boss.fill("#word", "secret-word")
    boss.click("button")
    settled(boss)
    boss.click("#guests button >> nth=0")
    boss.locator("#guests-tasks input >> nth=0").check()
    jobs = boss.locator("#guests input[type=number] >> nth=1")
    expect(jobs).to_have_value("20")  # a field that just appeared would take its default again
    jobs.fill("1")
    jobs.press("Tab")
    boss.click("#guests-make")
    expect(boss.locator("#guests-link textarea")).to_have_value(
        re.compile(re.escape(app.url) + "guest/.+")
    )
    link = boss.locator("#guests-link textarea").input_value()

    guest = visit(link)
    settled(guest)
    assert guest.url == app.url
    expect(guest.locator("#tabs button[role=tab]:visible")).to_have_count(1)  # the one it is for
    expect(guest.locator("#guests")).to_have_count(0)
    show_tab(guest, "image_cleanup")
    put(guest, "image_cleanup", "image", given)
    guest.click("#run-image_cleanup")
    wait_for(guest, "image_cleanup", "completed")
    guest.wait_for_selector("#result-image_cleanup img")
    picture = guest.locator("#result-image_cleanup img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 100  # the fence lets one's own through
    expect(guest.locator("#history [data-act=open]")).to_have_count(1)  # all is collected
    guest.fill("#image_cleanup-instruction textarea", "Remove the watermark")
    guest.click("#run-image_cleanup")
    wait_for(guest, "image_cleanup", "failed")
    expect(guest.locator("#card-image_cleanup .detail .l-en")).to_contain_text(
        "Your guest link allows 1 jobs a day, and they are used up."
    )

    other = visit(link)  # somebody else with the same link sees nothing of it
    settled(other)
    expect(other.locator("#history [data-act=open]")).to_have_count(0)

    boss.reload()
    settled(boss)
    boss.click("#guests button >> nth=0")
    boss.click("#guests-known input")
    boss.click("ul[role=listbox] li >> nth=0")
    boss.click("#guests-revoke")
    expect(boss.locator("#guests-known input")).to_have_value("")
    guest.goto(app.url)
    expect(guest.locator(".foot")).to_contain_text("Do you have a guest link?")
    guest.goto(link)
    expect(guest.locator(".wrong")).to_contain_text("has expired or was withdrawn")


def test_links_from_the_command_end_and_are_withdrawn(app: AppProcess, visit, command) -> None:  # type: ignore[no-untyped-def]
    short = command("new", "short", "--days", "1")
    assert short.startswith(app.url + "guest/")
    page = visit(short, "zh-CN")
    page.wait_for_selector("#tabs button[role=tab]")
    end(app, "short")
    page.goto(short)
    expect(page.locator(".wrong")).to_have_text(
        "这个链接已过期或已被收回，请向发给您的人要一个新的。"
    )
    assert requests.get(app.url, timeout=10).status_code == 401
    long = command("new", "long", "--days", "0", "--jobs", "5")
    page.goto(long)
    page.wait_for_selector("#tabs button[role=tab]")
    listed = {line.split()[2]: line.split()[0] for line in command("list").splitlines()}
    assert command("revoke", listed["long"]) == "Withdrawn."
    page.goto(app.url)
    expect(page.locator("form")).to_have_count(1)  # the page to log in
    forged = requests.get(long[:-3] + "abc", timeout=10)
    assert forged.status_code == 410


def test_too_many_requests_from_one_address_are_slowed_down(app: AppProcess) -> None:
    """Last in this file: the bucket is empty afterwards."""
    with requests.Session() as session:
        url = app.url + "gradio_api/call/job"
        codes = [session.post(url, json={}, timeout=10).status_code for _ in range(420)]
    assert (codes[0], codes[-1]) == (401, 429)

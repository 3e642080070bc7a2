"""The guard in front of Gradio, asked over HTTP as anybody could."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.app_process import AppProcess


def get(app: AppProcess, path: str, **headers: str) -> requests.Response:
    return requests.get(app.url.rstrip("/") + path, headers=headers, timeout=10)


def test_the_page_is_small_protected_and_starts_with_our_script(app: AppProcess) -> None:
    answer = get(app, "/", **{"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert (
        "frame-ancestors 'self' https://huggingface.co" in answer.headers["content-security-policy"]
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["permissions-policy"].startswith("camera=(self)")
    assert answer.text.index("window.studio =") < answer.text.index("window.gradio_config =")


@pytest.mark.parametrize("how", ["br", "gzip"])  # browsers take br only over https
def test_assets_are_compressed_and_kept_by_the_browser(app: AppProcess, how: str) -> None:
    page = get(app, "/").text
    name = page.split("/assets/index-", 1)[1].split('"', 1)[0]
    answer = get(app, f"/assets/index-{name}", **{"Accept-Encoding": how})
    assert answer.headers["content-encoding"] == how
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/", "/config"])
def test_the_page_is_sent_again_only_if_it_is_another_one(app: AppProcess, path: str) -> None:
    first = get(app, path, **{"Accept-Encoding": "br"})
    assert (first.headers["content-encoding"], first.headers["vary"]) == ("br", "Accept-Encoding")
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"Accept-Encoding": "br", "If-None-Match": first.headers["etag"]}
    again = get(app, path, **known)
    assert (again.status_code, again.content) == (304, b"")
    assert get(app, path, **known | {"Accept-Encoding": "gzip"}).status_code == 200


def test_each_address_has_a_page_of_its_own(app: AppProcess) -> None:
    port = app.url.rstrip("/").rpartition(":")[2]
    for host in ("127.0.0.1", "localhost"):
        page = get(app, "/?deep_link=abc", Host=f"{host}:{port}").text
        assert f'"root":"http://{host}:{port}"' in page
        assert '"deep_link_state":"none"' in page


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring",
        "/monitoring/summary",
        "/pwa_icon/8000",
        "/docs",
        "/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/deep_link",
        "/gradio_api/proxy=https://example.com/",
        "/gradio_api/file=http://169.254.169.254/latest",
        "/gradio_api/file/https://example.com/",
    ],
)
def test_routes_that_the_page_does_not_use_are_closed(app: AppProcess, path: str) -> None:
    assert get(app, path).status_code == 404


def test_a_huge_request_is_refused_before_it_is_read(app: AppProcess) -> None:
    url = app.url.rstrip("/") + "/gradio_api/queue/join"
    answer = requests.post(url, data=b"x" * 3_000_000, timeout=10)
    assert answer.status_code == 413


def test_a_huge_request_without_a_length_is_cut_off(app: AppProcess) -> None:
    url = app.url.rstrip("/") + "/gradio_api/queue/join"
    try:
        answer = requests.post(url, data=(b"x" * 100_000 for _ in range(40)), timeout=10)
    except requests.ConnectionError:
        return
    assert answer.status_code >= 400


def test_the_database_and_the_inputs_are_not_served(app: AppProcess) -> None:
    database = app.folder / "studio.sqlite"
    sqlite3.connect(database).close()  # it is there
    for path in (database, app.folder / "engine", Path("/etc/hostname"), Path("app.py").resolve()):
        answer = get(app, f"/gradio_api/file={quote(str(path))}")
        assert (path, answer.status_code) == (path, 403)


def test_the_page_can_be_installed_as_an_app(app: AppProcess) -> None:
    assert '<link rel="manifest" href="manifest.json">' in get(app, "/").text
    manifest = get(app, "/manifest.json")
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert [icon["sizes"] for icon in manifest.json()["icons"]] == ["192x192", "512x512"]
    for icon in manifest.json()["icons"]:
        answer = get(app, f"/{icon['src']}")
        assert answer.content.startswith(b"\x89PNG")

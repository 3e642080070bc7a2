"""A result plays in a browser, not only in our own decoder."""

from __future__ import annotations

import functools
import http.server
import threading
from typing import Any

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser

from tests.app_process import ROOT, AppProcess

pytestmark = pytest.mark.browser

PLAY = """async (name) => {
  const video = document.createElement('video');
  video.src = encodeURIComponent(name);
  video.muted = true;
  document.body.append(video);
  await video.play();
  await new Promise((done) => {
    video.addEventListener('timeupdate', () => video.currentTime > 0.5 && done());
    setTimeout(done, 10000);
  });
  const {currentTime: time, videoWidth: width, videoHeight: height} = video;
  return {time, width, height, error: video.error && video.error.message};
}"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_browser_plays_the_video(browser: Browser, app: AppProcess, tmp_path: Any) -> None:
    client = Client(app.url, verbose=False, download_files=str(tmp_path))
    video, _ = client.predict(
        handle_file(ROOT / "assets" / "portrait.jpg"),
        handle_file(ROOT / "assets" / "voice-zh.mp3"),
        api_name="/talking_head",
    )
    client.close()
    folder, _, name = video.rpartition("/")
    handler = functools.partial(QuietHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        played = page.evaluate(PLAY, name)
    finally:
        page.close()
        server.shutdown()
        server.server_close()
    assert played["error"] is None
    assert played["time"] > 0.5
    assert (played["width"], played["height"]) == (768, 960)

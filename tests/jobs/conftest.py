"""A studio with its own data folder and its own embedded engine, for all tests of this folder."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from comfy.jobs.studio import Studio
from comfy.settings import Settings
from tests.app_process import careful_head, still_head

TASKS = ("image_cleanup", "voice_clone", "talking_head")


@pytest.fixture(scope="module")  # one to a process: DBOS is global, and other files open their own
def studio(tmp_path_factory):
    data = tmp_path_factory.mktemp("studio")
    own = str(still_head(careful_head(tmp_path_factory.mktemp("own"))))
    options = ["--data", str(data), "--workflows", own, "--max-jobs", "6"]
    studio = Studio.open(Settings.load(options, {}))
    wait_for(lambda: studio.servers() and studio.servers()[0].online)
    yield studio
    studio.close()


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    """A soft background with one line of text on it."""
    path = tmp_path_factory.mktemp("made") / "picture.png"
    rows = np.linspace(90, 150, 240).astype(np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(rows[:, None, None], 3, 2), 320, 1))
    font = ImageFont.load_default(28)
    ImageDraw.Draw(image).text((60, 190), "Hello subtitle", "white", font, stroke_width=2)
    image.save(path)
    return path


@pytest.fixture(scope="session")
def voice():
    """A few seconds of speech."""
    return Path(__file__).parent.parent.parent / "assets/voice-zh.mp3"


def wait_for(condition, seconds=60):
    """Poll until the condition holds; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)

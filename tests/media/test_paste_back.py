"""Nothing else moves: outside of what was edited the original's bits, or no pasting at all."""

import numpy as np
import pytest
from PIL import Image

from comfy.media import bounded
from comfy.media.paste_back import REPAINTED, UNCHANGED, UNREGISTERED, Pasted, paste_back
from tests.bench.paste_back import moved, score
from tests.bench.picture_cases import ASSETS, drawn, subtitle


def portrait(name="portrait.jpg"):
    with Image.open(ASSETS / name) as image:
        return np.asarray(image.convert("RGB").resize((512, 640)))


@pytest.mark.parametrize("name", ["scene", "keyframe", "portrait2"])
def test_only_the_letters_change(name):
    with Image.open(ASSETS / f"{name}.jpg") as image:
        image.thumbnail((640, 640))
        clean = np.asarray(image.convert("RGB"))
    case = drawn(name, clean, (), lambda size: subtitle(size, "湖光山色 SAMPLE", y=0.7))
    found = score(case, 104)
    assert (found.reason, found.outside) == ("", 0)
    assert found.raw_outside > clean.size / 3 / 2  # what the model's own picture had changed
    assert found.share < 0.13
    assert found.after > found.before + 15


def test_what_only_moved_is_not_taken_for_an_edit():
    before = portrait()
    assert paste_back(before, moved(before, 1)) == Pasted(None, 0.0, UNCHANGED)


def test_a_picture_painted_anew_stays_as_the_model_made_it():
    before = portrait()
    grey = np.repeat(before.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    brighter = np.clip(before * 1.4, 0, 255).astype(np.uint8)
    for after in (grey, brighter):
        assert paste_back(before, after).reason == REPAINTED


def test_another_picture_is_not_pasted():
    for after in (portrait("portrait2.jpg"), np.full((300, 400, 3), 90, np.uint8)):
        assert paste_back(portrait(), after).reason in (UNREGISTERED, REPAINTED)
        assert paste_back(portrait(), after).picture is None


def test_files_are_mended_in_the_bounded_process(tmp_path):
    before = portrait()
    edited = before.copy()
    edited[500:560, 100:300] = (40, 90, 160)
    paths = [tmp_path / f"{name}.png" for name in ("before", "after", "mended")]
    Image.fromarray(before).save(paths[0])
    Image.fromarray(moved(edited, 2)).save(paths[1])
    share, reason = bounded.paste_back(*paths)
    with Image.open(paths[2]) as image:
        mended = np.asarray(image)
    assert reason == ""
    assert 0.03 < share < 0.09
    changed = (mended != before).any(axis=2)
    assert not changed[:460].any()
    assert np.abs(mended[505:555, 105:295].astype(int) - (40, 90, 160)).mean() < 6

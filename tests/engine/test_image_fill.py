"""What a filled hole looks like: as fine as the scene around it, however large it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from comfy.engine.image.fill import fill
from comfy.engine.image.remove_text import remove_text

KEYFRAME = Path(__file__).parent.parent.parent / "assets" / "keyframe.jpg"


@pytest.mark.parametrize("size", [24, 80])
def test_a_hole_in_a_rough_scene_is_as_rough(size: int) -> None:
    """The larger one is solved on a coarser grid, which alone would show none of the roughness."""
    noise = np.random.default_rng(0).normal(0, 60, (500, 700, 3)).astype(np.float32)
    rough = np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 1.2), 0, 255).astype(np.uint8)
    hole = np.zeros(rough.shape[:2], bool)
    hole[200 : 200 + size, 300 : 300 + size] = True
    filled = rough.copy()
    fill(filled, hole, lambda: None)
    assert (filled[~hole] == rough[~hole]).all()
    inside = hole & ~cv2.dilate((~hole).view(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    assert filled[inside].std() > 0.6 * rough[~hole].std()


def test_a_hole_in_a_smooth_scene_is_smooth() -> None:
    x = np.linspace(40, 200, 400, dtype=np.float32)
    smooth = np.repeat(np.repeat(x[None, :, None], 300, axis=0), 3, axis=2).astype(np.uint8)
    hole = np.zeros(smooth.shape[:2], bool)
    hole[100:140, 120:220] = True
    filled = smooth.copy()
    fill(filled, hole, lambda: None)
    assert np.abs(filled.astype(int) - smooth).max() <= 6


def test_a_smooth_bar_under_a_lively_scene_stays_smooth() -> None:
    """The page's first example: whatever is left of its subtitle is seen by everybody."""
    frame = cv2.cvtColor(cv2.imread(str(KEYFRAME)), cv2.COLOR_BGR2RGB)
    cleaned = remove_text(frame, "", lambda *_: None, lambda: None).picture
    bar = cleaned[600:700, 400:900].astype(np.float32)
    assert (bar - cv2.GaussianBlur(bar, (0, 0), 4)).std() < 2

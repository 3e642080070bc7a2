"""What a page says was painted: checked, bounded, and drawn to a mask of the picture's size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from comfy.errors import InputError
from comfy.ui.painting import MOST_NUMBERS, with_masks
from comfy.ui.uploads import read_values
from comfy.workflow.inputs import Input

INPUTS = (Input("image", "image"), Input("mask", "mask", required=False, over="image"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gradio's folder for uploads, with a photo that lies on its side."""
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    photo = Image.new("RGB", (120, 80), "green")
    exif = photo.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    photo.save(folder / "photo.jpg", exif=exif)
    return folder


def read(folder: Path, painted: Any) -> dict[str, Any]:
    values = read_values(INPUTS, [{"path": str(folder / "photo.jpg")}, painted])
    return with_masks(INPUTS, values)


def test_strokes_become_a_mask_as_the_picture_is_seen(folder: Path) -> None:
    painted = {"strokes": [[0.1, [0.5, 0.25]]], "layer": "", "picture": "photo.jpg"}
    with Image.open(read(folder, painted)["mask"]) as mask:
        assert mask.size == (80, 120)
        rows, columns = np.nonzero(np.asarray(mask))
    assert (round(rows.mean()), round(columns.mean())) == (30, 40)


def test_an_older_mask_is_used_again_and_painted_on(folder: Path) -> None:
    older = folder / "older.png"
    Image.new("L", (80, 120)).save(older)
    assert read(folder, {"strokes": [], "layer": str(older)})["mask"] == older.resolve()
    both = read(folder, {"strokes": [[0.1, [0.5, 0.5]]], "layer": str(older)})["mask"]
    assert both != older


@pytest.mark.parametrize("nothing", [None, "", {"strokes": [], "layer": ""}])
def test_without_paint_there_is_no_mask(folder: Path, nothing: Any) -> None:
    assert read(folder, nothing)["mask"] is None


@pytest.mark.parametrize(
    "painted",
    [
        {"strokes": 7},
        {"strokes": [[0.1]]},
        {"strokes": [[0.1, []]]},
        {"strokes": [[0.1, [0.5]]]},
        {"strokes": [[0.1, ["x", 0.5]]]},
        {"strokes": [[0.1, [float("nan"), 0.5]]]},
        {"strokes": [[0.1, [0.5] * (MOST_NUMBERS + 2)]]},
        {"strokes": [[0.1, [0.5, 0.5]]], "layer": "/etc/hostname"},
    ],
)
def test_a_painting_is_bounded(folder: Path, painted: Any) -> None:
    with pytest.raises(InputError) as refused:
        read(folder, painted)
    assert refused.value.code == "file_unusable"


def test_a_brush_far_outside_draws_nothing_inside(folder: Path) -> None:
    far = {"strokes": [[0.2, [1e300, -1e300]]]}
    with Image.open(read(folder, far)["mask"]) as mask:
        assert mask.getbbox() is None

"""The steps of removing text, each on its own."""

from __future__ import annotations

import numpy as np
import pytest

from comfy.engine.image import fill as fill_module
from comfy.engine.image import tiling
from comfy.engine.image.brick_rows import fit_rows
from comfy.engine.image.classify import classify, is_believable
from comfy.engine.image.fill import fill
from comfy.engine.image.instruction import Kind
from comfy.engine.image.lattice import fit_lattice
from comfy.engine.image.membrane import membrane
from comfy.engine.image.text_boxes import TextBox
from comfy.engine.image.whole_copies import whole_copies
from comfy.engine.image.windows import Window, parts
from tests.engine.pictures import HEIGHT, WIDTH, psnr, scene


def box(x: float, y: float, text: str, score: float = 0.95, height: float = 20) -> TextBox:
    """A level box whose center is at x, y."""
    half = len(text) * height * 0.3
    corners = [(x - half, y - height / 2), (x + half, y - height / 2)]
    corners += [(x + half, y + height / 2), (x - half, y + height / 2)]
    return TextBox(np.array(corners, np.float32), text, score)


def test_the_membrane_continues_a_slope_and_keeps_what_is_known() -> None:
    y, x = np.mgrid[0:60, 0:80].astype(np.float32)
    slope = np.stack([x, y, x + y], axis=2)
    hole = np.zeros((60, 80), bool)
    hole[20:40, 30:50] = True
    filled = membrane(slope, hole)
    assert np.allclose(filled[~hole], slope[~hole], atol=1e-4)
    assert np.abs(filled[hole] - slope[hole]).max() < 6


def test_a_picture_that_is_all_hole_does_not_break_the_membrane() -> None:
    assert np.isfinite(membrane(np.ones((5, 7, 3), np.float32), np.ones((5, 7), bool))).all()


def test_a_membrane_of_one_channel_is_that_of_three() -> None:
    light, hole = scene()[..., 0].astype(np.float32), np.zeros((HEIGHT, WIDTH), bool)
    hole[20:40, 30:200] = hole[:, -3:] = True
    three = membrane(np.repeat(light[..., None], 3, axis=2), hole)
    assert np.allclose(membrane(light, hole), three[..., 1], atol=1e-3)


def test_a_coarse_picture_has_the_means_of_what_is_known() -> None:
    picture, hole = scene()[:38, :51], np.random.default_rng(1).random((38, 51)) < 0.5
    hole[8:16, 12:20] = True  # whole blocks
    means, missing = fill_module._reduced(picture, hole, 4)
    assert missing.sum() == 4
    for row, column in ((0, 0), (9, 3), (4, 12)):  # two of them cut by the border
        block = slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4)
        expected = picture[block][~hole[block]].mean(axis=0)
        assert np.allclose(means[row, column], expected, atol=1e-3)
    assert (missing[2:4, 3:5]).all()


def test_the_made_grain_repeats_without_a_seam() -> None:
    noise = fill_module._noise()
    assert abs(noise.mean()) < 1e-3
    assert abs(noise.std() - 1) < 1e-3

    def likeness(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.corrcoef(one, other)[0, 1])

    inside = likeness(noise[:, 100], noise[:, 101])
    assert inside > 0.2
    assert abs(likeness(noise[:, -1], noise[:, 0]) - inside) < 0.15
    assert abs(likeness(noise[-1], noise[0]) - inside) < 0.15


@pytest.mark.parametrize("limit", [2_500_000, 20_000])
def test_filling_changes_the_hole_only_also_in_strips(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill_module, "_MAX_PIXELS", limit)
    picture, hole = scene(), np.zeros((HEIGHT, WIDTH), bool)
    hole[100:260:7, 50:600] = True
    picture[hole] = 255
    fill(picture, hole, lambda: None)
    assert np.array_equal(picture[~hole], scene()[~hole])
    assert psnr(picture[hole], scene()[hole]) > 30


def test_parts_of_a_mask_are_disjoint_windows() -> None:
    mask = np.zeros((100, 200), bool)
    mask[10, 10] = mask[12, 30] = mask[80, 150] = True
    assert sorted(parts(mask, margin=8)) == [Window(0, 0, 40, 24), Window(136, 72, 160, 96)]


def test_a_lattice_is_found_in_spite_of_stray_and_missing_points() -> None:
    grid = [(40 + 50 * i + 25 * (j % 2), 30 + 40 * j) for i in range(5) for j in range(5)]
    points = np.array([*grid[:7], *grid[9:], (3.0, 171.0)])
    lattice = fit_lattice(points, 45, 20)
    assert lattice is not None
    found = lattice.points(280, 195)
    nearest = [np.linalg.norm(found - place, axis=1).min() for place in np.array(grid)]
    assert max(nearest) < 0.01


def test_a_lattice_is_found_in_few_points_that_share_but_one_step() -> None:
    steps = [(0, 0), (1, 0), (3, -1), (4, -1), (1, 2), (5, 1), (4, 3)]
    points = np.array([(100.0 + 40 * i + 10 * j, 90.0 - 15 * i + 50 * j) for i, j in steps])
    lattice = fit_lattice(points, 45, 20)
    assert lattice is not None
    cell = lattice.first[0] * lattice.second[1] - lattice.first[1] * lattice.second[0]
    assert abs(cell) == pytest.approx(40 * 50 + 15 * 10)


def test_points_without_order_have_no_lattice() -> None:
    points = np.random.default_rng(0).uniform(0, 500, (12, 2))
    assert fit_lattice(points, 45, 20) is None


def test_rows_are_found_whose_offsets_follow_no_rule() -> None:
    starts = (3.0, 70.0, 31.0, 98.0)
    copies = [
        (start + 120 * i, 50 * row + 2 * i) for row, start in enumerate(starts) for i in (1, 2, 4)
    ]
    rows = fit_rows(np.array([*copies, (250.0, 180.0)]), 90, 20)
    assert rows is not None
    found = np.concatenate(rows.points(600, 300))
    missing = [(start + 360, 50 * row + 6) for row, start in enumerate(starts)]
    nearest = [np.linalg.norm(found - place, axis=1).min() for place in np.array(copies + missing)]
    assert max(nearest) < 0.01


def test_points_without_order_have_no_rows() -> None:
    assert fit_rows(np.random.default_rng(0).uniform(0, 500, (12, 2)), 90, 20) is None


def test_rows_that_do_not_go_on_are_no_grid() -> None:
    peaks = np.array([(123.0, 0.0), (243.0, 0.0), (190.0, 50.0), (310.0, 50.0)])
    assert fit_rows(peaks, 90, 20) is not None
    match = np.zeros((300, 600), np.float32)  # nothing like the mark anywhere
    valid = np.ones((320, 690), bool)
    assert tiling._grid(match, valid, peaks, 90, 20) is None


def test_a_cut_copy_tells_where_the_whole_one_is() -> None:
    whole = [box(x, 50, "WATERMARK") for x in (100, 300)]
    pieces = [box(500 - 4 * 6, 50, "WATER"), box(700 + 5 * 6, 50, "MARK"), box(900, 50, "ER")]
    centers, width = whole_copies([*whole, *pieces])
    assert centers.tolist() == [[100, 50], [300, 50], [500, 50], [700, 50]]
    assert width == 9 * 12


def test_kinds_follow_place_and_repetition() -> None:
    boxes = [
        box(320, 330, "a subtitle"),
        box(580, 20, "@mark"),
        box(320, 180, "EXIT"),
        *(box(x, y, "SAMPLE") for x in (100, 300) for y in (60, 130)),
    ]
    kinds = [known.kind for known in classify(boxes, 640, 360)]
    assert kinds == [Kind.SUBTITLE, Kind.WATERMARK, Kind.TEXT, *4 * [Kind.WATERMARK]]


def test_imagined_text_is_not_believed() -> None:
    readings = [("***", 0.9), ("O", 0.99), ("AAAAKA", 0.9), ("EXIT", 0.95)]
    boxes = [box(320, 180, text, score) for text, score in readings]
    assert [is_believable(known) for known in boxes] == [False, False, False, True]


def test_a_hole_in_pleats_gets_pleats() -> None:
    """A pattern goes on through a hole that is wider than its period."""
    columns = np.arange(240)
    row = 120 + 60 * np.sin(2 * np.pi * columns / 17) + 0.1 * columns
    clean = np.repeat(np.repeat(row[None], 200, axis=0)[..., None], 3, axis=2).astype(np.uint8)
    hole = np.zeros(clean.shape[:2], bool)
    hole[75:125, 80:150] = True
    picture = clean.copy()
    picture[hole] = 255
    fill(picture, hole, lambda: None)
    off = np.abs(picture[hole].astype(int) - clean[hole])
    assert off.mean() < 6  # a smooth guess alone is off by 38
    assert (picture[~hole] == clean[~hole]).all()

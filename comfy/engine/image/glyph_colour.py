"""The colour that the letters in a text box are filled with."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.colours import colour_distance
from comfy.engine.image.membrane import Floats
from comfy.engine.image.windows import Mask, Window, bounds, ellipse

_MAX_SAMPLES = 20_000
_MIN_SCORE = 0.03


@dataclass(frozen=True)
class Areas:
    """Parts of the window around a text box.

    `inside`: the box and a little more; `core`: its middle, where letters are; `edge`: its border,
    where letters should not be.
    """

    inside: Mask
    core: Mask
    edge: Mask

    def cut(self, window: Window) -> Areas:
        masks = (self.inside, self.core, self.edge)
        return Areas(*(mask[window.slices] for mask in masks))


def glyph_pixels(lab: Floats, areas: Areas, glyph_size: float) -> Mask | None:
    """Pixels of the colour cluster that looks most like letters; None if none does.

    `lab` is CIE L*a*b*, [height, width, 3]. Letters are thin, in one piece each, of one colour,
    frequent in the middle of the box and rare at its border.
    """
    pen = ellipse(max(1, round(glyph_size * 0.13)))
    near = bounds(areas.inside).grown(len(pen), areas.inside.shape)
    view = areas.cut(near)
    pixels = lab[near.slices][view.inside]
    samples = pixels
    if len(samples) > _MAX_SAMPLES:
        chosen = np.random.default_rng(0).choice(len(samples), _MAX_SAMPLES, replace=False)
        samples = samples[chosen]
    best, best_score = None, _MIN_SCORE
    for count in (3, 5):
        if len(samples) < 50 * count:
            continue
        labels = np.full(view.inside.shape, -1)
        labels[view.inside] = _nearest(pixels, _cluster_colours(samples, count))
        for label in range(count):
            cluster = labels == label
            score = _likeness(lab[near.slices], cluster, view, pen, glyph_size)
            if score > best_score:
                best, best_score = cluster, score
    if best is None:
        return None
    result = np.zeros(areas.inside.shape, bool)
    result[near.slices] = best
    return result


def _cluster_colours(samples: Floats, count: int) -> Floats:
    cv2.setRNGSeed(1)  # same picture, same mask
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 0.5)
    _, _, colours = cv2.kmeans(samples, count, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(colours, np.float32)


def _nearest(pixels: Floats, colours: Floats) -> npt.NDArray[np.intp]:
    return np.asarray(
        np.argmin([colour_distance(pixels, colour) for colour in colours], axis=0), np.intp
    )


def _likeness(
    lab: Floats, cluster: Mask, areas: Areas, pen: npt.NDArray[np.uint8], glyph_size: float
) -> float:
    count = int(np.count_nonzero(cluster))
    if count < 0.02 * np.count_nonzero(areas.inside):
        return 0.0
    in_core = _share(cluster, areas.core)
    at_edge = _share(cluster, areas.edge)
    pixels = cluster.view(np.uint8)
    thick = np.count_nonzero(cv2.morphologyEx(pixels, cv2.MORPH_OPEN, pen)) / count
    sizes = cv2.connectedComponentsWithStats(pixels, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    specks = sizes[sizes < max(6, (glyph_size * 0.06) ** 2)].sum() / count
    spread = float(np.linalg.norm(cv2.meanStdDev(lab, mask=pixels)[1]))
    contrast = in_core * (in_core - at_edge) / (in_core + at_edge + 1e-3)
    return float(contrast * (1 - thick) ** 2 * (1 - specks) / (1 + spread / 25))


def _share(cluster: Mask, area: Mask) -> float:
    """Of an area, how much is in the cluster."""
    return int(np.count_nonzero(cluster & area)) / max(1, int(np.count_nonzero(area)))

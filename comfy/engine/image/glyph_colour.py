"""The colour that the letters in a text box are filled with."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.image.membrane import Floats
from comfy.engine.image.windows import Mask, ellipse

_MAX_SAMPLES = 20_000
_MIN_SCORE = 0.03


@dataclass(frozen=True)
class Areas:
    """Parts of the window around a text box.

    `inside`: the box and a little more; `core`: its middle, where letters are; `edge`: its border,
    where letters should not be; `ring`: the surroundings.
    """

    inside: Mask
    core: Mask
    edge: Mask
    ring: Mask


def glyph_pixels(lab: Floats, areas: Areas, glyph_size: float) -> Mask | None:
    """Pixels of the colour cluster that looks most like letters; None if none does.

    `lab` is CIE L*a*b*, [height, width, 3]. Letters are thin, in one piece each, of one colour,
    frequent in the middle of the box and rare at its border.
    """
    samples = lab[areas.inside]
    if len(samples) > _MAX_SAMPLES:
        chosen = np.random.default_rng(0).choice(len(samples), _MAX_SAMPLES, replace=False)
        samples = samples[chosen]
    best, best_score = None, _MIN_SCORE
    for count in (3, 5):
        if len(samples) < 50 * count:
            continue
        labels = _nearest(lab, _cluster_colours(samples, count))
        for label in range(count):
            cluster = (labels == label) & areas.inside
            score = _likeness(lab, cluster, areas, glyph_size)
            if score > best_score:
                best, best_score = cluster, score
    return best


def _cluster_colours(samples: Floats, count: int) -> Floats:
    cv2.setRNGSeed(1)  # same picture, same mask
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 0.5)
    _, _, colours = cv2.kmeans(samples, count, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(colours, np.float32)


def _nearest(lab: Floats, colours: Floats) -> npt.NDArray[np.intp]:
    distances = [np.linalg.norm(lab - colour, axis=2) for colour in colours]
    return np.asarray(np.argmin(np.stack(distances), axis=0), np.intp)


def _likeness(lab: Floats, cluster: Mask, areas: Areas, glyph_size: float) -> float:
    count = int(cluster.sum())
    if count < 0.02 * areas.inside.sum():
        return 0.0
    in_core = (cluster & areas.core).sum() / max(1, areas.core.sum())
    at_edge = (cluster & areas.edge).sum() / max(1, areas.edge.sum())
    pixels = cluster.view(np.uint8)
    pen = ellipse(max(1, round(glyph_size * 0.13)))
    thick = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, pen).sum() / count
    sizes = cv2.connectedComponentsWithStats(pixels, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    specks = sizes[sizes < max(6, (glyph_size * 0.06) ** 2)].sum() / count
    spread = float(np.linalg.norm(lab[cluster].std(axis=0)))
    contrast = in_core * (in_core - at_edge) / (in_core + at_edge + 1e-3)
    return float(contrast * (1 - thick) ** 2 * (1 - specks) / (1 + spread / 25))

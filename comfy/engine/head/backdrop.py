"""Tell the person from the background, so that the background stays still behind a moving head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comfy.engine.head.face import Face
from comfy.engine.head.geometry import Floats, Pixels, smoothstep

SEARCH_SIDE = 256  # GrabCut's time grows with the area
ROUNDS = 4
SEED = 0  # OpenCV's random numbers start GrabCut's colour models: same picture, same outline
FACE_KEPT = 0.97  # an outline that loses more of the face than this is wrong
AREA = (0.08, 0.85)  # plausible share of the picture
HALO = 0.03  # background that moves along with the outline, in face widths
SOFT = 0.03  # width of the outline's softness, in face widths

Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Backdrop:
    """`person`: 1 on the person and a narrow halo, 0 on the background, shape [height, width];
    `empty`: the picture with the background continued a little way behind the outline."""

    person: Floats
    empty: Pixels


def find_backdrop(
    picture: Pixels, face: Face, check: Callable[[], None] = lambda: None
) -> Backdrop | None:
    """Cut the person out (GrabCut, Rother et al. 2004), or None if that did not work out.

    `check` is called between its rounds so that a cancel is prompt.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SEARCH_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small_face = face.moved(scale, 0, 0)
    outline = _outline(small, small_face, check)
    if outline is None:
        return None
    unit = face.width * face.axes.unit
    large = cv2.resize(outline.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    distance = _signed_distance(large > 0.5)
    person = smoothstep(-(HALO + SOFT) * unit, -HALO * unit, distance)
    return Backdrop(person, _continued(picture, distance, HALO * unit))


def _outline(picture: Pixels, face: Face, check: Callable[[], None]) -> Mask | None:
    guess = _guess(picture, face)
    sure = guess == cv2.GC_FGD
    cv2.setRNGSeed(SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        for number in range(ROUNDS):
            check()
            start = cv2.GC_EVAL if number else cv2.GC_INIT_WITH_MASK
            cv2.grabCut(picture, guess, None, *models, 1, start)
    except cv2.error:  # a close-up: the guess holds no background at all
        return None
    person = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    brush = np.ones((5, 5), np.uint8)
    person = cv2.morphologyEx(
        cv2.morphologyEx(person, cv2.MORPH_OPEN, brush), cv2.MORPH_CLOSE, brush
    )
    person = _piece_with(person, sure)
    fine = AREA[0] < person.mean() < AREA[1] and person[sure].mean() > FACE_KEPT
    return person if fine else None


def _guess(picture: Pixels, face: Face) -> Mask:
    """GrabCut's start: the face is the person, the sides above the chin are background."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    u, v = face.axes.local(columns, rows)
    u, v = u / face.width, v / face.width  # face widths, origin between the eyes
    head = (u / 0.85) ** 2 + ((v - 0.05) / 1.05) ** 2 < 1
    body = (v > 0.6) & (np.abs(u) < 0.45 + 1.1 * (v - 0.6))
    guess = np.where(head | body, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    guess[((np.abs(u) > 1.15) & (v < 0.4)) | (v < -1.3)] = cv2.GC_BGD
    guess[(u / 0.36) ** 2 + ((v - 0.22) / 0.45) ** 2 < 1] = cv2.GC_FGD
    guess[(v > 0.5) & (np.abs(u) < 0.15)] = cv2.GC_FGD
    return guess


def _piece_with(person: Mask, sure: npt.NDArray[np.bool_]) -> Mask:
    """The connected piece that holds the face, its holes filled."""
    _, labels = cv2.connectedComponents(person)
    counts = np.bincount(labels[sure & (person > 0)], minlength=2)
    piece: Mask = (labels == int(counts[1:].argmax()) + 1).astype(np.uint8)
    contours, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(piece, contours, -1, 1, thickness=cv2.FILLED)
    return piece


def _signed_distance(inside: npt.NDArray[np.bool_]) -> Floats:
    """Pixels to the outline: positive inside, negative outside."""
    within = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    without = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    distance: Floats = within - without
    return distance


def _continued(picture: Pixels, distance: Floats, halo: float) -> Pixels:
    """The background, blurred inwards past the outline; deep inside nobody will ever look."""
    # the blur is wide: a small picture of it has all that it needs
    scale = min(1.0, 4 / halo)
    height, width = picture.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    hidden = distance >= -halo
    known = cv2.resize((~hidden).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shown = np.where(hidden[..., None], np.uint8(0), picture)
    around = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), halo * scale)
    around = cv2.GaussianBlur(around, (0, 0), halo * scale)
    filled = np.clip(around / np.maximum(weight, 1e-3)[..., None], 0, 255).astype(np.uint8)
    near = cv2.resize(weight, (width, height)) > 1e-3
    return np.where((hidden & near)[..., None], cv2.resize(filled, (width, height)), picture)

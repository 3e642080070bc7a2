"""Finding a face and its mouth, and refusing what is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from comfy.engine.head.face import FACES, find_face
from comfy.engine.head.framing import frame_picture
from comfy.engine.head.geometry import Pixels
from comfy.engine.head.mouth import Mouth, find_mouth
from comfy.engine.node import NodeError
from comfy.engine.nodes.head import FACE
from tests.engine.head_samples import portrait


def mouth_of(picture: Pixels) -> Mouth:
    return find_mouth(picture, find_face(picture, lambda: None))


def turned(picture: Pixels, degrees: float) -> Pixels:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    view: Pixels = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return view


def test_the_mouth_of_the_sample_portrait() -> None:
    mouth = mouth_of(portrait(768))
    assert abs(mouth.axes.x - 383) < 8 and abs(mouth.axes.y - 538) < 8
    assert 40 < mouth.axes.unit < 65 and mouth.teeth_gap == 0


def test_pale_skin_beside_the_lips_is_no_tooth_row() -> None:
    """Highlights over the upper lip, as in paintings and under a studio's light."""
    plain = mouth_of(portrait(768))
    for x in (350, 383, 415):
        lit = portrait(768).astype(np.float32)
        spot = np.zeros(lit.shape[:2], np.float32)
        cv2.ellipse(spot, (x, 505), (26, 9), 0, 0, 360, 1.0, -1)
        spot = 0.9 * cv2.GaussianBlur(spot, (0, 0), 2)[..., None]
        lit += spot * (np.array([236, 232, 226]) - lit)
        mouth = mouth_of(np.clip(lit, 0, 255).astype(np.uint8))
        assert mouth.teeth_gap == 0
        assert abs(mouth.axes.y - plain.axes.y) < 6


def test_a_mouth_that_stands_open_is_parted_at_its_lower_lip() -> None:
    speaking = portrait(768).copy()
    cv2.ellipse(speaking, (383, 552), (44, 30), 0, 0, 360, (170, 80, 80), -1)  # lips
    cv2.ellipse(speaking, (383, 552), (38, 24), 0, 0, 360, (50, 15, 15), -1)
    cv2.ellipse(speaking, (383, 542), (32, 10), 0, 180, 360, (225, 220, 210), -1)  # teeth
    mouth = mouth_of(speaking)
    assert abs(mouth.axes.y - 575) < 8
    assert 0.5 < mouth.teeth_gap < 1.1


@pytest.mark.parametrize("degrees", [8, -25, 25])
def test_a_tilted_head_is_found_with_its_tilt(degrees: int) -> None:
    straight, tilted = mouth_of(portrait()), mouth_of(turned(portrait(), degrees))
    assert abs(np.degrees(tilted.axes.angle - straight.axes.angle) + degrees) < 3
    assert abs(tilted.axes.unit / straight.axes.unit - 1) < 0.2


@pytest.mark.parametrize(
    "change",
    [
        lambda p: np.ascontiguousarray(p[:, ::-1]),
        lambda p: (p * 0.35).astype(np.uint8),
        lambda p: np.repeat(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
        lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 18])[1], 1),
    ],
    ids=["mirrored", "dark", "grey", "bad jpeg"],
)
def test_poor_pictures_give_the_same_mouth(change: object) -> None:
    assert callable(change)
    good, poor = mouth_of(portrait()), mouth_of(change(portrait()))
    assert abs(good.axes.y - poor.axes.y) < 0.35 * good.axes.unit
    assert abs(384 / 2 - poor.axes.x) < 0.35 * good.axes.unit


def wall() -> Pixels:
    rows, columns = np.mgrid[0:480, 0:640]
    bricks = ((rows // 24) % 2) * 40 + (((columns + 30 * ((rows // 24) % 2)) // 60) % 2) * 60 + 90
    return np.repeat(bricks.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1, 1, 3), 128, np.uint8),
        np.full((480, 640, 3), 200, np.uint8),
        wall(),
        np.ascontiguousarray(portrait()[::-1]),
    ],
    ids=["one pixel", "plain", "wall", "upside down"],
)
def test_what_is_no_upright_face_is_refused(picture: Pixels) -> None:
    with pytest.raises(NodeError, match="^no_face: "):
        mouth_of(picture)


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ((0, 0), (768, 960)),
        ((480, 0), (480, 600)),
        ((0, 481), (384, 480)),
        ((640, 640), (640, 640)),
        ((1280, 720), (1280, 720)),
        ((360, 1280), (360, 1280)),
    ],
)
def test_the_video_has_the_size_asked_for_with_the_head_inside(
    asked: tuple[int, int], size: tuple[int, int]
) -> None:
    picture = portrait(768)
    still, face = frame_picture(picture, find_face(picture, lambda: None), *asked)
    assert (still.shape[1], still.shape[0]) == size
    assert 0 < face.axes.point(-1.3, -1.3)[0] and 0 < face.axes.point(-1.3, -1.3)[1]
    assert face.axes.point(1.3, 2)[0] < size[0] and face.axes.point(1.3, 2)[1] < size[1]
    # the face is where it says it is
    assert abs(mouth_of(still).axes.x - find_mouth(still, face).axes.x) < 5


def test_a_large_picture_is_scaled_down() -> None:
    picture = portrait(1600)
    still, _ = frame_picture(picture, find_face(picture, lambda: None), 0, 0)
    assert still.shape == (960, 768, 3)


def test_a_video_too_small_for_a_face_is_refused() -> None:
    picture = portrait()
    with pytest.raises(NodeError, match="^video_too_small: "):
        frame_picture(picture, find_face(picture, lambda: None), 640, 32)


def test_one_of_several_faces_is_chosen() -> None:
    three = np.hstack([portrait(160)] * 3)
    for number, which in enumerate(("left", "middle", "right")):
        face = find_face(three, lambda: None, which)
        assert abs(face.axes.x - (number + 0.5) * 160) < 25


def test_a_face_that_is_not_there_is_not_guessed() -> None:
    two = np.hstack([portrait(160)] * 2)
    with pytest.raises(NodeError, match="^no_such_face: "):
        find_face(two, lambda: None, "middle")


def test_the_node_offers_what_can_be_found() -> None:
    assert tuple(FACE["options"]) == FACES


def test_a_small_face_in_a_large_picture_is_found_at_the_second_look() -> None:
    small = portrait(360)
    crowd = np.full((900, 1600, 3), 170, np.uint8)
    crowd[400 : 400 + small.shape[0], 1100:1460] = small
    face = find_face(crowd, lambda: None)
    assert abs(face.axes.x - 1280) < 8 and face.eyes_seen == 2

"""One frame of a talking head: what moves, and what must not."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from comfy.engine.head.animate import Animator, Pose
from comfy.engine.head.backdrop import Backdrop, find_backdrop
from comfy.engine.head.eyes import find_eyes
from comfy.engine.head.face import Face, find_face
from comfy.engine.head.geometry import Axes, Pixels
from comfy.engine.head.motion import plan_motion
from comfy.engine.head.mouth import Mouth, find_mouth
from tests.engine.head_samples import portrait

PICTURE = portrait(480)


@pytest.fixture(scope="module")
def face() -> Face:
    return find_face(PICTURE, lambda: None)


@pytest.fixture(scope="module")
def mouth(face: Face) -> Mouth:
    return find_mouth(PICTURE, face)


@pytest.fixture(scope="module")
def animator(face: Face, mouth: Mouth) -> Animator:
    return Animator(PICTURE, face, mouth)


def around(axes: Axes, aside: float, above: float, below: float) -> tuple[slice, slice]:
    left, top = axes.point(-aside, -above)
    right, bottom = axes.point(aside, below)
    return slice(max(0, int(top)), int(bottom)), slice(max(0, int(left)), int(right))


def changed(frame: Pixels) -> npt.NDArray[np.bool_]:
    difference: npt.NDArray[np.int16] = np.abs(frame.astype(np.int16) - PICTURE)
    moved: npt.NDArray[np.bool_] = difference.max(axis=2) > 2
    return moved


def test_the_rest_pose_is_the_portrait_itself(animator: Animator) -> None:
    np.testing.assert_array_equal(animator.frame(Pose()), PICTURE)


def test_the_mouth_gets_darker_the_wider_it_opens(animator: Animator, mouth: Mouth) -> None:
    inside = around(mouth.axes, 0.5, 0.1, 0.5)
    light = [float(animator.frame(Pose(opening=o))[inside].mean()) for o in (0, 0.2, 0.5, 1)]
    assert light == sorted(light, reverse=True) and light[0] - light[-1] > 40


def test_speaking_moves_nothing_but_mouth_and_jaw(animator: Animator, mouth: Mouth) -> None:
    moved = changed(animator.frame(Pose(opening=1, width=1)))
    moved[around(mouth.axes, 2.7, 1.6, 4.1)] = False
    assert not moved.any()


def test_a_blink_moves_nothing_but_the_eyes(animator: Animator, face: Face) -> None:
    moved = changed(animator.frame(Pose(lids=1)))
    eyes = around(face.axes, 0.9, 0.4, 0.3)
    assert moved[eyes].mean() > 0.05
    moved[eyes] = False
    assert not moved.any()


def test_eyes_right_under_the_brows_do_not_blink(face: Face) -> None:
    shaded = PICTURE.copy()
    for u in (-0.5, 0.5):
        x, y = (round(at) for at in face.axes.point(u, -0.22))
        half = round(0.3 * face.axes.unit), round(0.14 * face.axes.unit)
        cv2.ellipse(shaded, (x, y), half, 0, 0, 360, (40, 30, 25), -1)
    assert find_eyes(shaded, face) == ()
    assert len(find_eyes(PICTURE, face)) == 2


def test_the_background_stays_still_when_the_head_moves(animator: Animator, face: Face) -> None:
    moved = changed(animator.frame(Pose(right=0.03, down=0.02, roll=0.03, zoom=0.02)))
    reach = 1.32 * face.width
    moved[around(face.axes, reach, 1.25 * reach, 1.4 * reach)] = False
    assert not moved.any()
    corner = animator.frame(Pose(right=0.03, opening=1))[:40, :40]
    np.testing.assert_array_equal(corner, PICTURE[:40, :40])


def test_motion_is_small_smooth_and_blinks_every_few_seconds() -> None:
    motion = plan_motion(np.zeros(60 * 25, np.float32), 25, seed=3)
    for values, limit in ((motion.right, 0.015), (motion.down, 0.01), (motion.roll, 0.02)):
        assert 0 < np.abs(values).max() < limit
        assert np.abs(np.diff(values)).max() < 0.1 * limit
    starts = np.flatnonzero((motion.lids[:-1] == 0) & (motion.lids[1:] > 0)) / 25
    assert np.diff(starts).min() > 2 and np.diff(starts).max() < 6


@pytest.mark.parametrize("seed", [0, -1, 2**64 - 1])
def test_any_seed_will_do(seed: int) -> None:
    first = plan_motion(np.zeros(50, np.float32), 25, seed)
    again = plan_motion(np.zeros(50, np.float32), 25, seed)
    np.testing.assert_array_equal(first.right, again.right)


@pytest.fixture(scope="module")
def backdrop(face: Face) -> Backdrop:
    found = find_backdrop(PICTURE, face)
    assert found is not None
    return found


def test_the_person_is_told_from_the_background(backdrop: Backdrop, face: Face) -> None:
    assert backdrop.person[around(face.axes, 0.9, 0.4, 1.6)].min() == 1
    assert backdrop.person[:60].max() == backdrop.person[:300, :60].max() == 0


def test_the_background_beside_the_head_stays_still(
    face: Face, mouth: Mouth, backdrop: Backdrop
) -> None:
    animator = Animator(PICTURE, face, mouth, backdrop)
    frame = animator.frame(Pose(right=0.012, down=0.008, roll=0.016, opening=1))
    reach = int(0.1 * face.width * face.axes.unit)  # head and halo move less than this
    brush = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    background = cv2.dilate(backdrop.person, brush) == 0
    assert background.mean() > 0.3
    assert not changed(frame)[background].any()
    assert not changed(animator.frame(Pose())).any()


def test_a_close_up_has_no_background_to_keep_still(face: Face) -> None:
    region = around(face.axes, 1.3, 0.6, 1.6)
    close_up = np.ascontiguousarray(PICTURE[region])
    assert find_backdrop(close_up, face.moved(1, -region[1].start, -region[0].start)) is None

"""The talking-video node: a moving face gets the lips of another sound, all else stays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from comfy.engine.head.frames_in import steady_frames
from comfy.engine.head.geometry import Axes
from comfy.engine.node import Audio, Interrupted, NodeError, Video
from comfy.engine.nodes.head import NODES
from tests.engine.head_samples import RATE, RecordingRun, sentence, silence
from tests.engine.moving import Pixels, camera, moved_portrait, track, write_clip

HEAD, VIDEO = NODES
SIDE = 384
MOUTH = (0.0, 1.12)  # in the face's axes


def retalk(folder: Path, clip: Path, waveform: npt.NDArray[np.float32]) -> list[Pixels]:
    audio = Audio(waveform, RATE)
    result = VIDEO.run(RecordingRun(folder), video=Video(clip), audio=audio)
    return frames_of(result.outputs[0].path)


def frames_of(path: Path) -> list[Pixels]:
    return list(steady_frames(path, 1000, Fraction(25), lambda: None))


def darkness(frames: list[Pixels], places: list[Axes]) -> list[float]:
    """How much of each frame's mouth is dark: an open one is."""
    views = [
        place.at(*MOUTH, 1).patch(frame, 24, 16, 0.3)
        for frame, place in zip(frames, places, strict=True)
    ]
    return [float((view.mean(2) < 90).mean()) for view in views]


def test_the_face_is_followed_to_a_fraction_of_a_pixel() -> None:
    places = track(moved_portrait(40, SIDE))
    first = np.vstack([camera(0, SIDE), [0, 0, 1]])
    misses = []
    for index, place in enumerate(places):
        moved = camera(index, SIDE) @ np.linalg.inv(first) @ (*places[0].point(*MOUTH), 1)
        misses.append(moved - place.point(*MOUTH))
    assert np.hypot(*np.array(misses).T).max() < 0.6
    tremor = np.diff(misses, n=2, axis=0)  # what no camera did
    assert np.sqrt((tremor**2).mean()) < 0.15


def test_the_lips_follow_the_sound_and_all_else_stays(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moved_portrait(60, SIDE))
    given, made = frames_of(clip), retalk(tmp_path, clip, sentence())
    assert len(made) == 85  # the sound's 3.37 s, in whole frames; the clip has 60
    given += [given[-1]] * 25  # its last picture is held
    places = track(given)
    dark = np.array(darkness(made, places))
    seconds = (np.arange(85) + 0.5) / 25
    spoken = ((seconds % 1 > 0.6) & (seconds < 1)) | ((seconds > 1.6) & (seconds < 1.95))
    still = (seconds < 0.4) | ((seconds > 1.15) & (seconds < 1.4)) | (seconds > 3.1)
    assert dark[spoken].min() > dark[still].max() + 0.1
    away = np.abs(np.array(given)[:, :60].astype(int) - np.array(made)[:, :60]).mean()
    eyes = np.abs(np.array(given)[:, 150:190].astype(int) - np.array(made)[:, 150:190]).mean()
    assert away < 1.5 and eyes < 2.5  # what encoding does


def test_the_mouth_that_spoke_in_the_video_falls_silent(tmp_path: Path) -> None:
    portrait = np.array(moved_portrait(1, SIDE))
    spoken = HEAD.run(RecordingRun(tmp_path), image=portrait, audio=Audio(sentence(), RATE))
    clip = spoken.outputs[0].path
    given, made = frames_of(clip), retalk(tmp_path, clip, silence(3.4)[None])
    places = track(given)
    assert np.ptp(darkness(given, places)) > 0.15
    assert np.ptp(darkness(made, places)) < 0.05
    assert chin(made, places) < 0.6 * chin(given, places)


def chin(frames: list[Pixels], places: list[Axes]) -> float:
    """How much the face changes where the chin is."""
    views = [
        place.at(0, 2.3, 1).patch(frame, 24, 24, 0.25)
        for frame, place in zip(frames, places, strict=True)
    ]
    return float(np.std(np.array(views, np.float32), axis=0).mean())


def test_a_video_without_a_face_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (30, 96, 128, 3), dtype=np.uint8)
    clip = write_clip(tmp_path / "clip.mp4", list(noise))
    with pytest.raises(NodeError, match="^no_face: "):
        retalk(tmp_path, clip, sentence())


@pytest.mark.parametrize("checks", [0, 5, 60])
def test_a_cancel_leaves_no_file(tmp_path: Path, checks: int) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moved_portrait(30, SIDE))
    run = RecordingRun(tmp_path, interrupt_after=checks)
    with pytest.raises(Interrupted):
        VIDEO.run(run, video=Video(clip), audio=Audio(sentence(), RATE))
    assert list(tmp_path.iterdir()) == [clip]


@pytest.mark.parametrize("content", [b"no video", b""])
def test_a_file_without_a_video_is_refused(tmp_path: Path, content: bytes) -> None:
    (broken := tmp_path / "broken.mp4").write_bytes(content)
    soundfile.write(sound := tmp_path / "sound.wav", sentence()[0], RATE)
    for file in (broken, sound):
        with pytest.raises(NodeError, match="^video_unreadable: "):
            retalk(tmp_path, file, sentence())


def test_a_video_larger_than_any_result_is_read_smaller(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [np.full((40, 2400, 3), 90, np.uint8)] * 2)
    assert [frame.shape for frame in frames_of(clip)] == [(32, 1920, 3)] * 2

"""The talking-head node: from a portrait and speech to an mp4."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from comfy.engine.codecs.sound import decode
from comfy.engine.node import Audio, Interrupted, NodeError
from comfy.engine.nodes.head import NODES
from tests.engine.head_samples import RATE, RecordingRun, portrait, sentence, silence

NODE = NODES[0]


def talk(run: RecordingRun, waveform: npt.NDArray[np.float32], **options: Any) -> Path:
    image = portrait()[None]
    result = NODE.run(run, image=image, audio=Audio(waveform, RATE), **options)
    path: Path = result.outputs[0].path
    return path


def frames_of(path: Path) -> list[npt.NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("fps", [25.0, 29.97])
def test_sound_and_picture_start_at_zero_and_end_together(tmp_path: Path, fps: float) -> None:
    waveform = sentence()
    path = talk(RecordingRun(tmp_path), waveform, fps=fps)
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert video.start_time == sound.start_time == 0
        assert video.average_rate == Fraction(str(fps))
        picture_seconds = float(video.duration * video.time_base)
        sound_seconds = float(sound.duration * sound.time_base)
    assert abs(picture_seconds - sound_seconds) < 0.001
    assert 0 <= picture_seconds - waveform.shape[1] / RATE < 1 / fps + 0.001


def test_the_file_plays_in_any_browser(tmp_path: Path) -> None:
    path = talk(RecordingRun(tmp_path), sentence(), width=321, fps=10)
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.width % 2, video.height % 2) == (0, 0)
        assert video.codec_context.colorspace == 1  # bt709
        assert (sound.codec_context.name, sound.rate) == ("aac", 48_000)
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")  # faststart


def test_the_sound_keeps_its_level(tmp_path: Path) -> None:
    """What was brought to a level before is neither turned up nor down, and gets no peaks."""
    waveform = sentence()
    path = talk(RecordingRun(tmp_path), waveform, width=160, fps=10)
    heard = decode(path, lambda: None).waveform
    before, after = (np.sqrt((wave.astype(np.float64) ** 2).sum()) for wave in (waveform, heard))
    # 48,000 samples a second instead of RATE
    assert after / before == pytest.approx(np.sqrt(48_000 / RATE), rel=0.02)
    assert np.abs(heard).max() < 1.05 * np.abs(waveform).max()


def test_stereo_at_an_odd_rate_stays_stereo(tmp_path: Path) -> None:
    audio = Audio(np.repeat(sentence(), 2, axis=0), 11_025)
    result = NODE.run(RecordingRun(tmp_path), image=portrait()[None], audio=audio, fps=5)
    with av.open(str(result.outputs[0].path)) as container:
        sound = container.streams.audio[0]
        assert (sound.rate, sound.layout.name) == (44_100, "stereo")


def test_progress_counts_to_the_last_frame_with_small_previews(tmp_path: Path) -> None:
    run = RecordingRun(tmp_path)
    talk(run, sentence(), width=640, fps=8)
    values = [value for value, _, _ in run.reports]
    assert values == sorted(values) and run.reports[-1][:2] == (27, 27)
    previews = [preview for _, _, preview in run.reports if preview]
    assert previews and all(max(preview.size) <= 512 for preview in previews)


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    first, again, other = (
        talk(RecordingRun(tmp_path), sentence(), seed=seed, fps=6).read_bytes()
        for seed in (7, 7, 8)
    )
    assert first == again != other


def test_silence_gives_a_closed_mouth_and_blinks(tmp_path: Path) -> None:
    frames = frames_of(talk(RecordingRun(tmp_path), silence(4)[None], fps=12))
    eyes = [float(frame[140:175, 100:290].mean()) for frame in frames]
    assert len(frames) == 48
    assert np.ptp(eyes) > 2  # lids came down: brighter than the iris


def test_no_face_is_an_error_not_a_guess(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1, 300, 400, 3), dtype=np.uint8)
    with pytest.raises(NodeError, match="^no_face: ") as caught:
        NODE.run(RecordingRun(tmp_path), image=noise, audio=Audio(sentence(), RATE))
    assert caught.value.code == "no_face"


def test_no_samples_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="^no_speech: "):
        talk(RecordingRun(tmp_path), np.zeros((1, 0), np.float32))


@pytest.mark.parametrize("checks", [0, 3, 20])
def test_a_cancel_is_prompt_and_leaves_no_file(tmp_path: Path, checks: int) -> None:
    run = RecordingRun(tmp_path, interrupt_after=checks)
    with pytest.raises(Interrupted):
        talk(run, np.tile(sentence(), 10))
    assert time.monotonic() - run.interrupted_at < 0.5
    assert list(tmp_path.iterdir()) == []

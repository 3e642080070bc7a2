"""Videos as an input: any format and turn in; one rate, no sound, and a bounded size out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from comfy.errors import InputError
from comfy.media import bounded
from comfy.media.clips import _write, accept_video, cut_video, first_frame, video_size
from comfy.media.files import Limits
from comfy.media.pauses import spans
from comfy.media.thumbnails import thumbnail

LIMITS = Limits(megabytes=20, seconds=3)


def filmed(path: Path, frames: int, rate: int, size: tuple[int, int] = (64, 48)) -> Path:
    """Frame n has the grey 2 n; with a sound, and with a title that nobody needs to know."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "secret"
        picture = container.add_stream("libx264", rate=rate, options={"crf": "4"})
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), 2 * number, np.uint8)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(picture.encode(None))
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
        quiet.sample_rate = 48_000
        container.mux(sound.encode(quiet))
        container.mux(sound.encode(None))
    return path


def greys(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        frames = container.decode(container.streams.video[0])
        return [round(float(f.to_ndarray(format="gray").mean())) for f in frames]


@pytest.mark.parametrize(("rate", "step"), [(25, 2), (50, 4), (10, 0.8)])
def test_a_video_has_one_rate_and_nothing_but_its_picture(
    tmp_path: Path, rate: int, step: float
) -> None:
    source = filmed(tmp_path / "a.mp4", frames=rate, rate=rate)
    kept = accept_video(source, tmp_path / "in", LIMITS)
    assert accept_video(source, tmp_path / "in", LIMITS) == kept  # known by what is in it
    with av.open(str(kept)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.streams.video[0].average_rate == Fraction(25)
        assert "title" not in container.metadata
    seen = greys(kept)
    assert abs(len(seen) - 25) <= 2
    expected = [step * number for number in range(len(seen))]
    assert np.abs(np.array(seen[:22]) - expected[:22]).max() <= 8


def test_a_video_is_cut_and_made_smaller(tmp_path: Path) -> None:
    source = filmed(tmp_path / "wide.mp4", frames=30, rate=10, size=(1600, 401 + 1))
    kept = bounded.accept_video(source, tmp_path / "in", LIMITS, keep_seconds=1)
    assert bounded.video_size(kept) == video_size(kept) == (1280, 322)
    assert len(greys(kept)) == 25
    assert first_frame(kept).size == (1280, 322)
    assert thumbnail(kept, 64)[:2] == b"\xff\xd8"


def test_what_is_no_video_or_too_short_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    words = tmp_path / "words.mp4"
    words.write_text("no video", encoding="utf-8")
    cases = [(words, "video_unusable"), (filmed(tmp_path / "b.mp4", 2, 25), "video_too_short")]
    for source, code in cases:
        for accept in (accept_video, bounded.accept_video):
            with pytest.raises(InputError) as caught:
                accept(source, tmp_path / "in", LIMITS)
            assert caught.value.code == code
    for opener in (video_size, first_frame, bounded.video_size):
        with pytest.raises(InputError):
            opener(words)
    assert thumbnail(words, 64) == b""
    assert not list((tmp_path / "in").glob("*"))


def test_the_parts_of_a_video_go_with_those_of_the_sound(tmp_path: Path) -> None:
    kept = accept_video(filmed(tmp_path / "c.mp4", 50, 25), tmp_path / "in", LIMITS)
    parts = bounded.cut_video(kept, [0.0, 1.0, 3.0, 5.0], tmp_path / "in")
    seen = [greys(part) for part in parts]
    # half of the overlap of 0.32 s on each side; after the end, the last picture
    assert [len(each) for each in seen] == [29, 29, 1]
    assert (seen[0][0], seen[1][0], seen[2][0]) == pytest.approx((0, 42, 98), abs=4)


def test_a_cut_behind_a_keyframe_begins_at_its_own_frame(tmp_path: Path) -> None:
    """x264 sets one after 250 frames; grey 2 n wraps around after 128."""
    kept = accept_video(filmed(tmp_path / "d.mp4", 125, 25), tmp_path / "in", Limits(seconds=20))
    long = tmp_path / "long.mp4"
    with av.open(str(kept)) as container:
        frames = list(container.decode(container.streams.video[0]))
    assert _write([frame for _ in range(3) for frame in frames], long) == 375
    whole, times = greys(long), [0.0, 6.0, 12.0, 14.0, 15.0]
    for part, (first, last) in zip(cut_video(long, times, tmp_path), spans(times), strict=True):
        assert greys(part) == pytest.approx(whole[round(first * 25) : round(last * 25)], abs=4)

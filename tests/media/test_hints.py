"""What is said at once about a picture, a sound or a video that was put in."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image, ImageFilter, ImageStat

from comfy.errors import InputError
from comfy.media import bounded
from comfy.media.files import Limits
from comfy.media.film import find_face
from comfy.media.haar import Cascades
from comfy.media.hints import picture_hints, sound_hints
from comfy.media.sounds import accept_sound
from comfy.media.video import save_frame, sharpest_moment

ASSETS = Path(__file__).parent.parent.parent / "assets"
RATE = 16_000


def sound(path: Path, *parts: tuple[float, float]) -> Path:
    """A WAV of hums: (seconds, loudness 0..1 or more) each; like speech they pause each second."""
    times = [np.arange(int(seconds * RATE)) for seconds, _ in parts]
    hums = [np.sin(time * 0.1) * (time % RATE >= 0.2 * RATE) for time in times]
    waves = [loudness * hum for hum, (_, loudness) in zip(hums, parts, strict=True)]
    soundfile.write(path, np.clip(np.concatenate(waves), -1, 1), RATE, "PCM_16")
    return path


def clip(path: Path) -> Path:
    """Two seconds with a sharp middle, without sound."""
    sharp = Image.open(ASSETS / "portrait.jpg").resize((384, 480))
    soft = sharp.filter(ImageFilter.GaussianBlur(6))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "1"})
        stream.width, stream.height, stream.pix_fmt = 384, 480, "yuv420p"
        for number in range(20):
            picture = sharp if 6 <= number <= 13 else soft
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("name", ["keyframe.jpg", "portrait.jpg", "portrait2.jpg", "scene.jpg"])
def test_a_good_picture_has_no_hints(name: str) -> None:
    assert picture_hints(ASSETS / name) == []


@pytest.mark.parametrize("name", ["keyframe.jpg", "portrait.jpg", "portrait2.jpg"])
def test_a_face_that_can_speak_has_no_hints(name: str) -> None:
    assert picture_hints(ASSETS / name, face=True) == []


def test_a_face_that_is_small_or_not_there_has(tmp_path: Path) -> None:
    far = Image.open(ASSETS / "scene.jpg")
    far.paste(Image.open(ASSETS / "portrait.jpg").resize((128, 160)), (40, 40))
    far.save(tmp_path / "far.png")
    [(code, told)] = picture_hints(tmp_path / "far.png", face=True)
    assert (code, told["limit"]) == ("small_face", 100) and 40 < told["width"] < 80
    assert picture_hints(ASSETS / "scene.jpg", face=True) == [("faceless", {})]


def two_faces(path: Path) -> Path:
    """Ours side by side, the left one larger."""
    both = Image.new("RGB", (1180, 800), "grey")
    both.paste(Image.open(ASSETS / "portrait.jpg").resize((640, 800)), (0, 0))
    both.paste(Image.open(ASSETS / "portrait2.jpg").resize((480, 600)), (680, 200))
    both.save(path)
    return path


def test_of_two_faces_the_larger_one_is_named(tmp_path: Path) -> None:
    both = two_faces(tmp_path / "both.jpg")
    assert picture_hints(both, face=True) == [("faces", {"count": 2, "choice": "left"})]
    assert picture_hints(both) == []


def test_the_chosen_face_is_the_one_that_is_judged(tmp_path: Path) -> None:
    both = np.asarray(Image.open(two_faces(tmp_path / "both.jpg")).convert("L"))
    found = {which: find_face(both, Cascades(), which) for which in ("", "left", "right")}
    assert found[""] == found["left"]
    assert found["left"] and found["right"] and found["right"].x > 680 > found["left"].x
    assert find_face(both[:, :640], Cascades(), "right") is None  # who knows which one it is


@pytest.mark.parametrize("name", ["voice-zh.mp3", "voice-en.mp3"])
@pytest.mark.parametrize(("below", "hints"), [(20, []), (6, [("noisy", {})])])
def test_noise_behind_a_voice_is_heard(
    name: str, below: float, hints: list[object], tmp_path: Path
) -> None:
    """White noise so many dB below the voice."""
    clear, rate = soundfile.read(accept_sound(ASSETS / name, tmp_path, Limits()))
    level = np.sqrt((clear**2).mean()) * 10 ** (-below / 20)
    noise = np.random.default_rng(0).normal(0, level, len(clear))
    soundfile.write(tmp_path / "noisy.wav", 0.7 * (clear + noise), rate)
    assert sound_hints(tmp_path / "noisy.wav", 15) == hints


def test_a_small_blurred_or_dark_picture_has(tmp_path: Path) -> None:
    good = Image.open(ASSETS / "portrait.jpg")
    good.resize((320, 400)).save(tmp_path / "small.png")
    good.filter(ImageFilter.GaussianBlur(9)).save(tmp_path / "blurred.png")
    good.point(lambda value: value // 8).save(tmp_path / "dark.png")
    assert picture_hints(tmp_path / "small.png") == [
        ("small", {"width": 320, "height": 400, "limit": 400})
    ]
    assert picture_hints(tmp_path / "blurred.png") == [("blurred", {})]
    assert picture_hints(tmp_path / "dark.png") == [("dark", {})]


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no")
    with pytest.raises(InputError) as refused:
        picture_hints(tmp_path / "no.png")
    assert refused.value.code == "picture_unusable"


def test_sounds_that_are_short_quiet_loud_or_long(tmp_path: Path) -> None:
    assert sound_hints(sound(tmp_path / "good.wav", (8, 0.5)), 15) == []
    assert sound_hints(sound(tmp_path / "short.wav", (2, 0.5)), 15) == [
        ("short", {"seconds": "2.0"})
    ]
    assert sound_hints(sound(tmp_path / "quiet.wav", (8, 0.01)), 15) == [("quiet", {})]
    assert sound_hints(sound(tmp_path / "loud.wav", (8, 3.0)), 15) == [("clipping", {})]
    long = sound(tmp_path / "long.wav", (10, 0.0), (15, 0.5), (5, 0.0))
    assert sound_hints(long, 15) == [("part", {"keep": 15, "start": 10.0, "latest": 15.0})]
    assert sound_hints(long, 0) == []


def test_a_quiet_sound_is_made_louder(tmp_path: Path) -> None:
    mended = bounded.louder(sound(tmp_path / "quiet.wav", (8, 0.01)), tmp_path)
    wave, rate = soundfile.read(mended)
    assert (len(wave) / rate, round(float(np.abs(wave).max()), 2)) == (8.0, 0.9)
    assert sound_hints(mended, 15) == []
    silent = bounded.louder(sound(tmp_path / "silent.wav", (3, 0.0)), tmp_path)
    assert not soundfile.read(silent)[0].any()


def test_a_dark_picture_is_made_brighter(tmp_path: Path) -> None:
    dark = Image.open(ASSETS / "portrait.jpg").point(lambda value: value // 8)
    dark.save(tmp_path / "dark.png")
    mended = bounded.brighter(tmp_path / "dark.png", tmp_path)
    with Image.open(mended) as picture:
        assert picture.size == dark.size
        assert 85 < ImageStat.Stat(picture.convert("L")).mean[0] < 95
    assert picture_hints(mended) == []


def test_the_sharpest_frame_of_a_video_is_found_and_saved(tmp_path: Path) -> None:
    film = clip(tmp_path / "clip.mp4")
    moment, seconds = sharpest_moment(film, Limits())
    assert (0.6 <= moment <= 1.3, seconds) == (True, 2.0)
    frame = save_frame(film, moment, tmp_path / "frames")
    with Image.open(frame) as picture:
        assert picture.size == (384, 480)
    assert picture_hints(frame) == [("small", {"width": 384, "height": 480, "limit": 400})]


def test_a_face_is_proposed_before_a_sharper_frame(tmp_path: Path) -> None:
    """One key frame, as in most short clips: stripes, a soft face, a sharp one, stripes."""
    face = Image.open(ASSETS / "portrait.jpg").convert("RGB").resize((240, 320))
    stripes = Image.fromarray((np.indices((320, 240)).sum(axis=0) // 4 % 2 * 255).astype(np.uint8))
    frames = [stripes, face.filter(ImageFilter.GaussianBlur(4)), face, stripes]
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", 10, options={"g": "300", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 240, 320, "yuv420p"
        for number in range(40):
            frame = av.VideoFrame.from_image(frames[number // 10].convert("RGB"))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    moment, _ = sharpest_moment(tmp_path / "clip.mp4", Limits())
    assert 2.0 <= moment < 3.0


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    for source in (ASSETS / "README.md", ASSETS / "voice-en.mp3"):
        with pytest.raises(InputError) as refused:
            sharpest_moment(source, Limits())
        assert refused.value.code == "video_unusable"

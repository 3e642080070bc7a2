"""Sound as people really have it: any format, a video, too long, silent, no sound at all."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from comfy.errors import InputError
from comfy.media.files import Limits
from comfy.media.sounds import accept_sound, sound_seconds
from comfy.media.waves import read_wave

VOICE = Path(__file__).parent.parent.parent / "assets/voice-en.mp3"
LIMITS = Limits(megabytes=20, seconds=30)


def tone(seconds: float, rate: int = 22_050, level: float = 0.4) -> np.ndarray:
    return level * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)


def written(path: Path, samples: np.ndarray, rate: int = 22_050, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def video(path: Path, *, sound: bool) -> Path:
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=10)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sounds = container.add_stream("aac", rate=48_000, layout="mono") if sound else None
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if sounds:
            samples = tone(1, 48_000).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = 48_000
            container.mux(sounds.encode(frame))
            container.mux(sounds.encode(None))
    return path


def refusal(source: Path, folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        accept_sound(source, folder / "in", LIMITS)
    assert not list((folder / "in").glob("*"))  # nothing is left behind
    return caught.value


@pytest.mark.parametrize("behind", [bytes(1), bytes(128), bytes(100_000), b"\xa5tag" * 90])
def test_what_stands_behind_the_sound_of_an_mp3_is_left_out(behind, tmp_path):
    whole = written(tmp_path / "a.mp3", tone(2))
    padded = tmp_path / "b.mp3"
    padded.write_bytes(whole.read_bytes() + behind)
    assert sound_seconds(padded) == pytest.approx(sound_seconds(whole), abs=0.06)
    found = accept_sound(padded, tmp_path / "in", LIMITS)
    assert soundfile.info(found).duration == pytest.approx(sound_seconds(whole), abs=0.06)
    assert len(read_wave(padded, 16_000)) == pytest.approx(len(read_wave(whole, 16_000)), abs=999)


def test_a_hole_in_the_middle_is_no_end(tmp_path):
    data = VOICE.read_bytes()
    broken = tmp_path / "b.mp3"
    broken.write_bytes(data[:20_000] + bytes(5000) + data[20_000:])
    assert refusal(broken, tmp_path).code == "sound_unusable"


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg"])
def test_every_common_format_becomes_a_mono_wav(suffix, tmp_path):
    stereo = np.stack([tone(2), tone(2)], axis=1)
    found = accept_sound(written(tmp_path / f"a{suffix}", stereo), tmp_path / "in", LIMITS)
    info = soundfile.info(found)
    assert (info.channels, info.samplerate, info.subtype) == (1, 22_050, "PCM_16")
    assert abs(info.duration - 2) < 0.1
    samples, _ = soundfile.read(found)
    assert abs(np.sqrt(np.mean(samples**2)) - 0.4 / np.sqrt(2)) < 0.03


def test_a_video_gives_its_sound_track(tmp_path):
    found = accept_sound(video(tmp_path / "a.mp4", sound=True), tmp_path / "in", LIMITS)
    assert abs(soundfile.info(found).duration - 1) < 0.1
    assert abs(sound_seconds(tmp_path / "a.mp4") - 1) < 0.1


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_samples_that_are_no_numbers_become_silence(rate, tmp_path):
    samples = np.sin(np.arange(2 * rate) / 30) * 0.3
    samples[5000:6000] = np.nan
    samples[7000:7003] = (np.inf, -np.inf, np.nan)
    soundfile.write(tmp_path / "a.wav", np.stack([samples] * 8, axis=1), rate, subtype="FLOAT")
    heard, _ = soundfile.read(accept_sound(tmp_path / "a.wav", tmp_path / "in", LIMITS))
    assert 0.25 < abs(heard).max() < 0.35


def test_odd_sample_rates_are_brought_into_range(tmp_path):
    low = accept_sound(written(tmp_path / "a.wav", tone(1, 8000), 8000), tmp_path, LIMITS)
    high = accept_sound(written(tmp_path / "b.wav", tone(1, 96_000), 96_000), tmp_path, LIMITS)
    assert [soundfile.info(f).samplerate for f in (low, high)] == [16_000, 48_000]


def test_of_a_long_reference_the_liveliest_stretch_is_kept(tmp_path):
    whole = np.concatenate([np.zeros(22_050 * 8), tone(4), np.zeros(22_050 * 8)])
    source = written(tmp_path / "a.wav", whole)
    samples, rate = soundfile.read(accept_sound(source, tmp_path / "in", LIMITS, keep_seconds=5))
    assert len(samples) == 5 * rate
    assert np.mean(np.abs(samples) > 0.01) > 0.75


def test_of_a_long_reference_the_stretch_somebody_chose_is_kept(tmp_path):
    source = written(tmp_path / "a.wav", np.concatenate([tone(6), np.zeros(22_050 * 6)]))
    kept = [
        accept_sound(source, tmp_path / "in", LIMITS, keep_seconds=5, start=start)
        for start in (3, 99)
    ]
    loud = [np.abs(soundfile.read(file)[0]) > 0.01 for file in kept]
    assert [round(float(part.mean()), 1) for part in loud] == [0.6, 0.0]
    assert [len(part) for part in loud] == [5 * 22_050] * 2


def test_a_short_reference_is_kept_whole(tmp_path):
    source = written(tmp_path / "a.wav", tone(2))
    found = accept_sound(source, tmp_path / "in", LIMITS, keep_seconds=15)
    assert abs(soundfile.info(found).duration - 2) < 0.01


@pytest.mark.parametrize(("rate", "taken"), [(768_000, True), (768_001, False)])
def test_a_rate_that_no_recorder_has_is_refused_at_once(
    rate: int, taken: bool, tmp_path: Path
) -> None:
    path = written(tmp_path / "fast.wav", tone(1, rate), rate)
    if taken:
        assert accept_sound(path, tmp_path, LIMITS).exists()
    else:
        assert refusal(path, tmp_path).code == "sound_unusable"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "file_empty"), (b"not a sound at all " * 50, "sound_unusable")]
)
def test_what_is_no_sound_is_refused(content, code, tmp_path):
    source = tmp_path / "a.mp3"
    source.write_bytes(content)
    assert refusal(source, tmp_path).code == code


def test_a_playlist_cannot_name_other_files(tmp_path):
    secret = written(tmp_path / "secret.wav", tone(1))
    source = tmp_path / "a.wav"
    source.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n")
    assert refusal(source, tmp_path).code == "sound_unusable"


def test_a_silent_video_and_a_picture_have_no_sound(tmp_path):
    assert refusal(video(tmp_path / "a.mp4", sound=False), tmp_path).code == "sound_missing"
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    assert refusal(tmp_path / "a.png", tmp_path).code == "sound_unusable"


def test_too_long_and_too_short_are_said_with_the_limit(tmp_path):
    long = refusal(written(tmp_path / "a.wav", tone(31)), tmp_path)
    assert (long.code, long.details) == ("sound_too_long", {"limit": 30})
    short = refusal(written(tmp_path / "b.wav", tone(0.1)), tmp_path)
    assert (short.code, short.details) == ("sound_too_short", {"limit": 0.3})

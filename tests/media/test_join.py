"""Cutting speech at its pauses, and joining sounds and videos, measured."""

import av
import numpy as np
import pytest
import soundfile

from comfy.media.join_sound import RATE, Take, join_sounds, loudness
from comfy.media.join_video import join_videos
from comfy.media.pauses import OVERLAP, cut_sound, cuts
from comfy.media.sounds import sound_seconds

SENTENCES = (2.5, 3.1, 1.7, 2.9, 3.6, 2.2)  # seconds, with half a second between them


@pytest.fixture
def speech(tmp_path):
    """A hum for each sentence; short gaps of a tenth of a second inside it are words."""
    rate, pieces = 16_000, []
    for seconds in SENTENCES:
        time = np.arange(int(seconds * rate)) / rate
        hum = 0.3 * np.sin(2 * np.pi * 160 * time) * ((time % 0.6) < 0.5)
        pieces += [hum, np.zeros(rate // 2)]
    path = tmp_path / "speech.wav"
    soundfile.write(path, np.concatenate(pieces[:-1]), rate, "PCM_16")
    return path


def test_it_is_cut_in_the_pauses_between_sentences(speech, tmp_path):
    times = cuts(speech, 8.0)
    ends = np.cumsum(np.array(SENTENCES) + 0.5)[:-1] - 0.25  # the middle of each pause
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(18.5, abs=0.001)
    assert all(np.abs(ends - time).min() <= 0.06 for time in times[1:-1])
    assert max(np.diff(times)) <= 8.0 - OVERLAP
    parts = cut_sound(speech, times, tmp_path / "parts")
    assert sum(map(sound_seconds, parts)) == pytest.approx(18.5 + OVERLAP * (len(parts) - 1))
    assert max(map(sound_seconds, parts)) <= 8.0
    assert cut_sound(speech, times, tmp_path / "parts") == parts


def test_a_sound_that_is_short_enough_or_never_pauses(speech, tmp_path):
    assert cuts(speech, 20.0) == [0.0, 18.5]
    hum = tmp_path / "hum.wav"
    soundfile.write(hum, np.full(16_000 * 30, 0.2), 16_000, "PCM_16")
    assert max(np.diff(cuts(hum, 8.0))) <= 8.0 - OVERLAP


def test_sentences_are_joined_at_one_level_with_the_pauses_asked_for(tmp_path):
    time = np.arange(RATE) / RATE
    takes = []
    for number, (loud, pause) in enumerate(((0.05, 0.3), (0.4, 0.8), (0.2, 1.0))):
        path = tmp_path / f"{number}.wav"
        hum = loud * np.sin(2 * np.pi * 220 * time)
        soundfile.write(path, np.r_[np.zeros(RATE // 3), hum, np.zeros(RATE // 2)], RATE)
        takes.append(Take(path, pause=pause))
    join_sounds(takes, target := tmp_path / "joined.mp3")
    joined, rate = soundfile.read(target, dtype="float32")
    assert rate == RATE
    assert len(joined) / RATE == pytest.approx(3 + 6 * 0.04 + 0.3 + 0.8, abs=0.08)
    loud = np.flatnonzero(np.abs(joined) > 0.02)
    gaps = np.diff(loud)[np.diff(loud) > RATE // 10] / RATE
    assert gaps == pytest.approx([0.3 + 0.08, 0.8 + 0.08], abs=0.03)
    levels = [loudness(joined[int(a * RATE) : int((a + 0.9) * RATE)]) for a in (0.1, 1.45, 3.35)]
    assert max(levels) - min(levels) < 0.5  # dB; they differed by 18


@pytest.mark.parametrize("speed", [0.7, 1.25, 1.4])
def test_a_quicker_take_keeps_its_pitch(speed, tmp_path):
    time = np.arange(2 * RATE) / RATE
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 300 * time), RATE)
    join_sounds([Take(tmp_path / "a.wav", speed)], tmp_path / "b.mp3")
    wave, _ = soundfile.read(tmp_path / "b.mp3")
    assert len(wave) / RATE == pytest.approx(2 / speed, rel=0.03)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert np.argmax(spectrum) * RATE / len(wave) == pytest.approx(300, abs=2)


def test_videos_are_joined_frame_by_frame_with_the_original_sound(tmp_path):
    """Two parts at 25 a second, the second of another size and a frame short; grey tells them."""
    sound = tmp_path / "sound.wav"
    time = np.arange(int(3.0 * 16_000)) / 16_000
    soundfile.write(sound, 0.3 * np.sin(2 * np.pi * 200 * time * (1 + time)), 16_000)
    one = grey_video(tmp_path / "1.mp4", 50, (64, 48), round(25 * (1.4 + OVERLAP / 2)))
    two = grey_video(tmp_path / "2.mp4", 200, (32, 24), round(25 * (1.6 + OVERLAP / 2)) - 1)
    join_videos([one, two], [0.0, 1.4, 3.0], sound, target := tmp_path / "whole.mp4")
    with av.open(str(target)) as video:
        frames = [f.to_ndarray(format="gray") for f in video.decode(video.streams.video[0])]
    greys = np.array([frame.mean() for frame in frames])
    assert (len(frames), frames[-1].shape) == (75, (48, 64))
    assert greys[:31] == pytest.approx(np.full(31, greys[0]), abs=2)
    assert greys[39:] == pytest.approx(np.full(36, greys[-1]), abs=2)
    assert np.all(np.diff(greys[30:41]) >= -1)  # from one to the other in the eight between
    assert np.abs(np.diff(greys)).max() < 30
    with av.open(str(target)) as video:
        slower = av.AudioResampler("fltp", "mono", 16_000)
        frames = [*video.decode(video.streams.audio[0]), None]
        heard = np.concatenate([p.to_ndarray()[0] for f in frames for p in slower.resample(f)])
    given, _ = soundfile.read(sound)
    assert np.corrcoef(heard[: len(given)], given)[0, 1] > 0.98


def grey_video(path, grey, size, frames):
    with av.open(str(path), "w") as video:
        stream = video.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(frames):
            image = np.full((size[1], size[0], 3), grey, np.uint8)
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        video.mux(stream.encode(None))
    return path

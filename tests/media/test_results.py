"""What comes back from a server: opened, and without the prompt that made it."""

import av
import numpy as np
import pytest
import soundfile
from PIL import Image, PngImagePlugin

from comfy.errors import OutputMissing
from comfy.media.results import kind_of, make_presentable

SECRET = "my secret prompt"


def test_the_extension_tells_the_kind():
    assert [kind_of(n) for n in ("a.PNG", "b.mp3", "c.mp4", "d.txt", "e")] == [
        *("image", "audio", "video", "", "")
    ]


def test_a_picture_loses_its_prompt_and_keeps_its_pixels(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", SECRET)
    notes.add_itxt("workflow", SECRET)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path, pnginfo=notes)
    make_presentable(path, "image")
    assert SECRET.encode() not in path.read_bytes()
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".mp4"])
def test_a_sound_or_video_loses_its_prompt_and_keeps_its_length(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    _tagged(path)
    before = _seconds(path)
    assert SECRET.encode() in path.read_bytes()
    make_presentable(path, "video" if suffix == ".mp4" else "audio")
    assert SECRET.encode() not in path.read_bytes()
    assert _seconds(path) == pytest.approx(before, abs=1e-3)


@pytest.mark.parametrize(("name", "kind"), [("a.png", "image"), ("a.mp3", "audio")])
def test_an_error_page_in_place_of_a_file_is_not_shown(name, kind, tmp_path):
    path = tmp_path / name
    path.write_text("<html>502 Bad Gateway</html>")
    with pytest.raises(OutputMissing) as caught:
        make_presentable(path, kind)
    assert caught.value.code == "output_unreadable"


def test_a_sound_is_no_video(tmp_path):
    path = tmp_path / "a.mp4"
    soundfile.write(tmp_path / "a.wav", np.zeros(9000), 22_050)
    (tmp_path / "a.wav").rename(path)
    with pytest.raises(OutputMissing):
        make_presentable(path, "video")


def _tagged(path):
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata["comment"] = SECRET
        codec = {".mp3": "libmp3lame", ".flac": "flac", ".mp4": "aac"}[path.suffix]
        pictures = _add_pictures(container) if path.suffix == ".mp4" else None
        stream = container.add_stream(codec, rate=44_100, layout="mono")
        if pictures:
            _encode_black(container, pictures)
        samples = (np.sin(np.arange(44_100) / 20) * 9000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 44_100
        resampler = av.AudioResampler(stream.codec_context.format, "mono", 44_100)
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def _add_pictures(container):
    stream = container.add_stream("libx264", rate=10)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    return stream


def _encode_black(container, stream):
    for _ in range(10):
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _seconds(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return sum(frame.samples for frame in container.decode(stream)) / stream.rate

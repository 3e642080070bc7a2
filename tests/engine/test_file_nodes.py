"""The nodes that read and write files, against real files."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from comfy.engine.folders import Folders, save_place
from comfy.engine.node import Audio, Interrupted, Node, NodeError, Video
from comfy.engine.nodes import load_nodes

NODES = load_nodes()


class FakeRun:
    """The surroundings of a node, without an engine."""

    prompt_id = node_id = "1"

    def __init__(self, root: Path) -> None:
        folders = Folders.under(root)
        folders.prepare()
        self.input_folder, self.output_folder = folders.input, folders.output
        self.temp_folder = folders.temp

    def progress(self, value: int, maximum: int, preview: Image.Image | None = None) -> None:
        assert 1 <= value <= maximum

    def check(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path) -> FakeRun:
    return FakeRun(tmp_path)


def call(run: FakeRun, class_type: str, **inputs: Any) -> Any:
    node: Node = NODES[class_type]
    return node.run(run, **inputs)


def tone(seconds: float = 1.0, rate: int = 22050, channels: int = 1) -> Audio:
    time = np.arange(int(seconds * rate)) / rate
    wave = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    return Audio(np.stack([wave] * channels), rate)


def test_a_turned_photo_is_loaded_upright(run: FakeRun) -> None:
    photo = Image.new("RGB", (40, 20), (255, 0, 0))
    exif = photo.getexif()
    exif[0x0112] = 6  # turn by 90 degrees
    photo.save(run.input_folder / "photo.jpg", exif=exif)
    image, mask = call(run, "LoadImage", image="photo.jpg").outputs
    assert (image.shape, image.dtype) == ((1, 40, 20, 3), np.uint8)
    assert (mask.shape, mask.dtype, mask.max()) == ((1, 64, 64), np.float32, 0)


class StoppedRun(FakeRun):
    """A run that is interrupted at its first look after some."""

    def __init__(self, root: Path, looks: int) -> None:
        super().__init__(root)
        self.looks = looks

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Interrupted


def test_loading_and_saving_a_large_picture_can_be_stopped(tmp_path: Path) -> None:
    run = StoppedRun(tmp_path, looks=9)
    noise = np.random.default_rng(0).integers(0, 255, (1, 900, 900, 3)).astype(np.uint8)
    with pytest.raises(Interrupted):
        call(run, "SaveImage", images=noise)
    assert list(run.output_folder.iterdir()) == []
    Image.fromarray(noise[0]).save(run.input_folder / "large.jpg", quality=95)
    run.looks = 9
    with pytest.raises(Interrupted):
        call(run, "LoadImage", image="large.jpg")


def test_transparency_becomes_the_mask(run: FakeRun) -> None:
    Image.new("RGBA", (4, 2), (1, 2, 3, 0)).save(run.input_folder / "clear.png")
    image, mask = call(run, "LoadImage", image="clear.png").outputs
    assert image[0, 0, 0].tolist() == [1, 2, 3]
    assert mask.shape == (1, 2, 4)
    assert mask.min() == 1


@pytest.mark.parametrize(
    ("channel", "values"),
    [("red", [0, 1]), ("green", [0, 0.2]), ("blue", [0, 0]), ("alpha", [1, 0])],
)
def test_a_channel_is_a_mask(run: FakeRun, channel: str, values: list[float]) -> None:
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (255, 51, 0, 255))
    picture.save(run.input_folder / "mask.png")
    [mask] = call(run, "LoadImageMask", image="mask.png", channel=channel).outputs
    assert (mask.shape, mask.dtype) == ((1, 1, 2), np.float32)
    assert mask[0, 0].tolist() == pytest.approx(values)


def test_sixteen_bits_are_scaled(run: FakeRun) -> None:
    pixels = np.full((2, 2), 0x8000, np.uint16)
    Image.fromarray(pixels).save(run.input_folder / "deep.png")
    image, _ = call(run, "LoadImage", image="deep.png").outputs
    assert image[0, 0, 0].tolist() == [0x80, 0x80, 0x80]


def test_an_animation_gives_all_its_frames(run: FakeRun) -> None:
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 100, 200)]
    frames[0].save(run.input_folder / "a.webp", save_all=True, append_images=frames[1:])
    image, mask = call(run, "LoadImage", image="a.webp").outputs
    assert image.shape == (3, 8, 8, 3)
    assert len(mask) == 3


def test_pictures_are_saved_exactly_and_counted(run: FakeRun) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 9, 3), np.uint8)
    names = []
    for _ in range(2):
        images = call(run, "SaveImage", images=pixels, filename_prefix="out/%width%x").ui["images"]
        names += [(image["subfolder"], image["filename"]) for image in images]
    assert names == [("out", f"9x_0000{n}_.png") for n in range(1, 5)]
    saved = Image.open(run.output_folder / "out" / "9x_00002_.png")
    assert np.array_equal(np.asarray(saved), pixels[1])
    assert saved.info == {}  # nothing of the prompt travels with a picture


@pytest.mark.parametrize("prefix", ["../x", "/tmp/x", "a/../../x", "..", "ok/../../../x"])
def test_no_prefix_leads_out_of_the_output_folder(run: FakeRun, prefix: str) -> None:
    pixels = np.zeros((1, 2, 2, 3), np.uint8)
    before = sorted(run.output_folder.parent.rglob("*"))
    with pytest.raises(NodeError, match="outside_output_folder"):
        call(run, "SaveImage", images=pixels, filename_prefix=prefix)
    assert sorted(run.output_folder.parent.rglob("*")) == before


def test_a_link_out_of_the_folder_is_not_followed(run: FakeRun, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (run.output_folder / "link").symlink_to(outside)
    assert save_place(run.output_folder, "link/x") is None


def test_the_counter_follows_the_highest_number_of_its_prefix(tmp_path: Path) -> None:
    for name in ("a_00007_.png", "a_00009_.mp3", "ab_00050_.png", "a_x_.png"):
        (tmp_path / name).touch()
    place = save_place(tmp_path, "a")
    assert place is not None
    assert place.name("png") == "a_00010_.png"


@pytest.mark.parametrize("channels", [1, 2])
def test_flac_brings_sound_back_as_it_was(run: FakeRun, channels: int) -> None:
    sound = tone(channels=channels)
    [saved] = call(run, "SaveAudio", audio=sound, filename_prefix="audio/x").ui["audio"]
    assert saved == {"filename": "x_00001_.flac", "subfolder": "audio", "type": "output"}
    name = "audio/x_00001_.flac [output]"
    [loaded] = call(run, "LoadAudio", audio=name).outputs
    assert (loaded.sample_rate, loaded.waveform.dtype) == (22050, np.float32)
    assert loaded.waveform.shape == sound.waveform.shape
    assert np.abs(loaded.waveform - sound.waveform).max() < 1 / 32000


@pytest.mark.parametrize(("quality", "bit_rate"), [("128k", 128), ("320k", 320), ("V0", None)])
def test_mp3_has_the_quality_that_was_asked_for(
    run: FakeRun, quality: str, bit_rate: int | None
) -> None:
    [saved] = call(run, "SaveAudioMP3", audio=tone(2, 44100), quality=quality).ui["audio"]
    path = run.output_folder / saved["subfolder"] / saved["filename"]
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name in ("mp3", "mp3float")
        assert (stream.rate, stream.channels) == (44100, 1)
        if bit_rate:
            assert round(stream.bit_rate / 1000) == bit_rate
    assert abs(soundfile.info(path).duration - 2) < 0.1


def test_odd_rates_and_wild_values_can_be_saved(run: FakeRun) -> None:
    wild = Audio(np.array([[np.nan, 5, -5, np.inf] * 3000], np.float32), 9999)
    [saved] = call(run, "SaveAudioMP3", audio=wild, quality="V0").ui["audio"]
    path = run.output_folder / saved["subfolder"] / saved["filename"]
    assert soundfile.info(path).samplerate == 11025


def test_a_long_sound_takes_memory_once(run: FakeRun) -> None:
    wave = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 150 * 8000)).astype(np.float32)
    soundfile.write(run.input_folder / "long.wav", wave.T, 8000, "FLOAT")
    tracemalloc.start()
    [loaded] = call(run, "LoadAudio", audio="long.wav").outputs
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(loaded.waveform, wave)
    assert peak < 1.5 * wave.nbytes


def test_what_is_no_sound_says_so(run: FakeRun) -> None:
    Image.new("RGB", (4, 4)).save(run.input_folder / "x.png")
    with pytest.raises(ValueError, match="No audio stream found in the file."):
        call(run, "LoadAudio", audio="x.png")
    (run.input_folder / "x.mp3").write_bytes(b"not sound at all" * 100)
    with pytest.raises(av.error.InvalidDataError):
        call(run, "LoadAudio", audio="x.mp3")


def test_a_preview_goes_to_the_temp_folder(run: FakeRun) -> None:
    [saved] = call(run, "PreviewAudio", audio=tone(0.1)).ui["audio"]
    assert saved["type"] == "temp"
    assert saved["filename"].startswith("ComfyUI_temp_")
    assert (run.temp_folder / saved["filename"]).is_file()


@pytest.mark.parametrize("with_sound", [True, False])
def test_pictures_become_a_video_of_the_right_length(run: FakeRun, with_sound: bool) -> None:
    shades = np.linspace(0, 250, 25).astype(np.uint8)
    images = np.broadcast_to(shades[:, None, None, None], (25, 33, 64, 3)).copy()
    sound = {"audio": tone(3)} if with_sound else {}
    [video] = call(run, "CreateVideo", images=images, fps=12.5, **sound).outputs
    assert isinstance(video, Video)
    ui = call(run, "SaveVideo", video=video, format="mp4", codec="h264").ui
    saved = {"filename": "ComfyUI_00001_.mp4", "subfolder": "video", "type": "output"}
    assert ui == {"images": [saved], "animated": [True]}
    assert video.path.is_file()  # the cached result still has its file
    path = run.output_folder / "video" / "ComfyUI_00001_.mp4"
    with av.open(io.BytesIO(path.read_bytes())) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.frames) == (64, 32, 25)
        assert float(stream.average_rate) == 12.5
        seconds = [float(s.duration * s.time_base) for s in container.streams.audio]
    assert len(seconds) == with_sound
    assert all(abs(length - 2) < 0.1 for length in seconds)

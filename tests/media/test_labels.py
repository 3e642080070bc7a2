"""What a downloaded file says about itself, read back with tools that are not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from comfy.errors import StudioError
from comfy.media.labels import CHANGED, MADE, Label
from comfy.media.mark import HEIGHT
from comfy.media.results import make_presentable
from tests.exiftool import needs_exiftool, told

SECRET = "my secret prompt"
LABEL = Label("Test Studio 工作室", "0123abc")
AIGC = {
    "Label": "1",
    "ContentProducer": "Test Studio 工作室",
    "ProduceID": "0123abc",
    "ReservedCode1": "",
    "ContentPropagator": "",
    "PropagateID": "",
    "ReservedCode2": "",
}


def picture(path: Path) -> Path:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", SECRET)
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    image = Image.fromarray(noise)
    image.save(path, exif=exif, **({"pnginfo": notes} if path.suffix == ".png" else {}))
    return path


def sound(path: Path) -> Path:
    write(path, video=False)
    return path


def video(path: Path) -> Path:
    write(path, video=True)
    return path


def write(path: Path, *, video: bool) -> None:
    codecs = {".mp3": "libmp3lame", ".flac": "flac", ".mp4": "aac", ".wav": "pcm_s16le"}
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        for name in ("comment", "prompt", "title"):
            container.metadata[name] = SECRET
        if video:
            pictures = container.add_stream("libx264", rate=25)
            pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        stream = container.add_stream(codecs[path.suffix], rate=44_100, layout="mono")
        if video:
            for n in range(75):
                shade = np.full((240, 320, 3), 40 + n, np.uint8)
                frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        samples = (np.sin(np.arange(3 * 44_100) / 20) * 9000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 44_100
        for piece in av.AudioResampler(stream.codec_context.format, "mono", 44_100).resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


@needs_exiftool
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_says_that_a_machine_made_it_and_nothing_else(
    suffix: str, tmp_path: Path
) -> None:
    path = picture(tmp_path / f"a{suffix}")
    make_presentable(path, "image", Label("Test Studio 工作室", "0123abc", changed=True))
    found = told(path)
    assert SECRET not in json.dumps(found)
    assert SECRET.encode() not in path.read_bytes()
    assert json.loads(found["XMP-TC260:Aigc"]) == AIGC
    assert found["XMP-iptcExt:DigitalSourceType"] == CHANGED
    assert {key.partition(":")[2] for key in found if key.startswith("XMP")} == {
        *("Aigc", "DigitalSourceType"),
    }


@needs_exiftool
def test_an_mp3_says_it_in_id3(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mp3")
    make_presentable(path, "audio", LABEL)
    found = told(path)
    texts = [value for key, value in found.items() if key.endswith("ID3v2_4:UserDefinedText")]
    fields = dict(text[1:].split(") ", 1) for text in texts)
    assert json.loads(fields["AIGC"]) == AIGC
    assert fields["DigitalSourceType"] == MADE
    assert len([key for key in found if "ID3" in key]) == 2
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize("name", ["a.mp4", "a.flac", "a.wav", "a.mp3"])
def test_a_stream_carries_the_label_and_nothing_else(name: str, tmp_path: Path) -> None:
    """As FFmpeg reads it."""
    path = video(tmp_path / name) if name == "a.mp4" else sound(tmp_path / name)
    make_presentable(path, "video" if name == "a.mp4" else "audio", LABEL)
    with av.open(str(path)) as container:
        found = {k: v for k, v in container.metadata.items() if k not in BRANDS}
        streams = [dict(stream.metadata) for stream in container.streams]
    if name == "a.wav":
        assert found == {"comment": f"AIGC={LABEL.aigc}"}
    else:
        assert {k.lower(): v for k, v in found.items()} == {
            "aigc": LABEL.aigc,
            "digitalsourcetype": MADE,
        }
    assert all(set(stream) <= {"language", "handler_name", "vendor_id"} for stream in streams)
    assert SECRET.encode() not in path.read_bytes()


BRANDS = {"major_brand", "minor_version", "compatible_brands"}


def test_the_mark_is_in_every_frame_and_leaves_the_rest(tmp_path: Path) -> None:
    plain, marked = video(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    shutil.copy(plain, marked)
    make_presentable(marked, "video", Label("x", "1", mark=True))
    before, after = frames(plain), frames(marked)
    assert len(before) == len(after) == 75
    for one, other in zip(before, after, strict=True):
        difference = np.abs(one.astype(int) - other.astype(int))
        corner = difference[-40:, -230:]
        rows = np.flatnonzero((other[-60:, -230:].astype(int) - one[-60:, -230:] > 60).any(axis=1))
        assert corner.max() > 80
        assert rows.max() - rows.min() + 1 >= HEIGHT * 240  # GB 45438-2025: 5 % of the short side
        assert difference[:180].max() <= 4
    assert times(plain) == times(marked)


def frames(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [round(float(frame.time), 4) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of a test authority and its key in one file, as an operator has them."""
    folder = tmp_path_factory.mktemp("key")
    (folder / "leaf.cnf").write_text(
        "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=critical,emailProtection\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n"
    )
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        ["req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9"]
        + ["-subj", "/O=Test/CN=Test authority"],
        ["req", "-new", *curve, "-keyout", "leaf.key", "-out", "leaf.csr"]
        + ["-subj", "/O=Test/CN=Test studio"],
        ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9"]
        + ["-CAcreateserial", "-extfile", "leaf.cnf", "-out", "leaf.pem"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    path = folder / "studio.pem"
    path.write_text("".join((folder / f).read_text() for f in ("leaf.pem", "ca.pem", "leaf.key")))
    return path


def credentials(path: Path) -> dict[str, Any]:
    media_type = {"png": "image/png", "mp3": "audio/mpeg", "mp4": "video/mp4"}[path.suffix[1:]]
    with path.open("rb") as file, c2pa.Reader(media_type, file) as reader:
        return dict(json.loads(reader.json()))


def test_credentials_are_signed_and_carried_through_the_chain(key: Path, tmp_path: Path) -> None:
    clean, speech, talking = (tmp_path / name for name in ("a.png", "b.mp3", "c.mp4"))
    for path, number in ((picture(clean), "p1"), (sound(speech), "s1")):
        kind = "image" if path is clean else "audio"
        make_presentable(path, kind, Label("Test Studio", number, key=str(key)))
    sources = (("p1", str(clean)), ("s1", str(speech)))
    label = Label("Test Studio", "v1", key=str(key), mark=True, sources=sources)
    make_presentable(video(talking), "video", label)
    for path in (clean, speech, talking):
        found = credentials(path)
        manifest = found["manifests"][found["active_manifest"]]
        assert manifest["claim_generator_info"][0]["name"] == "Test Studio"
        assert manifest["signature_info"]["issuer"] == "Test"
        assertions = {item["label"]: item["data"] for item in manifest["assertions"]}
        (action,) = assertions["c2pa.actions.v2"]["actions"]
        assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", MADE)
        failures = found.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
        assert [item["code"] for item in failures] in ([], ["signingCredential.untrusted"])
    ingredients = manifest["ingredients"]
    assert [item["title"] for item in ingredients] == ["p1", "s1"]
    assert all(item["active_manifest"] in found["manifests"] for item in ingredients)
    assert str(tmp_path) not in json.dumps(found)
    data = bytearray(clean.read_bytes())
    data[-1000] ^= 1  # a pixel
    clean.write_bytes(data)
    failures = credentials(clean)["validation_results"]["activeManifest"]["failure"]
    assert "assertion.dataHash.mismatch" in [item["code"] for item in failures]


def test_a_key_that_cannot_sign_is_said(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    (tmp_path / "wrong.pem").write_text("no key")
    for wrong in (tmp_path / "wrong.pem", tmp_path / "none.pem"):
        with pytest.raises(StudioError) as caught:
            make_presentable(path, "image", Label("x", "1", key=str(wrong)))
        assert caught.value.code == "key_unusable"

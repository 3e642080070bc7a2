"""Files of strangers are opened in a process that is fenced in, and that may die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from comfy.errors import InputError, OutputMissing
from comfy.media import bounded, pictures
from comfy.media.files import Limits
from comfy.media.results import PNG_SIGNATURE
from comfy.media.workers import ROOT, Broken, Workers

KEYFRAME = ROOT / "assets" / "keyframe.jpg"
VOICE = ROOT / "assets" / "voice-en.mp3"


@pytest.fixture
def workers() -> Iterator[Workers]:
    opened = Workers()
    yield opened
    opened.close()


def children() -> set[int]:
    found: set[int] = set()
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with suppress(OSError):  # a thread that ended meanwhile has no children
            found.update(map(int, path.read_text().split()))
    return found


def test_it_does_the_same_as_without(tmp_path: Path) -> None:
    inside = bounded.accept_picture(KEYFRAME, tmp_path / "a", Limits())
    outside = pictures.accept_picture(KEYFRAME, tmp_path / "b", Limits())
    assert (inside.name, inside.read_bytes()) == (outside.name, outside.read_bytes())
    assert bounded.picture_size(inside) == pictures.picture_size(outside)
    sound = bounded.accept_sound(VOICE, tmp_path, Limits(), keep_seconds=2)
    assert bounded.sound_seconds(sound) == 2.0
    assert bounded.sound_hints(sound, 2) == [("short", {"seconds": "2.0"})]
    assert bounded.picture_hints(inside) == []
    assert bounded.thumbnail(inside, 64).startswith(b"\xff\xd8")


def test_an_error_comes_out_as_it_was_raised(tmp_path: Path) -> None:
    small = tmp_path / "a.png"
    Image.new("RGB", (20, 40)).save(small)
    with pytest.raises(InputError) as caught:
        bounded.accept_picture(small, tmp_path, Limits())
    assert caught.value.code == "picture_too_small"
    assert caught.value.details == {"width": 20, "height": 40, "limit": 32}
    (tmp_path / "b.mp4").write_text("<html>")
    with pytest.raises(OutputMissing, match="output_unreadable"):
        bounded.make_presentable(tmp_path / "b.mp4", "video")


def test_a_full_disk_is_still_known_as_one(tmp_path: Path) -> None:
    """A limit of the file's size, which is what a test can set, has the same effect."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "import sys; from pathlib import Path\n"
        "from comfy.jobs.fetch import disk_is_full\n"
        "from comfy.media.bounded import accept_picture\n"
        "from comfy.media.files import Limits\n"
        "try: accept_picture(Path(sys.argv[1]), Path(sys.argv[2]), Limits())\n"
        "except OSError as error: print(disk_is_full(error))\n"
    )
    command = [sys.executable, "-c", code, str(KEYFRAME), str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_is_fenced_in(workers: Workers) -> None:
    before = children()
    assert workers.call("picture_size", KEYFRAME) == (1280, 720)
    (child,) = children() - before
    limits = Path(f"/proc/{child}/limits").read_text()
    numbers = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert numbers["Max address space"] == str(4 * 2**30)
    assert numbers["Max file size"] == str(5 * 10**9)
    assert numbers["Max core file size"] == "0"
    assert int(numbers["Max cpu time"]) <= 40
    environment = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
    names = {entry.partition(b"=")[0] for entry in environment if entry}
    assert names <= {b"PATH", b"LANG", b"LC_ALL", b"TMPDIR", b"LD_LIBRARY_PATH", b"VIRTUAL_ENV"} | {
        b"MALLOC_ARENA_MAX",
    }
    if os.geteuid() == 0:
        assert os.readlink(f"/proc/{child}/ns/net") != os.readlink("/proc/self/ns/net")


def test_a_file_that_takes_too_long_costs_one_child(workers: Workers, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, 48_000 * 60, np.int16)
    soundfile.write(tmp_path / "a.flac", noise, 48_000)
    workers.call("picture_size", KEYFRAME)
    with pytest.raises(Broken):
        workers.call("accept_sound", tmp_path / "a.flac", tmp_path / "kept", Limits(), seconds=0)
    assert list((tmp_path / "kept").glob("*.wav")) == []
    assert workers.call("picture_size", KEYFRAME) == (1280, 720)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_decoder_that_is_shot_down_is_a_file_that_cannot_be_used(
    workers: Workers, tmp_path: Path
) -> None:
    before = children()
    workers.call("picture_size", KEYFRAME)
    (child,) = children() - before
    os.kill(child, signal.SIGSTOP)
    shot = threading.Timer(0.3, os.kill, (child, signal.SIGKILL))
    shot.start()
    with pytest.raises(Broken):
        workers.call("accept_picture", KEYFRAME, tmp_path, Limits())
    shot.join()
    assert workers.call("picture_size", KEYFRAME) == (1280, 720)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_child_outlives_its_parent() -> None:
    code = (
        "import os; from comfy.media import bounded\n"
        f"bounded.picture_size(__import__('pathlib').Path({str(KEYFRAME)!r}))\n"
        "print(bounded.WORKERS._idle[0]._process.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    child = Path(f"/proc/{int(told.stdout)}")
    deadline = time.monotonic() + 10
    while child.exists() and "Z" not in child.joinpath("stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def bomb(path: Path, width: int, height: int) -> Path:
    """A PNG of so many black pixels in a few kilobytes."""
    packed = zlib.compressobj(9)
    body = b"".join(
        packed.compress(bytes(2 + min(width, 10**6) // 8)) for _ in range(min(height, 9))
    )
    body += packed.flush()
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    chunks = ((b"IHDR", size + b"\x01\0\0\0\0"), (b"IDAT", body), (b"IEND", b""))
    data = PNG_SIGNATURE
    for name, content in chunks:
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        data += len(content).to_bytes(4, "big") + name + content + checksum
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("size", [(20_000, 9_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_bomb_is_refused_by_its_header(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        bounded.accept_picture(bomb(tmp_path / "a.png", *size), tmp_path / "kept", Limits())
    assert caught.value.code in ("picture_too_large", "picture_unusable")
    assert not (tmp_path / "kept").exists()


def test_a_sound_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    """An hour of silence is a small FLAC; nothing of it stays."""
    soundfile.write(tmp_path / "a.flac", np.zeros(8000 * 3600, np.int16), 8000)
    assert (tmp_path / "a.flac").stat().st_size < 500_000
    with pytest.raises(InputError) as caught:
        bounded.accept_sound(tmp_path / "a.flac", tmp_path / "kept", Limits(seconds=60))
    assert caught.value.code == "sound_too_long"
    assert list((tmp_path / "kept").iterdir()) == []


HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(/etc/passwd) (r) file\n",
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "zip": b"PK\x03\x04" + bytes(100),
    "elf": b"\x7fELF" + bytes(100),
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x.png'\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_none_under_any_name(name: str, tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", f".{name}"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(HOSTILE[name])
        with pytest.raises(InputError) as caught:
            bounded.accept_picture(path, tmp_path / "kept", Limits())
        assert caught.value.code == "picture_unusable"


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{url}'\n",
    "dash": '<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\na=x:{url}\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("url", ["/etc/passwd", "http://127.0.0.1:9/a", "file:///etc/hostname"])
def test_a_playlist_leads_nowhere(name: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_text(PLAYLISTS[name].format(url=url))
    with pytest.raises(InputError) as caught:
        bounded.accept_sound(path, tmp_path / "kept", Limits())
    assert caught.value.code == "sound_unusable"


def test_a_polyglot_becomes_a_plain_picture(tmp_path: Path) -> None:
    """A picture that is a web page and an archive, too: only its pixels are kept."""
    path = tmp_path / "a.jpg"
    page = b"<script>alert(1)</script>PK\x03\x04"
    path.write_bytes(KEYFRAME.read_bytes() + page)
    kept = bounded.accept_picture(path, tmp_path / "kept", Limits())
    assert b"<script>" not in kept.read_bytes()
    assert kept.read_bytes().endswith(b"IEND\xaeB`\x82")

"""Shared files, in a folder and on a real S3 server on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from comfy.errors import StudioError
from comfy.jobs import storage
from comfy.jobs.storage import Storage


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """One server: fsspec keeps the address for the life of a process."""
    monkeypatch = pytest.MonkeyPatch()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="studio")
    yield "s3://studio"
    server.stop()
    monkeypatch.undo()


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "shared")
    return f"{request.getfixturevalue('s3')}/{tmp_path.name}"


def test_what_one_replica_keeps_another_one_has(url: str, tmp_path: Path) -> None:
    one, two = Storage(tmp_path / "one", url), Storage(tmp_path / "two", url)
    made = tmp_path / "one/outputs/job/a.png"
    made.parent.mkdir(parents=True)
    made.write_bytes(os.urandom(300_000))
    one.keep(made)
    one.keep(made)  # again, as after a crash
    there = tmp_path / "two/outputs/job/a.png"
    assert two.has(there)
    name = {"outputs/job/a.png": 300_000}
    assert one.sizes() == two.sizes() == name  # counted at once, and found by a list
    assert two.local(there).read_bytes() == made.read_bytes()
    assert not two.has(tmp_path / "two/outputs/other.png")
    assert not two.local(tmp_path / "two/outputs/other.png").exists()
    one.forget_folder(made.parent)
    there.unlink()
    assert not two.has(there)
    assert one.sizes() == {}


def test_copies_beyond_the_limit_go_but_nothing_is_lost(url: str, tmp_path: Path) -> None:
    files = Storage(tmp_path, url)
    for n in range(4):
        path = tmp_path / f"inputs/{n}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([n]) * 1000)
        if n:
            files.keep(path)
        os.utime(path, (10_000 + n, 10_000 + n))
    assert files.tidy(2500) == 1  # 1; 0 is older, but nowhere else
    assert sorted(p.name for p in (tmp_path / "inputs").iterdir()) == ["0.png", "2.png", "3.png"]
    assert files.local(tmp_path / "inputs/1.png").read_bytes() == b"\1" * 1000
    files.forget(tmp_path / "inputs/1.png")
    assert not files.has(tmp_path / "inputs/1.png")


def test_a_storage_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "PAUSES", (0.01,))
    (tmp_path / "file").write_text("not a folder")
    files = Storage(tmp_path / "data", str(tmp_path / "file/below"))
    made = tmp_path / "data/inputs/a.png"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"x")
    with pytest.raises(StudioError) as caught:
        files.keep(made)
    assert caught.value.code == "storage_away"


def test_so_is_an_s3_server_that_is_away(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PAUSES", (0.01,))
    files = Storage(tmp_path, f"{s3}-no-such-bucket/x")
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(StudioError) as caught:
        files.keep(tmp_path / "a.png")
    assert caught.value.code == "storage_away"

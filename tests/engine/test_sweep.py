"""Old files go, needed ones stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

from comfy.engine.cache import Cache
from comfy.engine.folders import Folders
from comfy.engine.node import Result, Video
from comfy.engine.queue import Item
from comfy.engine.sweep import sweep_folders, sweep_videos


def prepared(root: Path) -> Folders:
    folders = Folders.under(root)
    folders.prepare()
    return folders


def made(path: Path, size: int, age: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def waiting(name: str) -> Item:
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": name}}}
    return Item(0, "p", prompt, {}, ("1",))


def test_the_oldest_go_until_the_limit_is_kept(tmp_path: Path) -> None:
    folders = prepared(tmp_path)
    oldest = made(folders.output / "sub" / "a.png", 60, 9000)
    needed = made(folders.input / "照片.png", 60, 8000)
    older = made(folders.input / "b.png", 60, 7000)
    newer = made(folders.input / "c.png", 60, 6000)
    assert sweep_folders(folders, [waiting("照片.png")], limit=130)
    assert [path.exists() for path in (oldest, needed, older, newer)] == [False, True, False, True]


def test_young_files_stay_however_many(tmp_path: Path) -> None:
    folders = prepared(tmp_path)
    files = [made(folders.input / f"{n}.png", 100, 60) for n in range(5)]
    assert not sweep_folders(folders, [], limit=1)
    assert all(path.exists() for path in files)


def test_only_inputs_gone_leave_the_results_valid(tmp_path: Path) -> None:
    folders = prepared(tmp_path)
    made(folders.input / "a.png", 100, 9000)
    assert not sweep_folders(folders, [], limit=1)
    assert list(folders.input.iterdir()) == []


def test_videos_stay_as_long_as_their_result_is_cached(tmp_path: Path) -> None:
    folders = prepared(tmp_path)
    kept = made(folders.temp / "talking_head_1.mp4", 70_000, 0)
    gone = made(folders.temp / "video_2.mp4", 70_000, 0)
    preview = made(folders.temp / "ComfyUI_temp_abcde_00001_.png", 10, 0)
    cache = Cache(limit=100_000)
    cache.put("2", Result((Video(gone),)))
    cache.put("1", Result((Video(kept),)))  # drives the other one out
    sweep_videos(folders, cache.videos())
    assert [path.exists() for path in (kept, gone, preview)] == [True, False, True]

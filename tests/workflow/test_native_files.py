"""The talking head with ComfyUI's own nodes: windows in a row, as many frames as the sound has."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from comfy.media.pauses import cut_sound, cuts
from comfy.media.sounds import sound_length
from comfy.protocol import Nodes
from tests.workflow.test_workflow_files import TASKS, values_for

[NATIVE] = [v for v in TASKS["talking_head"].variants if v.name == "infinitetalk-native"]
FPS, WINDOW, OVERLAP = 25, 81, 9
RATE = 16_000


def sent(seconds: dict[str, float], seed: int = 0) -> Nodes:
    values = values_for(NATIVE, seed=seed)
    return NATIVE.prompt(values, filename_prefix="x", seconds=seconds).nodes


def frames(seconds: dict[str, float]) -> int:
    return int(sent(seconds)["301"]["inputs"]["length"])


def of_class(nodes: Nodes, class_type: str) -> list[str]:
    return [key for key, node in nodes.items() if node["class_type"] == class_type]


@pytest.mark.parametrize(
    ("seconds", "count"), [(4.0, 100), (4.01, 101), (4.04, 101), (0.01, 1), (8.9, 223), (20.0, 225)]
)
def test_the_video_is_as_long_as_the_sound(seconds: float, count: int) -> None:
    assert frames({"audio": seconds}) == count


def test_a_sound_of_unknown_length_gets_all_frames() -> None:
    values = values_for(NATIVE)
    nodes = NATIVE.prompt(values, filename_prefix="x").nodes
    assert nodes["301"]["inputs"]["length"] == frames({}) == 225
    assert nodes["125"]["inputs"]["audio"] == values["audio"]


def test_the_length_is_no_file() -> None:
    assert NATIVE.measured == {"audio"}
    assert NATIVE.files == {("315", "image"), ("125", "audio")}
    assert ("301", "length") in NATIVE.places


def test_twenty_seconds_are_cut_into_parts_that_fit(tmp_path: Path) -> None:
    """Speech with a pause in every second: no part is longer than the windows are."""
    times = np.arange(20 * RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * 200 * times) * (times % 1 < 0.8)
    soundfile.write(tmp_path / "long.wav", sound, RATE)
    whole = tmp_path / "long.wav"
    parts = cut_sound(whole, cuts(whole, NATIVE.safe_seconds), tmp_path)
    lengths = [sound_length(part) for part in parts]
    assert len(parts) > 2 and max(lengths) <= NATIVE.safe_seconds
    assert [frames({"audio": n}) for n in lengths] == [math.ceil(n * FPS) for n in lengths]


def test_each_window_goes_on_where_the_one_before_ended() -> None:
    nodes = sent({})
    windows = of_class(nodes, "WanInfiniteTalkToVideo")
    assert {nodes[w]["inputs"]["length"] for w in windows} == {WINDOW}
    assert {nodes[w]["inputs"]["motion_frame_count"] for w in windows} == {OVERLAP}
    before = [nodes[w]["inputs"].get("previous_frames") for w in windows]
    joins = of_class(nodes, "ImageBatch")
    first = nodes[joins[0]]["inputs"]["image1"]
    assert before == [None, first, [joins[0], 0]]
    assert nodes["301"]["inputs"]["image"] == [joins[1], 0]
    assert nodes[joins[1]]["inputs"]["image1"] == [joins[0], 0]
    for window, join in zip(windows[1:], joins, strict=True):
        new = nodes[nodes[join]["inputs"]["image2"][0]]["inputs"]
        assert new["batch_index"] == [window, 4]  # what is seen of the window before is dropped
    held = WINDOW + (len(windows) - 1) * (WINDOW - OVERLAP)
    assert nodes["301"]["inputs"]["length"] == held >= NATIVE.safe_seconds * FPS
    assert nodes["306"]["inputs"]["value"] == FPS and nodes["323"]["inputs"]["fps"] == ["306", 0]


def test_each_window_has_its_own_noise() -> None:
    nodes = sent({}, seed=7)
    assert [nodes[n]["inputs"]["noise_seed"] for n in of_class(nodes, "RandomNoise")] == [7, 8, 9]

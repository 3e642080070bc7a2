"""The CPURemoveText node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as PILImage

from comfy.engine.nodes.image import NODES
from tests.engine.pictures import scene, write


class QuietRun:
    """A Run nobody watches."""

    input_folder = output_folder = temp_folder = Path(".")
    prompt_id, node_id = "p", "1"

    def progress(self, value: int, maximum: int, preview: PILImage.Image | None = None) -> None:
        assert 0 <= value <= maximum

    def check(self) -> None:
        pass


def test_the_node_cleans_a_batch_and_says_what_it_did() -> None:
    subtitled = write(scene(), "The story begins here", (0.5, 0.9), 26)
    batch = np.stack([subtitled, scene()])
    result = NODES[0].run(QuietRun(), image=batch, instruction="去除字幕，放大图片")
    (cleaned,) = result.outputs
    assert (cleaned.shape, cleaned.dtype) == (batch.shape, np.dtype(np.uint8))
    assert np.array_equal(cleaned[1], scene())
    assert not np.array_equal(cleaned[0], subtitled)
    assert result.ui == {"text": ["removed:subtitle:1:The story begins here", "not_done:放大图片"]}


def test_the_node_says_when_there_was_nothing() -> None:
    result = NODES[0].run(QuietRun(), image=scene()[None], instruction="")
    assert np.array_equal(result.outputs[0], scene()[None])
    assert result.ui == {"text": ["nothing_found"]}


def test_a_painted_mask_of_any_size_decides_what_goes() -> None:
    subtitled = write(scene(), "The story begins here", (0.5, 0.9), 26)
    mask = np.zeros((1, 36, 64), np.float32)
    mask[0, 3:8, 5:12] = 1
    result = NODES[0].run(QuietRun(), image=subtitled[None], instruction="", mask=mask)
    (cleaned,) = result.outputs
    changed = (cleaned[0] != subtitled).any(axis=2)
    assert changed[34:76, 54:116].mean() > 0.9
    changed[26:84, 46:124] = False  # where the mask's soft edge may reach
    assert not changed.any()
    assert result.ui == {"text": ["removed:area:1:"]}


def test_the_empty_mask_of_an_opaque_picture_changes_nothing() -> None:
    empty = np.zeros((1, 64, 64), np.float32)
    subtitled = write(scene(), "The story begins here", (0.5, 0.9), 26)
    result = NODES[0].run(QuietRun(), image=subtitled[None], instruction="", mask=empty)
    assert result.ui == {"text": ["removed:subtitle:1:The story begins here"]}

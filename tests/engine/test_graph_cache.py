"""The cache: what counts as the same, and what is forgotten first."""

from __future__ import annotations

from typing import Any

import numpy as np

from comfy.engine.cache import OVERHEAD, Cache, cache_keys
from comfy.engine.node import Audio, Result
from comfy.engine.nodes import load_nodes

NODES = load_nodes()


def image(side: int) -> Result:
    return Result((np.zeros((1, side, side, 3), np.uint8),))


def keys(prompt: dict[str, Any]) -> list[str]:
    return list(cache_keys(prompt, list(prompt), NODES, run=None).values())  # type: ignore[arg-type]  # no fingerprints here


def prompt(width: int = 8, first: str = "1") -> dict[str, Any]:
    inputs = {"width": width, "height": 8, "batch_size": 1, "color": 0}
    return {
        first: {"class_type": "EmptyImage", "inputs": inputs},
        "2": {"class_type": "ImageInvert", "inputs": {"image": [first, 0]}},
    }


def test_node_ids_and_the_order_of_inputs_do_not_matter() -> None:
    swapped = prompt(first="77")
    swapped["77"]["inputs"] = dict(reversed(swapped["77"]["inputs"].items()))
    assert keys(prompt()) == keys(swapped)


def test_a_changed_input_changes_all_that_depends_on_it() -> None:
    assert set(keys(prompt(8))).isdisjoint(keys(prompt(9)))


def test_the_least_recently_used_result_goes_first() -> None:
    cache = Cache(limit=2 * (OVERHEAD + 10 * 10 * 3))
    for name in ("a", "b"):
        cache.put(name, image(10))
    assert cache.get("a") is not None
    cache.put("c", image(10))
    assert [cache.get(name) is not None for name in "abc"] == [True, False, True]


def test_a_result_over_the_limit_is_not_kept() -> None:
    cache = Cache(limit=1000)
    cache.put("a", Result((Audio(np.zeros((1, 1000), np.float32), 8000),)))
    assert cache.get("a") is None


def test_a_result_put_twice_counts_once() -> None:
    cache = Cache(limit=2 * (OVERHEAD + 300))
    for name in ("a", "a", "a", "b"):
        cache.put(name, image(10))
    assert cache.get("a") is not None
    cache.clear()
    assert cache.get("a") is None

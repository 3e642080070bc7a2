"""The workflow files that fill what somebody painted over, and change nothing else."""

from __future__ import annotations

import pytest

from comfy.workflow.discover import discover
from comfy.workflow.variant import Variant
from tests.workflow.test_workflow_files import FULL, TASKS, name_of, values_for

MASKED = [variant for variant in FULL if "mask" in variant.takes]


@pytest.mark.parametrize("variant", MASKED, ids=name_of)
def test_what_is_painted_over_is_filled_and_nothing_else_changes(variant: Variant) -> None:
    nodes = variant.prompt(values_for(variant), filename_prefix="x").nodes
    mask, picture = ["79", 0], ["78", 0]
    grey, result = nodes["82"]["inputs"], nodes["85"]["inputs"]
    assert (nodes["79"]["inputs"]["channel"], nodes["60"]["inputs"]["images"]) == ("red", ["85", 0])
    assert (grey["destination"], grey["mask"], nodes["93"]["inputs"]["image"]) == (
        *(picture, mask),
        ["82", 0],
    )
    assert (result["destination"], result["source"], result["mask"]) == (picture, ["8", 0], mask)
    assert nodes["3"]["inputs"]["latent_image"] == ["83", 0]
    sizes = [nodes[n]["inputs"] for n in ("93", "87")]  # picture and mask are scaled alike
    assert len({(size["megapixels"], size["resolution_steps"]) for size in sizes}) == 1
    assert nodes["76"]["inputs"]["prompt"].endswith("保持不变。你好")


@pytest.mark.parametrize("variant", MASKED, ids=name_of)
def test_the_place_of_a_mask_is_found_in_a_file_without_a_manifest(variant: Variant) -> None:
    found = discover(variant.nodes, "image", TASKS["image_cleanup"].inputs)
    assert found.problems == ()
    files = {b.input.name: b.node for b in found.bindings if b.input.kind in ("image", "mask")}
    assert files == {"image": "78", "mask": "79"}

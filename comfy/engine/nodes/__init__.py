"""All node classes of the engine, by class_type."""

from __future__ import annotations

from comfy.engine.node import Nodes
from comfy.engine.nodes import (
    basics,
    head,
    image,
    image_files,
    sound_files,
    speech,
    testing,
    video_files,
)

MODULES = (image_files, sound_files, video_files, basics, image, speech, head)


def load_nodes(with_faults: bool = False) -> Nodes:
    """Collect the registry; the test nodes are there only where faults are on."""
    modules = [*MODULES, testing] if with_faults else MODULES
    return {node.class_type: node for module in modules for node in module.NODES}

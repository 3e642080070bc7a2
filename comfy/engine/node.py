"""What a node of the preview engine is: a typed function that /object_info can describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image as PILImage

ImageBatch = npt.NDArray[np.uint8]
"""IMAGE: shape [batch, height, width, 3], RGB. ComfyUI uses float 0..1; bytes keep pixels exact."""


class Audio(NamedTuple):
    """AUDIO: `waveform` is float32 in -1..1, shape [channels, samples]; `sample_rate` in Hz."""

    waveform: npt.NDArray[np.float32]
    sample_rate: int


class Video(NamedTuple):
    """VIDEO: an encoded file in the engine's temp folder."""

    path: Path


class NodeError(Exception):
    """A node cannot do what it was asked; the text is the `exception_message` of the protocol.

    `code` is stable and lower_snake_case, e.g. "no_face": clients map it to a sentence. On the
    wire the message is "<code>: <text>".
    """

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(f"{code}: {text}")


class Interrupted(BaseException):
    """Raised inside a node when its prompt was interrupted; nodes never catch it."""


class Run(Protocol):
    """What a running node may use of its surroundings."""

    input_folder: Path
    output_folder: Path
    temp_folder: Path
    prompt_id: str
    node_id: str

    def progress(self, value: int, maximum: int, preview: PILImage.Image | None = None) -> None:
        """Report a step and, now and then, a small picture. Raises Interrupted."""

    def check(self) -> None:
        """Raise Interrupted if the prompt was interrupted. Cheap: call it in every loop."""


@dataclass(frozen=True)
class Input:
    """One input as /object_info describes it: [type, {options}].

    `type` is a ComfyUI type name ("IMAGE", "AUDIO", "VIDEO", "STRING", "INT", "FLOAT", "BOOLEAN")
    or "COMBO" with `options["options"]`. `required=False` inputs may be left out of a prompt.
    """

    type: str
    required: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a node returns: `outputs`, one per output slot, and `ui`, what /history shows of it.

    `ui` is e.g. {"images": [{"filename": ..., "subfolder": ..., "type": "output"}]}.
    """

    outputs: tuple[Any, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """A class_type of the engine. `run(run, **inputs)` does the work in the worker thread.

    Optional: `choices(input_folder)`, for COMBO inputs that list files; `fingerprint(run,
    **inputs)`, for nodes whose result depends on a file's content (ComfyUI's IS_CHANGED; linked
    inputs are None); `validate(folders, **constants)`, which gets a
    `comfy.engine.folders.Folders` and returns a sentence or "" (VALIDATE_INPUTS). The inputs that
    `validate` names are not checked against list, min and max.

    `needs` names the module with the node's heavy libraries: it is loaded before `run` is called,
    and the wait for it can be cancelled.

    `classic` describes the node the way ComfyUI describes its older ("V1") node classes;
    `output_names` default to the output types.
    """

    class_type: str
    display_name: str
    category: str
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]
    run: Callable[..., Result]
    output_node: bool = False
    description: str = ""
    choices: Mapping[str, Callable[[Path], list[str]]] = field(default_factory=dict)
    fingerprint: Callable[..., str] | None = None
    validate: Callable[..., str] | None = None
    output_names: tuple[str, ...] = ()
    python_module: str = "comfy.engine"
    hidden: tuple[str, ...] = ()
    classic: bool = False
    needs: str = ""


Nodes = Mapping[str, Node]
"""All node classes of an engine, by class_type."""

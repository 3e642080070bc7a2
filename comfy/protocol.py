"""ComfyUI's own words, as plain data. Unknown keys are ignored, missing ones have defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comfy.errors import ServerError

Nodes = dict[str, dict[str, Any]]  # a prompt: API-format graph, node id -> class_type and inputs
ObjectInfo = dict[str, dict[str, Any]]  # GET /object_info: class_type -> its description


@dataclass(frozen=True)
class FileRef:
    """A file on a ComfyUI server, named the way /upload and /view name it.

    `type` is the folder: "input", "output" or "temp".
    """

    filename: str
    subfolder: str = ""
    type: str = "output"

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> FileRef:
        """Read an entry of an output list, or the answer of POST /upload/image."""
        name = data.get("filename") or data.get("name")
        if not isinstance(name, str):
            raise ServerError("server_broken")
        return cls(name, str(data.get("subfolder") or ""), str(data.get("type") or "output"))

    @property
    def input_value(self) -> str:
        """What a LoadImage or LoadAudio node wants in its input.

        A file outside the input folder is annotated: "sub/name.png [output]".
        """
        path = f"{self.subfolder}/{self.filename}" if self.subfolder else self.filename
        return path if self.type == "input" else f"{path} [{self.type}]"


@dataclass(frozen=True)
class History:
    """One entry of /history: a prompt that ended, well or badly."""

    outputs: dict[str, dict[str, Any]]
    status_str: str
    messages: tuple[tuple[str, dict[str, Any]], ...] = ()

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> History:
        status, outputs = data.get("status"), data.get("outputs")
        status = status if isinstance(status, dict) else {}
        outputs = outputs if isinstance(outputs, dict) else {}
        listed = status.get("messages")
        messages = tuple(
            (str(item[0]), item[1] if isinstance(item[1], dict) else {})
            for item in (listed if isinstance(listed, list) else [])
            if isinstance(item, list) and len(item) == 2
        )
        outputs = {k: v for k, v in outputs.items() if isinstance(v, dict)}
        return cls(outputs, str(status.get("status_str") or "success"), messages)

    def message(self, name: str) -> dict[str, Any] | None:
        """The body of the first message of this type, e.g. "execution_error"."""
        return next((body for kind, body in self.messages if kind == name), None)

    @property
    def said(self) -> tuple[str, ...]:
        """What nodes tell in words, as PreviewAny and ours do: the lines under "text"."""
        texts = [output.get("text") for output in self.outputs.values()]
        return tuple(
            line
            for lines in texts
            if isinstance(lines, list)
            for line in lines
            if isinstance(line, str)
        )

    def files(self, node_id: str) -> list[FileRef]:
        """Files a node wrote, under whatever key it chose: images, gifs, audio, videos, ..."""
        lists = (value for value in self.outputs.get(node_id, {}).values())
        items = [item for value in lists if isinstance(value, list) for item in value]
        return [
            FileRef.from_wire(item)
            for item in items
            if isinstance(item, dict) and "filename" in item
        ]


@dataclass(frozen=True)
class Queue:
    """GET /queue: ids of the prompts that run and that wait, in the order they will run."""

    running: tuple[str, ...]
    pending: tuple[str, ...]

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> Queue:
        def items(key: str) -> list[list[Any]]:
            entries = data.get(key)
            if not isinstance(entries, list):
                raise ServerError("server_broken")
            return [e for e in entries if isinstance(e, list) and len(e) >= 2]

        # queue_pending arrives in heap order, not in run order
        try:
            pending = sorted(items("queue_pending"), key=lambda entry: float(entry[0]))
        except (TypeError, ValueError, OverflowError) as exc:
            raise ServerError("server_broken") from exc
        return cls(
            tuple(str(entry[1]) for entry in items("queue_running")),
            tuple(str(entry[1]) for entry in pending),
        )

    def __contains__(self, prompt_id: object) -> bool:
        return prompt_id in self.running or prompt_id in self.pending

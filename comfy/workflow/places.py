"""Where one input of a task belongs in a graph: found by class and wiring, not by node id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comfy.protocol import Nodes
from comfy.workflow import families
from comfy.workflow.inputs import AUTO, FILE_KINDS, Input
from comfy.workflow.prompt import Prompt, is_link
from comfy.workflow.transform import Transform

Place = tuple[str, str, Transform]  # node id, input, what happens to the value on its way

PLAIN = Transform()
LATE_SEEDS = Transform(modulo=2**32)
# IndexTTS2Run has no seed. It draws anew whenever an input differs, so a temperature that differs
# by a millionth makes "again" a new take; at most 0.81, so the style stays.
NEW_TAKE = Transform(modulo=10_000, scale=1e-6, offset=0.8)
# an optional recording or picture, by what the input that takes it is called
EXTRA_FILES = {"emotion_audio": "emo", "second_voice": "dialogue", "second_audio": "audio_2"}


def reachable(prompt: Prompt, output_node: str) -> Nodes:
    """The nodes that have a part in the result, in the file's order."""
    needed = prompt.upstream(output_node)
    return {node_id: node for node_id, node in prompt.nodes.items() if node_id in needed}


def places(item: Input, nodes: Nodes) -> list[Place]:
    """Every place of this input, among the nodes that reach the output; empty if none is known."""
    match item.kind:
        case kind if kind in FILE_KINDS:
            return [(node, name, PLAIN) for node, name in _files(item, nodes)]
        case "text" if item.required or not item.picks:
            return list(_spoken(nodes) if item.spoken else _described(nodes))
        case "seed":
            return list(_seeds(nodes))
        case "choice" if set(item.choices) <= families.EMOTIONS.keys():
            return list(_emotions(item, nodes))
        case "choice" if sizes := _sizes(item):
            return list(_scaled(sizes, nodes))
    return []


def loaders(nodes: Nodes, kind: str) -> dict[str, str]:
    """Nodes that load a file of this kind: id -> the input with its name."""
    found = {node_id: families.loader_input(node, kind) for node_id, node in nodes.items()}
    return {node_id: name for node_id, name in found.items() if name}


def fed_by(nodes: Nodes, source: str) -> list[tuple[str, str]]:
    """The places (node id, input) that a node is plugged into."""
    return [
        (node_id, name)
        for node_id, node in nodes.items()
        for name, value in node["inputs"].items()
        if is_link(value) and value[0] == source
    ]


def is_second(nodes: Nodes, loader: str) -> bool:
    """Whether a loader only feeds inputs that a node can do without."""
    fed = fed_by(nodes, loader)
    return bool(fed) and all(families.SECOND.search(name) for _, name in fed)


def _files(item: Input, nodes: Nodes) -> Iterator[tuple[str, str]]:
    mark = EXTRA_FILES.get(item.name)
    for loader, name in loaders(nodes, item.kind).items():
        fed = [other for _, other in fed_by(nodes, loader)]
        extra = next((m for m in EXTRA_FILES.values() if any(m in other for other in fed)), None)
        if mark == extra:
            yield loader, name


def _spoken(nodes: Nodes) -> Iterator[Place]:
    """Text inputs of nodes that also take a recording: those that speak."""
    sounds = loaders(nodes, "audio")
    for node_id, node in nodes.items():
        if any(is_link(v) and v[0] in sounds for v in node["inputs"].values()):
            for name in node["inputs"]:
                if families.SPOKEN_NAME.match(name):
                    yield node_id, name, PLAIN


def _described(nodes: Nodes) -> Iterator[Place]:
    """Text inputs behind every `positive` input, nearest first; else `positive_prompt` inputs."""
    found: dict[tuple[str, str], None] = {}
    for node in nodes.values():
        source = node["inputs"].get("positive") or node["inputs"].get("conditioning")
        if is_link(source):
            found |= dict.fromkeys(_texts_behind(source[0], nodes))
    for node_id, node in nodes.items():
        if "positive_prompt" in node["inputs"]:
            found[(node_id, "positive_prompt")] = None
    for node_id, name in found:
        weighs = nodes[node_id]["class_type"].startswith(families.WEIGHING)
        yield node_id, name, Transform(plain=weighs)


def _texts_behind(source: str, nodes: Nodes) -> list[tuple[str, str]]:
    """The text inputs nearest to a node, not going through what is negative."""
    seen, level = {source}, [source]
    while level:
        hits = [(n, k) for n in level for k in families.TEXT_NAMES if k in nodes[n]["inputs"]]
        if hits:
            return hits
        links = (
            value[0]
            for node_id in level
            for name, value in nodes[node_id]["inputs"].items()
            if is_link(value) and not families.NEGATIVE.search(name)
        )
        level = [n for n in dict.fromkeys(links) if n not in seen]
        seen.update(level)
    return []


def _seeds(nodes: Nodes) -> Iterator[Place]:
    for node_id, node in nodes.items():
        for name in families.SEEDS:
            if name in node["inputs"]:
                wide = node["class_type"] in families.WIDE_SEEDS
                yield node_id, name, PLAIN if wide else LATE_SEEDS
        if node["class_type"] == "IndexTTS2Run" and "temperature" in node["inputs"]:
            yield node_id, "temperature", NEW_TAKE


def _emotions(item: Input, nodes: Nodes) -> Iterator[Place]:
    table = {name: families.EMOTIONS[name] for name in item.choices}
    for node_id, node in nodes.items():
        if node["class_type"] == "IndexTTS2Run" and "emo_vector" in node["inputs"]:
            strength = families.EMOTION_STRENGTH
            yield node_id, "emo_vector", Transform(map=table, times=strength, format="{value}")


def _sizes(item: Input) -> dict[str, tuple[int, int]]:
    """The "WxH" choices as numbers; empty if one of them is something else."""
    found = {}
    for choice in item.choices:
        width, _, height = choice.partition("x")
        if width.isdecimal() and height.isdecimal():
            found[choice] = (int(width), int(height))
        elif choice != AUTO:
            return {}
    return found


def _scaled(sizes: dict[str, tuple[int, int]], nodes: Nodes) -> Iterator[Place]:
    """Width and height where pictures are scaled, and wherever the same number is plugged in."""
    scalers = [n for n, node in nodes.items() if node["class_type"] in families.SCALERS]
    for side, (name, other) in enumerate((("width", "height"), ("height", "width"))):
        table = Transform(map={choice: size[side] for choice, size in sizes.items()})
        for place in _plugged_alike(scalers, name, nodes):
            if other not in place[1]:  # one number may feed both
                yield *place, table
    for node_id, node in nodes.items():
        if node["class_type"] == families.ASPECT_SCALER:
            length = _length(node, sizes)
            if length and "scale_to_length" in node["inputs"]:
                yield node_id, "scale_to_length", Transform(map=length)


def _plugged_alike(scalers: list[str], name: str, nodes: Nodes) -> list[tuple[str, str]]:
    """This input of the scalers, and every other input that has the same link."""
    found: dict[tuple[str, str], None] = {}
    links: set[tuple[str, int]] = set()
    for scaler in scalers:
        value = nodes[scaler]["inputs"].get(name)
        if is_link(value):
            links.add((value[0], value[1]))
        elif value is not None:
            found[(scaler, name)] = None
    for node_id, node in nodes.items():
        for key, value in node["inputs"].items():
            if is_link(value) and (value[0], value[1]) in links:
                found[(node_id, key)] = None
    return list(found)


def _length(node: dict[str, Any], sizes: dict[str, tuple[int, int]]) -> dict[str, int]:
    """What this node calls length: it keeps the picture's shape and scales one side."""
    match node["inputs"].get("scale_to_side"):
        case "longest":
            return {choice: max(size) for choice, size in sizes.items()}
        case "shortest":
            return {choice: min(size) for choice, size in sizes.items()}
        case "width" | "height" as side:
            number = ("width", "height").index(side)
            return {choice: size[number] for choice, size in sizes.items()}
    return {}

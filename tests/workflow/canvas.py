"""Small UI-format canvases for tests: nodes and links in few words."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def node(node_id: object, class_type: str, *inputs: tuple[Any, ...], **more: Any) -> Json:
    """`inputs` are (name, type, link) or (name, type, link, "widget"); `more` goes in as it is."""
    slots: list[Json] = []
    for name, kind, link, *widget in inputs:
        marked = {"widget": {"name": name}} if widget else {}
        slots.append({"name": name, "type": kind, "link": link, **marked})
    outputs = [{"name": kind, "type": kind} for kind in more.pop("out", ())]
    return {"id": node_id, "type": class_type, "inputs": slots, "outputs": outputs, **more}


def canvas(nodes: list[Json], links: list[Any], *subgraphs: Json) -> Json:
    return {"nodes": nodes, "links": links, "definitions": {"subgraphs": list(subgraphs)}}


def subgraph(
    name: str, nodes: list[Json], links: list[list[Any]], *, inputs: Any = (), outputs: Any = ()
) -> Json:
    """A definition; its edges are the nodes -10 (inputs) and -20 (outputs)."""
    return {
        "id": name,
        "nodes": nodes,
        "links": links,
        "inputs": [{"name": item, "type": "INT"} for item in inputs],
        "outputs": [{"name": item, "type": "INT"} for item in outputs],
    }


NUMBER = {"input": {"required": {"value": ["INT", {"default": 1}]}}, "display_name": "A number"}
SINK = {"input": {"required": {"any": ["*", {}]}, "optional": {"note": ["STRING", {}]}}}
SEEDED = {"input": {"required": {"seed": ["INT", {}], "text": ["STRING", {"multiline": True}]}}}
INFO: Json = {"Number": NUMBER, "Sink": SINK, "Seeded": SEEDED}

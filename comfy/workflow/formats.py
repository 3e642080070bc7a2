"""Any workflow file as a graph in API format: one that is, or one in the front end's own format."""

from __future__ import annotations

from pathlib import Path

from comfy.protocol import Nodes, ObjectInfo
from comfy.workflow.convert import is_ui_format, to_api
from comfy.workflow.problem import Problem
from comfy.workflow.read import checked_nodes, read_file


def read_graph(path: Path, object_info: ObjectInfo) -> tuple[Nodes, tuple[Problem, ...]]:
    """The graph, and what is to be said of its conversion. Raises WorkflowError.

    A node whose class `object_info` does not have loses its values: see `lost`.
    """
    data = read_file(path)
    if not is_ui_format(data):
        return checked_nodes(data), ()
    converted = to_api(data, object_info)
    return checked_nodes(converted.nodes), converted.remarks


def lost(remarks: tuple[Problem, ...], nodes: Nodes) -> list[Problem]:
    """A problem if a node with a part in the result could not be converted for want of facts."""
    unknown = sorted(
        nodes[problem.details["node"]]["class_type"]
        for problem in remarks
        if problem.code == "ui_node_unknown" and problem.details["node"] in nodes
    )
    return [Problem("graph_ui_format", {"nodes": unknown})] if unknown else []

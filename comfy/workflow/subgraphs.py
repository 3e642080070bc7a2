"""Subgraphs unfolded: every node of a canvas with the id that the server is to know it by.

A node inside a subgraph is called "57:30" (node 30 in the instance 57), nested "65:35:19". A
subgraph shows some of its inner widgets at its instance ("promoted"): there each instance has
values of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from comfy.errors import WorkflowError
from comfy.workflow.problem import Problem
from comfy.workflow.ui_graph import BYPASSED, MAX_NODES, MUTED, Graph, UiNode, UiWorkflow

MAX_NESTING = 20  # also what ends a subgraph that contains itself


@dataclass(frozen=True, eq=False)
class Scope:
    """One canvas as it is used: the root, or a subgraph in the place of its instance `host`."""

    graph: Graph
    path: str = ""  # what the ids of its nodes begin with: "", "57:", "65:35:"
    host: UiNode | None = None
    parent: Scope | None = None


@dataclass(frozen=True)
class Place:
    """A node where it is used, and its id in the prompt."""

    scope: Scope
    node: UiNode

    @property
    def id(self) -> str:
        return self.scope.path + self.node.id

    @property
    def where(self) -> dict[str, str]:
        """How a remark names it."""
        return {"node": self.id, "class_type": self.node.type}


@dataclass(frozen=True)
class Unfolded:
    """All nodes that are no subgraphs, in the file's order; the scopes by their path."""

    places: tuple[Place, ...]
    scopes: Mapping[str, Scope]
    problems: tuple[Problem, ...]


class _Unfolding:
    def __init__(self, subgraphs: Mapping[str, Graph]) -> None:
        self.subgraphs = subgraphs
        self.scopes: dict[str, Scope] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def nodes(self, scope: Scope, depth: int = 0) -> Iterator[Place]:
        self.scopes[scope.path] = scope
        for node in scope.graph.nodes.values():
            self.count += 1
            if self.count > MAX_NODES:
                raise WorkflowError("ui_too_large", limit=MAX_NODES)
            place = Place(scope, node)
            graph = self.subgraphs.get(node.type)
            if graph is None:
                yield place
            elif depth >= MAX_NESTING:
                self.problems.append(Problem("ui_subgraph_endless", {"node": place.id}))
            elif node.mode not in (MUTED, BYPASSED):
                yield from self.nodes(Scope(graph, f"{place.id}:", node, scope), depth + 1)


def unfold(workflow: UiWorkflow) -> Unfolded:
    """Put every subgraph's nodes in the place of its instances.

    A muted or bypassed instance is left out whole, as front end 1.58 does; 1.35 sets the modes
    of the inner nodes too, so that its files come to the same. Raises WorkflowError ui_too_large.
    """
    unfolding = _Unfolding(workflow.subgraphs)
    places = tuple(unfolding.nodes(Scope(workflow.root)))
    return Unfolded(places, unfolding.scopes, tuple(unfolding.problems))

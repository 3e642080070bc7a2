"""How far a prompt is, from what the server reports of its nodes and their steps."""

from __future__ import annotations

from comfy.protocol import Nodes

WORK = 8.0  # a node that reports steps does the work; the others load, save and convert


class Progress:
    """Nodes that are done, plus the steps of the one that runs. Never goes back.

    A prompt is taken to have at least one working node, so that the loaders before it do not
    fill half of the bar.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._left = dict.fromkeys(nodes, 0.0)  # node id -> 0..1
        self._working: set[str] = set()
        self._current = ""
        self._shown = 0.0

    @property
    def fraction(self) -> float:
        """0..1, kept below 1: the result is not fetched yet."""
        weights = {n: WORK if n in self._working else 1.0 for n in self._left}
        total = sum(weights.values()) + (0.0 if self._working else WORK - 1.0)
        done = sum(weights[n] * part for n, part in self._left.items())
        self._shown = max(self._shown, min(done / max(total, 1.0), 0.99))
        return self._shown

    def cached(self, node_ids: tuple[str, ...]) -> None:
        """These nodes will not run."""
        self._left.update((n, 1.0) for n in node_ids if n in self._left)

    def executing(self, node_id: str) -> None:
        """This node starts; the one before it is done."""
        if self._current in self._left:
            self._left[self._current] = 1.0
        self._current = node_id

    def step(self, node_id: str, value: float, maximum: float) -> None:
        """A node says how far it is."""
        if node_id in self._left and maximum > 0:
            self._working.add(node_id)
            self._left[node_id] = min(max(value / maximum, 0.0), 1.0)

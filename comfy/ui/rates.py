"""How often somebody may do something: token buckets, in memory, of a bounded number."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 20_000


class Rate:
    """`count` at once, refilled evenly over `seconds`, for each key."""

    def __init__(
        self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._refill = count / seconds
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> left, when

    def allows(self, key: str) -> bool:
        """Whether one more is all right now; it is counted."""
        left = self._room(key)
        self._left[key] = (left - 1 if left >= 1 else left, self._clock())
        self._left.move_to_end(key)
        if len(self._left) > MOST_BUCKETS:
            self._left.popitem(last=False)
        return left >= 1

    def has_room(self, key: str) -> bool:
        """Whether one more would be all right."""
        return self._room(key) >= 1

    def _room(self, key: str) -> float:
        left, then = self._left.get(key, (float(self._count), self._clock()))
        return min(self._count, left + (self._clock() - then) * self._refill)

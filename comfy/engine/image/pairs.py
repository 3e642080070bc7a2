"""Pieces of work done two at a time: NumPy and OpenCV let another thread run meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

_AT_ONCE = 2
_LOOK = 0.1  # seconds between two looks whether to stop

T = TypeVar("T")
R = TypeVar("R")


def in_pairs(work: Callable[[T], R], pieces: Iterable[T], check: Callable[[], None]) -> Iterator[R]:
    """What `work` makes of each piece, in their order; no more than three results wait at once.

    `check` is called in this thread, now and then; it may raise to stop. Nothing of it runs on
    after the last result, an error of `work` or of `check`.
    """
    begun: deque[Future[R]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, "pairs") as threads:
        try:
            for piece in pieces:
                begun.append(threads.submit(work, piece))
                if len(begun) > _AT_ONCE:
                    yield _result(begun.popleft(), check)
            while begun:
                yield _result(begun.popleft(), check)
        finally:
            for future in begun:
                future.cancel()


def _result(future: Future[R], check: Callable[[], None]) -> R:
    check()
    while not wait([future], _LOOK).done:
        check()
    return future.result()

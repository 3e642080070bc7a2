"""Work on a picture that is done two pieces at a time."""

from __future__ import annotations

import threading
import time

import pytest

from comfy.engine.image.pairs import in_pairs


class Stopped(Exception):
    pass


def test_two_pieces_at_a_time_and_the_results_in_order() -> None:
    together = threading.Barrier(2, timeout=10)

    def work(piece: int) -> int:
        together.wait()  # a piece alone would wait in vain
        return piece * 10

    assert list(in_pairs(work, range(6), lambda: None)) == [0, 10, 20, 30, 40, 50]


def test_few_results_wait_at_once() -> None:
    begun: list[int] = []
    results = iter(in_pairs(begun.append, range(100), lambda: None))
    next(results)
    time.sleep(0.05)
    assert len(begun) <= 3
    results.close()
    assert len(begun) <= 3


def test_an_error_of_the_work_arrives() -> None:
    def work(piece: int) -> int:
        if piece == 2:
            raise ValueError("two")
        return piece

    seen: list[int] = []
    with pytest.raises(ValueError, match="two"):
        seen.extend(in_pairs(work, range(100), lambda: None))


def test_stopping_does_not_wait_for_the_pieces_to_come() -> None:
    done: list[int] = []
    caller = threading.get_ident()

    def work(piece: int) -> None:
        time.sleep(0.02)
        done.append(piece)

    def check() -> None:
        assert threading.get_ident() == caller
        if done:
            raise Stopped

    with pytest.raises(Stopped):
        list(in_pairs(work, range(1000), check))
    finished = len(done)
    assert finished < 10
    time.sleep(0.06)
    assert len(done) == finished, "something ran on"

"""A few chains while everything dies; more of them: `python -m tests.faults.chaos --chains 300`."""

from pathlib import Path

from tests.faults.chaos import run


def test_chains_survive_whatever_dies(tmp_path: Path) -> None:
    chaos = run(tmp_path, chains=10, seed=2, limit=60)
    assert not chaos.failed, chaos.counts

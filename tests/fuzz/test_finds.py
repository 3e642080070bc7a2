"""What the fuzzer found once is tried for ever, and a few hundred fresh mutations with it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import ROOT, TARGETS, seeds

FINDS = ROOT / "tests" / "data" / "fuzz"
MUTATIONS = 150  # of each target; the long version is the command

pytestmark = [  # what Pillow and FFmpeg remark about a broken file
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]


@pytest.mark.parametrize(
    "find", sorted(FINDS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name[:14]}"
)
def test_a_find_does_not_come_back(find: Path) -> None:
    TARGETS[find.parent.name](find.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_files_end_in_a_sentence(target: str) -> None:
    dice = random.Random(7)
    known = list(seeds(target))
    for _ in range(MUTATIONS):
        TARGETS[target](mutated(dice.choice(known), dice))


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, a piece repeated, or the end cut off."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(1, len(changed))] = dice.randrange(256)
    if dice.random() < 0.2:
        del changed[dice.randrange(1, len(changed)) :]
    if dice.random() < 0.2:
        start = dice.randrange(len(changed))
        changed[start:start] = changed[start : start + dice.randint(1, 64)]
    return bytes(changed)


def test_the_command_runs() -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "tests.fuzz", "protocol", "--seconds", "1"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr[-2000:]
    assert "stat::number_of_executed_units" in told.stderr

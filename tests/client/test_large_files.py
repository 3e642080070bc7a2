"""Large files are streamed: the short version of tests/bench/large_files.py, in its own process."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LIMIT = 64  # MB; a file of 200 that was held in memory would be seen


def test_large_files_never_stand_in_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.large_files", "--folder", str(tmp_path)]
    command += ["--download", "200", "--upload", "200"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    grown = [float(number) for number in re.findall(r"memory \+([\d.]+) MB", said)]
    assert len(grown) == 3
    assert max(grown) < LIMIT

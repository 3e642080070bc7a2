"""`python -m tests.bench.verdicts [--held]`: are planted faults found, good results left alone?

Fifty results of the preview engine, and of a perfect model, have nothing wrong with them; into
some of them one fault at a time is put, in several strengths. It prints what was found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import verdict_pictures, verdict_sounds, verdict_videos
from tests.bench.verdict_case import Case

GOAL = 0.9  # of the planted faults


def main() -> int:
    """Print the table; 1 if too few were found, or something was found in a good result."""
    parser = argparse.ArgumentParser(prog="tests.bench.verdicts", description=__doc__)
    parser.add_argument("--held", action="store_true", help="voices, words and pictures not tuned")
    held: bool = parser.parse_args().held
    cases: list[Case] = []
    with TemporaryDirectory() as name:
        for case in _cases(held, Path(name)):
            cases.append(case)
            wrong = case.code not in case.codes if case.code else case.codes
            if wrong:
                print(f"{case.kind} {case.code or 'good'} ({case.how}): {case.found}", flush=True)
    planted = [case for case in cases if case.code]
    good = [case for case in cases if not case.code]
    print("| result | fault | planted | found | missed | said of good ones |")
    print("|---|---|---|---|---|---|")
    for kind, code in dict.fromkeys((case.kind, case.code) for case in planted):
        mine = [case for case in planted if (case.kind, case.code) == (kind, code)]
        hits = sum(case.code in case.codes for case in mine)
        false = sum(code in case.codes for case in good if case.kind == kind)
        print(f"| {kind} | `{code}` | {len(mine)} | {hits} | {len(mine) - hits} | {false} |")
    hits = sum(case.code in case.codes for case in planted)
    alarms = sum(bool(case.codes) for case in good)
    print(f"{hits} of {len(planted)} found; {alarms} false alarms on {len(good)} good results")
    return int(hits < GOAL * len(planted) or alarms > 0)


def _cases(held: bool, folder: Path) -> Iterator[Case]:
    speeches = verdict_sounds.speeches(held, folder)
    yield from verdict_videos.cases(speeches, folder)
    yield from verdict_sounds.cases(speeches, folder)
    yield from verdict_pictures.cases(held, folder)


if __name__ == "__main__":
    sys.exit(main())
